"""The steps of an execution around a chat's children: which are to be opened, and what follows when they have ended."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypedDict

from mozaiks.access.principal import Tenant
from mozaiks.chats.batches import Batch, Child
from mozaiks.chats.ports import Chats, Outbox
from mozaiks.chats.service import ChatService
from mozaiks.chats.states import Chat, ChatStatus
from mozaiks.children.decisions import join, reopen, waits
from mozaiks.children.family import Family
from mozaiks.children.ports import Executions, Log, Workflows
from mozaiks.children.results import result_of, results_of_skipped
from mozaiks.errors import MozaiksError

__all__ = ["ForChildren", "Joined", "Parents"]

log = logging.getLogger("mozaiks.children")

NO_LIMIT_SECONDS: Final = 99_999_999
"""The longest that Step Functions lets a task wait."""


class ForChildren(TypedDict):
    """What the execution needs to open them: ids, and the seconds that are left to them."""

    children: list[str]
    seconds: int


class Joined(TypedDict):
    """What the execution does after its children: go on, wait for those that have not ended, or end."""

    outcome: Literal["continue", "children", "waiting", "completed", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class Parents:
    """Chats that wait for their children, as their executions see them. Each step may be repeated."""

    chats: Chats
    events: Log
    outbox: Outbox
    service: ChatService
    family: Family
    executions: Executions
    workflows: Callable[[], Workflows]
    clock: Callable[[], datetime]

    def children_of(self, app_id: str, chat_id: str, run_no: int) -> ForChildren:
        """The children that the execution of this run is to wait for; none, where the chat does not wait in it."""
        chat = self.chats.get(Tenant(app_id), chat_id)
        batch = chat.batch
        if batch is None or not waits(chat, run_no):
            return {"children": [], "seconds": 1}
        left = NO_LIMIT_SECONDS
        if batch.deadline is not None:
            left = max(1, math.ceil((batch.deadline - self.clock()).total_seconds()))
        return {"children": [child.chat_id for child in batch.open_children], "seconds": left}

    def child_late(self, app_id: str, parent_chat_id: str, chat_id: str) -> None:
        """Note a child as timed out, and cancel it."""
        self.family.time_out(app_id, parent_chat_id, chat_id)

    def child_lost(self, app_id: str, parent_chat_id: str, chat_id: str) -> None:
        """Note a child that could not be opened, whatever was tried, as failed, and cancel what there is of it."""
        self.family.note(app_id, parent_chat_id, chat_id, "failed", "INTERNAL")
        self.family.cancel(app_id, chat_id)

    def join(self, app_id: str, chat_id: str, run_no: int) -> Joined:
        """Let the chat go on with the results of its children, or end it where its policy says so."""
        tenant = Tenant(app_id)
        chat = self.chats.get(tenant, chat_id)
        batch = chat.batch
        if batch is None or not waits(chat, run_no):
            return _outcome_of(chat, run_no)
        if batch.open_children:
            return {"outcome": "children"}
        results = [self._result(chat, batch, child) for child in batch.children] + results_of_skipped(batch)
        applied = self.chats.transact(tenant, chat_id, lambda found: join(found, run_no, results, self.clock()))
        self.outbox.publish(applied.chat, applied.events)
        if applied.chat.ended:
            self.service.settle(applied.chat)
        return _outcome_of(applied.chat, run_no)

    def look_after(self, chat: Chat) -> bool:
        """Open the execution of a waiting parent anew, if its own is gone; whether this call did it.

        Raises
        ------
        MozaiksError
            ``RUN_START_FAILED``: it is looked at again.
        """
        if not waits(chat) or self.executions.going(chat.chat_id, chat.run_no):
            return False
        applied = self.chats.transact(Tenant(chat.app_id), chat.chat_id, lambda found: reopen(found, chat.run_no))
        if not applied.changed:
            return False
        log.warning("A parent's execution was gone and is opened anew", extra={"chat_id": chat.chat_id})
        self.executions.start(chat.app_id, chat.chat_id, applied.chat.run_no)
        return True

    def _result(self, parent: Chat, batch: Batch, child: Child) -> dict[str, Any]:
        try:
            chat: Chat | None = self.chats.get(Tenant(parent.app_id, parent.user_id), child.chat_id)
        except MozaiksError as error:
            if error.code != "CHAT_NOT_FOUND":
                raise
            chat = None
        return result_of(batch, child, chat, self.events, self.workflows())


def _outcome_of(chat: Chat, run_no: int) -> Joined:
    if chat.status is ChatStatus.RUNNING and chat.run_no == run_no:
        return {"outcome": "continue"}
    match chat.status:
        case ChatStatus.FAILED | ChatStatus.TIMED_OUT:
            return {"outcome": "failed"}
        case ChatStatus.COMPLETED:
            return {"outcome": "completed"}
        case ChatStatus.CANCELLED:
            return {"outcome": "cancelled"}
        case _:
            return {"outcome": "waiting"}
