"""Where a token stands in a request: the header, the query of a socket, or its subprotocols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mozaiks.errors import MozaiksError

__all__ = ["SUBPROTOCOL", "offers_subprotocol", "token_of_header", "token_of_socket"]

SUBPROTOCOL: Final = "bearer"
"""What a browser offers beside the token, and what the answer must choose: the token itself is never sent back."""


def token_of_header(value: str | None) -> str | None:
    """The token of an ``Authorization`` header; ``None`` where there is no such header.

    Raises
    ------
    MozaiksError
        ``UNAUTHENTICATED`` for another scheme, or none.
    """
    if value is None:
        return None
    scheme, _, token = value.strip().partition(" ")
    token = token.strip()
    if scheme.casefold() != SUBPROTOCOL or not token or " " in token:
        raise MozaiksError("UNAUTHENTICATED", "the Authorization header cannot be used; expected `Bearer` and a token")
    return token


def token_of_socket(headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
    """The token of a connection: of its ``Authorization``, its ``access_token``, or its subprotocols, in this order.

    Parameters
    ----------
    headers
        In any spelling.
    query
        Of the address.

    Raises
    ------
    MozaiksError
        ``UNAUTHENTICATED`` for an ``Authorization`` of another scheme.
    """
    from_header = token_of_header(_header(headers, "authorization"))
    if from_header is not None:
        return from_header
    if query.get("access_token"):
        return query["access_token"]
    offered = _subprotocols(headers)
    return offered[1] if len(offered) == 2 and offered[0] == SUBPROTOCOL and offered[1] else None


def offers_subprotocol(headers: Mapping[str, str]) -> bool:
    """Whether the client offers ``bearer``, and so closes the socket unless the answer chooses it."""
    return SUBPROTOCOL in _subprotocols(headers)


def _subprotocols(headers: Mapping[str, str]) -> list[str]:
    return [each.strip() for each in (_header(headers, "sec-websocket-protocol") or "").split(",")]


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name), None)
