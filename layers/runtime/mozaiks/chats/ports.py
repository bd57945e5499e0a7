"""What the chat service needs of the outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from mozaiks.access.principal import Tenant
from mozaiks.access.sealed import SealedSecret
from mozaiks.chats.changes import Applied, Change, Decide
from mozaiks.chats.events import Event, JourneyProgress
from mozaiks.chats.positions import Position
from mozaiks.chats.states import Chat, ChatStatus, Join

__all__ = ["ChatJourneys", "Chats", "Drafts", "Ended", "EventLog", "Outbox", "RunStarter", "SecretTaker", "TaskTokens"]


class Chats(Protocol):
    """Sessions, and the one way to change them."""

    def create(self, chat: Chat, change: Change) -> Applied:
        """Store a new chat together with its opening. ``IDEMPOTENCY_MISMATCH`` if its client_request_id is taken."""
        ...

    def get(self, tenant: Tenant, chat_id: str) -> Chat:
        """The chat; ``CHAT_NOT_FOUND`` if this tenant has none of this id."""
        ...

    def of_ids(self, tenant: Tenant, chat_ids: Sequence[str]) -> Mapping[str, Chat]:
        """Those of the chats that this tenant has, by id."""
        ...

    def transact(self, tenant: Tenant, chat_id: str, decide: Decide, *, command_ids: Sequence[str] = ()) -> Applied:
        """Apply what ``decide`` makes of the chat, all or nothing. ``CHAT_NOT_FOUND`` if there is none.

        If one of ``command_ids`` took effect before, nothing is decided and its answer is returned.
        """
        ...

    def open_ids(self, tenant: Tenant, after: str, limit: int) -> Sequence[str]:
        """Ids of the tenant's chats that have not ended, in their order, those after ``after``."""
        ...

    def settle_join(self, tenant: Tenant, chat_id: str, join: Join) -> bool:
        """Note that those who waited for the chat's end know of it, and forget the token. Whether this call did it.

        Nothing, where somebody else waits by now.
        """
        ...

    def started_by(self, tenant: Tenant, workflow_name: str, client_request_id: str) -> Chat | None: ...

    def untouched(self, tenant: Tenant, workflow_name: str) -> Chat | None:
        """The user's newest chat of the workflow that has not begun."""
        ...

    def page(
        self, tenant: Tenant, workflow_name: str, *, limit: int, before: Position | None, status: ChatStatus | None
    ) -> Sequence[Chat]:
        """Newest first; ``before`` is the place of the last one of the former page."""
        ...


class EventLog(Protocol):
    def after(self, tenant: Tenant, chat_id: str, seq: int, limit: int) -> Sequence[Event]: ...


class Drafts(Protocol):
    """The text a running turn has written so far."""

    def read(self, tenant: Tenant, chat_id: str) -> dict[str, Any] | None: ...


class Outbox(Protocol):
    """Takes stored events and brings them to the chat's connections. Never raises, never waits for a client."""

    def publish(self, chat: Chat, events: Iterable[Event]) -> None: ...


class SecretTaker(Protocol):
    def take_out(
        self, tenant: Tenant, declared: Mapping[str, str], response: Any
    ) -> tuple[Any, tuple[SealedSecret, ...]]:
        """An answer with references in the place of its secrets, and these as they may be stored.

        ``declared``: field of the answer → name of the secret. ``VALIDATION``, ``SECRETS_UNAVAILABLE``.
        """
        ...


class RunStarter(Protocol):
    def start(self, app_id: str, chat_id: str, run_no: int) -> None:
        """Start the execution of a run, once however often it is asked. ``RUN_START_FAILED`` if that fails."""
        ...


class TaskTokens(Protocol):
    def succeed(self, token: str, outcome: Mapping[str, str]) -> bool:
        """Answer a task of an execution. ``False``: nobody waits for it any more. ``RUN_START_FAILED``: try again."""
        ...


class Ended(Protocol):
    def settle(self, chat: Chat) -> bool:
        """Let those know of the end of ``chat`` who wait for it. Safe to repeat; whether this call did it."""
        ...


class ChatJourneys(Protocol):
    def of(self, chat: Chat) -> JourneyProgress | None:
        """Where the journey stands that the chat is a member of; ``None`` if it is of none."""
        ...
