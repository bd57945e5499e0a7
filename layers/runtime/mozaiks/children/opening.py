"""Opens a child: its chat, bound to its parent, with an execution that waits for its end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from mozaiks.access.principal import Tenant
from mozaiks.chats.batches import Batch, Child
from mozaiks.chats.changes import Change
from mozaiks.chats.endings import Endings
from mozaiks.chats.events import error_event
from mozaiks.chats.greeting import facts_of
from mozaiks.chats.ports import Chats, TaskTokens
from mozaiks.chats.service import ChatService
from mozaiks.chats.states import Chat, Join, cache_seed_of
from mozaiks.children.decisions import waits
from mozaiks.children.family import Family
from mozaiks.children.ports import Gates, Workflows
from mozaiks.errors import MozaiksError

__all__ = ["ChildOpener"]

log = logging.getLogger("mozaiks.children")


@dataclass(frozen=True, slots=True)
class ChildOpener:
    """Opens children, each once however often it is asked.

    A child is stored before it begins, and begins only if its parent still waits after that: whoever stops the parent
    meanwhile either finds the child or keeps it from beginning.
    """

    chats: Chats
    service: ChatService
    endings: Endings
    tokens: TaskTokens
    family: Family
    gates: Gates
    workflows: Callable[[], Workflows]
    clock: Callable[[], datetime]

    def open(self, app_id: str, parent_chat_id: str, run_no: int, chat_id: str, token: str) -> None:
        """Open a child of a waiting parent, and have the task answered when it ends.

        What keeps the child from being opened for good (a broken workflow, a prerequisite that is missing) is noted on
        the parent as its failure, and the task is answered at once.

        Raises
        ------
        MozaiksError
            ``DATABASE_UNAVAILABLE``, ``RUN_START_FAILED``: let Step Functions try again.
        """
        parent = self.chats.get(Tenant(app_id), parent_chat_id)
        batch = parent.batch
        child = batch.child(chat_id) if batch is not None else None
        if batch is None or child is None or not waits(parent, run_no) or child.status != "open" or batch.stopping:
            self._not_opened(app_id, chat_id, token, "cancelled" if child is None else child.status)
            return
        if batch.deadline is not None and batch.deadline <= self.clock():
            self.family.time_out(app_id, parent_chat_id, chat_id)
            self._not_opened(app_id, chat_id, token, "timed_out")
            return
        join = Join("children", parent_chat_id, token)
        try:
            chat = self._chat(parent, batch, child, join)
        except MozaiksError as error:
            if error.retryable:
                raise
            log.warning("A child was not opened: %s", error.code)
            self.family.note(app_id, parent_chat_id, chat_id, "failed", error.code)
            self._not_opened(app_id, chat_id, token, "failed")
            return
        parent = self.chats.get(Tenant(app_id), parent_chat_id)
        if not waits(parent, run_no) or (parent.batch is not None and parent.batch.stopping):
            self.family.cancel(app_id, chat_id)
        elif not chat.ended:
            self.service.begin_child(chat, child.initial_message)

    def _chat(self, parent: Chat, batch: Batch, child: Child, join: Join) -> Chat:
        """The child's chat, whose end is waited for by ``join``. It has not begun if this call made it."""
        tenant = Tenant(parent.app_id, parent.user_id)
        if self._is_there(tenant, child.chat_id):
            return self.endings.attach(parent.app_id, child.chat_id, join)
        self.gates.require(tenant, child.workflow_name)
        spec = self.workflows().get(child.workflow_name).spec
        workflow = facts_of(spec)
        greeting = workflow.greeting
        if child.initial_message is not None and greeting.startup_mode != "UserDriven":
            greeting = replace(greeting, initial_message=child.initial_message)
        known = child.initial_agent is None or any(agent.name == child.initial_agent for agent in spec.agents)
        now, seed = self.clock(), self.service.seed_override
        chat = Chat(
            chat_id=child.chat_id,
            app_id=parent.app_id,
            user_id=parent.user_id,
            workflow_name=workflow.name,
            workflow_version=workflow.version,
            greeting=greeting,
            cache_seed=cache_seed_of(parent.app_id, child.chat_id) if seed is None else seed,
            created_at=now,
            updated_at=now,
            state={"speaker": child.initial_agent} if known and child.initial_agent is not None else {},
            parent_chat_id=parent.chat_id,
            root_chat_id=parent.root_chat_id or parent.chat_id,
            depth=parent.depth + 1,
            lineage=(*parent.lineage, parent.workflow_name),
            join=join,
        )
        warned = () if known else (error_event(_unknown_agent(child), "warning"),)
        try:
            return self.chats.create(chat, Change(events=warned)).chat
        except MozaiksError as error:
            if error.code != "IDEMPOTENCY_MISMATCH":
                raise
        # Another worker was faster. Its token may be the older one: whoever attaches last is answered.
        return self.endings.attach(parent.app_id, child.chat_id, join)

    def _is_there(self, tenant: Tenant, chat_id: str) -> bool:
        try:
            self.chats.get(tenant, chat_id)
        except MozaiksError as error:
            if error.code != "CHAT_NOT_FOUND":
                raise
            return False
        return True

    def _not_opened(self, app_id: str, chat_id: str, token: str, outcome: str) -> None:
        if not self.tokens.succeed(token, {"outcome": outcome, "chat_id": chat_id}):
            log.info("Nobody waits for a child any more", extra={"app_id": app_id, "chat_id": chat_id})


def _unknown_agent(child: Child) -> MozaiksError:
    return MozaiksError(
        "VALIDATION",
        f"{child.workflow_name} has no agent {child.initial_agent!r:.80}; its own first agent begins",
        field="initial_agent",
    )
