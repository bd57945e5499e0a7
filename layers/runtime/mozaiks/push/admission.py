"""The opening and closing of sockets. What is said over them is ``socket``'s: opening one needs little of that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mozaiks.access.connecting import ConnectRequest
from mozaiks.access.principal import Tenant
from mozaiks.push.connections import LIFETIME, Connection

__all__ = ["Admission", "ChatFinder", "Entries", "Greeter"]


class ChatFinder(Protocol):
    def get(self, tenant: Tenant, chat_id: str) -> object:
        """The tenant's chat; ``CHAT_NOT_FOUND`` if it is not there or another's."""
        ...


class Entries(Protocol):
    def add(self, connection: Connection) -> None: ...

    def remove(self, connection_id: str) -> None: ...


class Greeter(Protocol):
    def greet_later(self, connection_id: str, last_seq: int, batch: bool) -> None:
        """Have the connection greeted by another function, once it stands."""
        ...


@dataclass(frozen=True, slots=True)
class Admission:
    chats: ChatFinder
    connections: Entries
    greeter: Greeter
    clock: Callable[[], datetime]

    def connect(self, connection_id: str, request: ConnectRequest) -> None:
        """Store a connection to one of the principal's chats, and have it greeted.

        Nothing can be posted while ``$connect`` is being answered; so another function greets, and a client that only
        listens is told everything too.

        Raises
        ------
        MozaiksError
            ``CHAT_NOT_FOUND`` if the chat is not there or another's.
        """
        self.chats.get(request.principal.tenant, request.chat_id)
        now = self.clock()
        self.connections.add(
            Connection(
                connection_id=connection_id,
                app_id=request.principal.app_id,
                user_id=request.principal.user_id,
                chat_id=request.chat_id,
                scopes=request.principal.scopes,
                connected_at=now,
                expires_at=now + LIFETIME,
                token_expires_at=request.principal.token_expires_at,
            )
        )
        self.greeter.greet_later(connection_id, request.last_seq, request.batch)

    def disconnect(self, connection_id: str) -> None:
        self.connections.remove(connection_id)
