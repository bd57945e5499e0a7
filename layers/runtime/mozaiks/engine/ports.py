"""What a slice needs of the outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from mozaiks.access.principal import Tenant
from mozaiks.chats.changes import Applied, Decide
from mozaiks.chats.events import Event
from mozaiks.chats.states import Chat, Lease
from mozaiks.manifests.spec import WorkflowSpec

__all__ = ["Endings", "Executions", "LoadedWorkflow", "Sender", "SliceStore", "Workflows"]


class SliceStore(Protocol):
    """The store as a running slice sees it. None of it blocks the loop; a cancelled call still finishes its write."""

    async def acquire(self, tenant: Tenant, chat_id: str, run_no: int, lease: Lease, now: datetime) -> Chat | None: ...

    async def renew(self, tenant: Tenant, chat_id: str, lease: Lease) -> Chat | None: ...

    async def get(self, tenant: Tenant, chat_id: str) -> Chat: ...

    async def transact(self, tenant: Tenant, chat_id: str, decide: Decide) -> Applied: ...

    async def newest_texts(self, tenant: Tenant, chat_id: str, seq: int, limit: int) -> Sequence[Event]:
        """The newest texts of the log after ``seq``, at most ``limit``, in their order."""
        ...

    async def history(self, tenant: Tenant, chat_id: str, agent: str, limit: int) -> list[dict[str, Any]]:
        """The newest entries of an agent's history, at most ``limit``, in their order."""
        ...

    async def tool_results(
        self, tenant: Tenant, chat_id: str, call_ids: Iterable[str]
    ) -> dict[str, dict[str, Any]]: ...

    async def keep_result(
        self, tenant: Tenant, chat_id: str, call_id: str, tool_name: str, result: dict[str, Any], at: datetime
    ) -> dict[str, Any]: ...


class Sender(Protocol):
    """Brings events and deltas to the chat's connections. Never waits, never raises."""

    def publish(self, events: Iterable[Event]) -> None: ...

    def delta(self, agent: str, message_id: str, offset: int, content: str) -> None: ...

    def show(self, agent: str | None, frame: dict[str, Any]) -> None: ...


class Executions(Protocol):
    def start(self, app_id: str, chat_id: str, run_no: int) -> None:
        """Start the execution of a run, once however often it is asked. ``RUN_START_FAILED``."""
        ...


class Endings(Protocol):
    def settle(self, chat: Chat) -> bool:
        """Let those know who wait for the end of ``chat``, if it has ended. Safe to repeat."""
        ...


class LoadedWorkflow(Protocol):
    """A workflow and where its functions lie."""

    @property
    def spec(self) -> WorkflowSpec: ...

    @property
    def folder(self) -> Path: ...


class Workflows(Protocol):
    def get(self, name: str) -> LoadedWorkflow:
        """The loaded workflow. ``WORKFLOW_NOT_FOUND`` or ``WORKFLOW_INVALID``."""
        ...
