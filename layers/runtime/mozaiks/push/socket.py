"""The use cases of an open socket: greet it, take a frame."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from mozaiks.access.principal import Tenant
from mozaiks.chats.commands import (
    AnyCommand,
    Approval,
    Cancel,
    ComponentAction,
    Hello,
    Ping,
    StartWorkflow,
    StartWorkflowBatch,
    SubmitInput,
    UiToolResponse,
    parse_frame,
)
from mozaiks.chats.events import PrereqBlocked, WorkflowStarted, envelope, error_frame
from mozaiks.chats.service import ChatService
from mozaiks.errors import MozaiksError
from mozaiks.push.batches import batched
from mozaiks.push.connections import Connection, Gateway
from mozaiks.push.delivery import deliver, dismiss, encode

if TYPE_CHECKING:
    from mozaiks.journeys.opening import Opening

__all__ = ["ConnectionBook", "SocketService"]

log = logging.getLogger("mozaiks.push")

HELLO_PATIENCE_SECONDS: Final = 10.0
"""How long a greeting waits for a socket that is still being opened."""


class ConnectionBook(Protocol):
    def get(self, connection_id: str, now: datetime) -> Connection | None: ...

    def follow(self, tenant: Tenant, connection_id: str, chat_id: str) -> None:
        """Let a connection of this tenant hear of another chat of its too. Safe to repeat."""
        ...

    def remove(self, connection_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class SocketService:
    """Answers the frames of clients.

    Attributes
    ----------
    opening
        Opens chats. Made on first use: most frames open none, and with gates and journeys it is much to load.
    """

    chats: ChatService
    opening: Callable[[], Opening]
    connections: ConnectionBook
    gateway: Gateway
    clock: Callable[[], datetime]

    def greet(self, connection_id: str, last_seq: int, batch: bool = False) -> None:
        """Tell a new connection what it missed, and start the run of a chat that begins with its agent."""
        connection = self.connections.get(connection_id, self.clock())
        if connection is not None and self._admitted(connection):
            with self._answering(connection, connection.chat_id):
                self._hello(connection, connection.chat_id, last_seq, batch)

    def take(self, connection_id: str, body: str) -> None:
        """Carry out one frame. Whatever is wrong with it is answered; the socket stays open while its token holds."""
        connection = self.connections.get(connection_id, self.clock())
        if connection is None:
            # Forgotten or expired: nobody we could say anything about a chat to.
            log.info("A frame came from an unknown connection")
        elif self._admitted(connection):
            with self._answering(connection, connection.chat_id):
                self._carry_out(connection, parse_frame(body))

    def _carry_out(self, connection: Connection, command: AnyCommand) -> None:
        with self._answering(connection, connection.chat_id, command.reference):
            chat_id = self._chat_meant(connection, command)
            with self._answering(connection, chat_id, command.reference):
                self._dispatch(connection, chat_id, command)

    def _chat_meant(self, connection: Connection, command: AnyCommand) -> str:
        """The chat a frame is about: the connection's own, or one that it follows.

        Saying hello to another chat of the same user is how a connection comes to follow it.
        """
        chat_id = connection.chat_id if command.chat_id is None else command.chat_id
        if not connection.hears(chat_id):
            if not isinstance(command, Hello):
                raise MozaiksError("CHAT_NOT_FOUND", f"there is no chat {chat_id!r}")
            self.chats.get(connection.principal, chat_id)
            self.connections.follow(connection.principal.tenant, connection.connection_id, chat_id)
        return chat_id

    def _dispatch(self, connection: Connection, chat_id: str, command: AnyCommand) -> None:
        principal = connection.principal
        match command:
            case Ping():
                self._post(connection, envelope("pong", chat_id, {}, at=self.clock()))
            case Hello():
                self._hello(connection, chat_id, command.last_seq, command.batch)
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
            case StartWorkflow():
                self._start(connection, chat_id, command)
            case StartWorkflowBatch():
                self._start_batch(connection, chat_id, command)
            case Cancel():
                self.chats.cancel(principal, chat_id)

    def _start(self, connection: Connection, asking: str, command: StartWorkflow) -> None:
        from mozaiks.journeys.starting import start_one

        started = start_one(self.opening(), connection.principal, command)
        chat = started.chat
        told: WorkflowStarted = {
            "workflow_name": chat.workflow_name,
            "chat_id": chat.chat_id,
            "cache_seed": chat.cache_seed,
            "reused": started.reused,
            **command.reference,  # type: ignore[typeddict-item]
        }
        self._lead(connection, envelope("chat.workflow_started", asking, told, at=self.clock()), [chat.chat_id])

    def _start_batch(self, connection: Connection, asking: str, command: StartWorkflowBatch) -> None:
        from mozaiks.journeys.starting import start_batch

        told = start_batch(self.opening(), connection.principal, command)
        chat_ids = [each["chat_id"] for each in told["children"]]
        self._lead(connection, envelope("chat.workflow_batch_started", asking, told, at=self.clock()), chat_ids)

    def _lead(self, connection: Connection, answer: dict[str, Any], chat_ids: list[str]) -> None:
        """Say which chats were started, and have the socket greeted by each. Whatever one of them says comes after."""
        if not self._post(connection, answer):
            return
        for chat_id in chat_ids:
            # Followed before it is told what there is: what happens in between comes twice rather than never.
            self.connections.follow(connection.principal.tenant, connection.connection_id, chat_id)
            with self._answering(connection, chat_id):
                self._hello(connection, chat_id, 0, batch=False)

    def _hello(self, connection: Connection, chat_id: str, last_seq: int, batch: bool) -> None:
        frames = self.chats.replay(connection.principal, chat_id, last_seq)
        for frame in batched(frames, chat_id, self.clock()) if batch else frames:
            if not self._post(connection, frame):
                return
        chat = self.chats.get(connection.principal, chat_id)
        if chat.begins_on_connect:
            self.opening().begin(connection.principal, chat)

    def _admitted(self, connection: Connection) -> bool:
        """Whether the connection's token holds; it is dismissed where it does not."""
        if not connection.token_expired(self.clock()):
            return True
        log.info("A frame was refused: TOKEN_EXPIRED")
        dismiss(self.gateway, connection, clock=self.clock, deadline=time.monotonic() + HELLO_PATIENCE_SECONDS)
        self.connections.remove(connection.connection_id)
        return False

    @contextmanager
    def _answering(
        self, connection: Connection, chat_id: str, reference: Mapping[str, str] | None = None
    ) -> Iterator[None]:
        """Answer what is wrong with what is done within, as a frame about ``chat_id``."""
        try:
            yield
        except MozaiksError as error:
            log.info("A frame was refused: %s", error.code)
            self._post(connection, self._refusal(error, chat_id, reference or {}))

    def _refusal(self, error: MozaiksError, chat_id: str, reference: Mapping[str, str]) -> dict[str, Any]:
        if error.code == "PREREQUISITES_MISSING":
            blocked: PrereqBlocked = {
                "workflow_name": error.details["workflow_name"],
                "message": error.message,
                "missing": error.details["missing"],
                **reference,  # type: ignore[typeddict-item]
            }
            return envelope("chat.prereq_blocked", chat_id, blocked, at=self.clock())
        return error_frame(
            chat_id,
            code=error.code,
            message=error.message,
            retryable=error.retryable,
            at=self.clock(),
            details={**error.details, **reference},
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
