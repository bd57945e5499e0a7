"""A connection as data, and what the sender needs of the outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from mozaiks.access.principal import Principal, Tenant

__all__ = [
    "LIFETIME",
    "MOST_FOLLOWED",
    "Busy",
    "Connection",
    "Connections",
    "DraftWriter",
    "Gateway",
    "Gone",
    "TooLarge",
]

LIFETIME: Final = timedelta(hours=2, minutes=10)
"""API Gateway ends a connection after two hours; ten minutes are for clocks that differ."""
MOST_FOLLOWED: Final = 64
"""Chats a connection follows beside its own; of more, the newest. It asks for another with ``client.hello``."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One open socket. It belongs to a chat, and may follow other chats of the same user.

    Attributes
    ----------
    chat_id
        The chat it was opened for.
    follows
        The others it hears of, the newest last; at most ``MOST_FOLLOWED``.
    """

    connection_id: str
    app_id: str
    user_id: str
    chat_id: str
    scopes: frozenset[str]
    connected_at: datetime
    expires_at: datetime
    token_expires_at: datetime | None = None
    follows: tuple[str, ...] = ()

    def hears(self, chat_id: str) -> bool:
        """Whether the events of this chat come to it, and its frames may name the chat."""
        return chat_id == self.chat_id or chat_id in self.follows

    @property
    def principal(self) -> Principal:
        return Principal(self.app_id, self.user_id, self.scopes, self.token_expires_at)

    def token_expired(self, now: datetime) -> bool:
        """Whether the token the connection was opened with holds no longer."""
        return self.token_expires_at is not None and self.token_expires_at <= now


class Gone(Exception):
    """The gateway knows no such connection: not yet, or no longer."""


class Busy(Exception):
    """The gateway or the client behind it takes no more just now."""


class TooLarge(Exception):
    """The frame is over the gateway's limit."""


class Gateway(Protocol):
    def post(self, connection_id: str, frame: bytes) -> None:
        """Send one frame. Raises ``Gone``, ``Busy``, ``TooLarge``, or ``OSError`` where the gateway is not reached."""
        ...

    def close(self, connection_id: str) -> None:
        """Close the socket, with 1008 where the gateway can say a code. Raises as ``post`` does."""
        ...


class Connections(Protocol):
    def of_chat(self, tenant: Tenant, chat_id: str, now: datetime) -> Sequence[Connection]: ...

    def remove(self, connection_id: str) -> None: ...


class DraftWriter(Protocol):
    def write(self, tenant: Tenant, chat_id: str, message_id: str, agent: str, content: str, now: datetime) -> None: ...

    def clear(self, tenant: Tenant, chat_id: str) -> None: ...
