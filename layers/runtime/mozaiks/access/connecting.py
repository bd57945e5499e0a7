"""From the request for a socket to a principal and the chat it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from mozaiks.access.bearer import token_of_socket
from mozaiks.access.principal import NOBODY, Principal, checked_id
from mozaiks.errors import MozaiksError

__all__ = ["ConnectRequest", "Tokens", "connect_request"]


class Tokens(Protocol):
    def principal(self, token: str) -> Principal:
        """Whose token it is. ``UNAUTHENTICATED``, ``TOKEN_EXPIRED`` or ``KEYS_UNAVAILABLE``."""
        ...


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    principal: Principal
    chat_id: str
    last_seq: int
    batch: bool = False


def connect_request(headers: Mapping[str, str], query: Mapping[str, str], tokens: Tokens | None) -> ConnectRequest:
    """Who connects, to which chat, and what it has seen.

    Parameters
    ----------
    headers, query
        Of the request.
    tokens
        Checks tokens; ``None`` where the query's word is taken, on a developer's machine.

    Raises
    ------
    MozaiksError
        ``UNAUTHENTICATED``, ``TOKEN_EXPIRED`` or ``FORBIDDEN`` for the token, before anything else is looked at;
        ``VALIDATION`` for ids and numbers of another shape.
    """
    caller = _caller(headers, query, tokens)
    claimed = Principal(checked_id("app_id", query.get("app_id")), checked_id("user_id", query.get("user_id")))
    last_seq = query.get("last_seq", "0")
    if not (last_seq.isascii() and last_seq.isdigit() and len(last_seq) <= 15):
        raise MozaiksError("VALIDATION", "last_seq is no whole number from 0", field="last_seq")
    chat_id = checked_id("chat_id", query.get("chat_id"))
    principal = claimed if caller is None else caller if caller.tenant == claimed.tenant else NOBODY
    batch = query.get("batch", "").lower() in ("1", "true")
    return ConnectRequest(principal, chat_id, int(last_seq), batch)


def _caller(headers: Mapping[str, str], query: Mapping[str, str], tokens: Tokens | None) -> Principal | None:
    if tokens is None:
        return None
    token = token_of_socket(headers, query)
    if token is None:
        raise MozaiksError("UNAUTHENTICATED", "there is no token; expected one in the Authorization header")
    caller = tokens.principal(token)
    caller.require("chat")
    return caller
