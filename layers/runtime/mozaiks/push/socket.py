"""The use cases of a socket: connect, greet, take a frame, disconnect."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from mozaiks.access.connecting import ConnectRequest
from mozaiks.chats.commands import (
    AnyCommand,
    Approval,
    Cancel,
    ComponentAction,
    Hello,
    Ping,
    SubmitInput,
    UiToolResponse,
    parse_frame,
)
from mozaiks.chats.events import envelope, error_frame
from mozaiks.chats.service import ChatService
from mozaiks.chats.states import ChatStatus
from mozaiks.errors import MozaiksError
from mozaiks.push.batches import batched
from mozaiks.push.connections import LIFETIME, Connection, Gateway
from mozaiks.push.delivery import deliver, dismiss, encode

__all__ = ["ConnectionBook", "Greeter", "SocketService"]

log = logging.getLogger("mozaiks.push")

HELLO_PATIENCE_SECONDS: Final = 10.0
"""How long a greeting waits for a socket that is still being opened."""


class ConnectionBook(Protocol):
    def add(self, connection: Connection) -> None: ...

    def get(self, connection_id: str, now: datetime) -> Connection | None: ...

    def remove(self, connection_id: str) -> None: ...


class Greeter(Protocol):
    def greet_later(self, connection_id: str, last_seq: int, batch: bool) -> None:
        """Have the connection greeted by another function, once it stands."""
        ...


@dataclass(frozen=True, slots=True)
class SocketService:
    chats: ChatService
    connections: ConnectionBook
    gateway: Gateway
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
        self.chats.get(request.principal, request.chat_id)
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

    def greet(self, connection_id: str, last_seq: int, batch: bool = False) -> None:
        """Tell a new connection what it missed, and start the run of a chat that begins with its agent."""
        connection = self.connections.get(connection_id, self.clock())
        if connection is not None:
            self._guarded(connection, lambda: self._hello(connection, last_seq, batch))

    def take(self, connection_id: str, body: str) -> None:
        """Carry out one frame. Whatever is wrong with it is answered; the socket stays open while its token holds."""
        connection = self.connections.get(connection_id, self.clock())
        if connection is None:
            # Forgotten or expired: nobody we could say anything about a chat to.
            log.info("A frame came from an unknown connection")
            return
        self._guarded(connection, lambda: self._carry_out(connection, body))

    def _carry_out(self, connection: Connection, body: str) -> None:
        command = parse_frame(body)
        try:
            self._dispatch(connection, command)
        except MozaiksError as error:
            error.details.update(command.reference)
            raise

    def _dispatch(self, connection: Connection, command: AnyCommand) -> None:
        if command.chat_id is not None and command.chat_id != connection.chat_id:
            raise MozaiksError("CHAT_NOT_FOUND", f"there is no chat {command.chat_id!r}")
        principal, chat_id = connection.principal, connection.chat_id
        match command:
            case Ping():
                self._post(connection, envelope("pong", chat_id, {}, at=self.clock()))
            case Hello():
                self._hello(connection, command.last_seq, command.batch)
            case SubmitInput():
                self.chats.submit(principal, chat_id, command)
            case UiToolResponse():
                self.chats.answer(principal, chat_id, command.event_id, command.response)
            case Approval():
                self.chats.approve(
                    principal, chat_id, command.event_id, approved=command.approved, reason=command.reason or ""
                )
            case ComponentAction():
                ack = self.chats.component_action(principal, chat_id, command)
                self._post(connection, envelope("component_action_ack", chat_id, ack, at=self.clock()))
            case Cancel():
                self.chats.cancel(principal, chat_id)

    def _hello(self, connection: Connection, last_seq: int, batch: bool) -> None:
        frames = self.chats.replay(connection.principal, connection.chat_id, last_seq)
        for frame in batched(frames, connection.chat_id, self.clock()) if batch else frames:
            if not self._post(connection, frame):
                return
        chat = self.chats.get(connection.principal, connection.chat_id)
        if chat.status is ChatStatus.CREATED and chat.greeting.startup_mode == "AgentDriven":
            self.chats.begin(connection.principal, connection.chat_id)

    def _guarded(self, connection: Connection, action: Callable[[], None]) -> None:
        """Carry out what a connection may ask for, and answer what is wrong with it."""
        if connection.token_expired(self.clock()):
            log.info("A frame was refused: TOKEN_EXPIRED")
            dismiss(self.gateway, connection, clock=self.clock, deadline=time.monotonic() + HELLO_PATIENCE_SECONDS)
            self.connections.remove(connection.connection_id)
            return
        try:
            action()
        except MozaiksError as error:
            log.info("A frame was refused: %s", error.code)
            self._post(
                connection,
                error_frame(
                    connection.chat_id,
                    code=error.code,
                    message=error.message,
                    retryable=error.retryable,
                    at=self.clock(),
                    details=error.details,
                ),
            )

    def _post(self, connection: Connection, frame: dict[str, Any]) -> bool:
        useful = deliver(
            self.gateway,
            connection,
            encode(frame),
            clock=self.clock,
            deadline=time.monotonic() + HELLO_PATIENCE_SECONDS,
        )
        if not useful:
            self.connections.remove(connection.connection_id)
        return useful
