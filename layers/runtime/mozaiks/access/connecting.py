"""From the query string of a socket to a principal and the chat it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mozaiks.access.principal import Principal, checked_id
from mozaiks.errors import MozaiksError

__all__ = ["ConnectRequest", "connect_request"]


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    principal: Principal
    chat_id: str
    last_seq: int
    batch: bool = False


def connect_request(query: Mapping[str, str], *, checks_tokens: bool) -> ConnectRequest:
    """Who connects, to which chat, and what it has seen.

    Raises
    ------
    MozaiksError
        ``VALIDATION`` for ids and numbers of another shape; ``NOT_BUILT`` where tokens are to be checked.
    """
    if checks_tokens:
        raise MozaiksError("NOT_BUILT", "token checks are not built yet; set AUTH_ENABLED=false on your own machine")
    principal = Principal(checked_id("app_id", query.get("app_id")), checked_id("user_id", query.get("user_id")))
    last_seq = query.get("last_seq", "0")
    if not (last_seq.isascii() and last_seq.isdigit() and len(last_seq) <= 15):
        raise MozaiksError("VALIDATION", "last_seq is no whole number from 0", field="last_seq")
    batch = query.get("batch", "").lower() in ("1", "true")
    return ConnectRequest(principal, checked_id("chat_id", query.get("chat_id")), int(last_seq), batch)
