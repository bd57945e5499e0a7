"""One slice of a run, from its lease to its outcome: taken, watched over, stopped in time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mozaiks.access.principal import Tenant
from mozaiks.chats.events import new_id
from mozaiks.chats.states import Chat, ChatStatus, Lease
from mozaiks.engine.accounts import Accounts
from mozaiks.engine.active_slice import ActiveSlice, Outcome, outcome_of
from mozaiks.engine.budget import Budget
from mozaiks.engine.context import ContextSources
from mozaiks.engine.model_client import ModelConfigs
from mozaiks.engine.ports import Endings, Executions, Sender, SliceStore, Workflows
from mozaiks.engine.safe_point import Scribe
from mozaiks.engine.spans import SliceSpans, Tracer, note_slice
from mozaiks.engine.state import EngineState
from mozaiks.engine.tool_secrets import ToolSecrets, Vault
from mozaiks.engine.tools import Toolbox
from mozaiks.errors import MozaiksError
from mozaiks.settings import Settings
from mozaiks.usage.repairs import RunCounter

__all__ = ["Outcome", "SliceRunner"]

log = logging.getLogger("mozaiks.engine")


@dataclass(frozen=True, slots=True)
class SliceRunner:
    """Runs slices, one at a time: a worker process has one."""

    store: SliceStore
    workflows: Workflows
    models: ModelConfigs
    sources: ContextSources
    vault: Vault
    accounts: Accounts
    executions: Executions
    endings: Endings
    counter: RunCounter
    open_sender: Callable[[Chat], contextlib.AbstractAsyncContextManager[Sender]]
    config: Settings
    clock: Callable[[], datetime]
    toolboxes: dict[tuple[str, str], Toolbox]
    tracer: Tracer

    async def run(self, app_id: str, chat_id: str, run_no: int, remaining: Callable[[], float]) -> Outcome:
        """Run the chat until it waits, ends, or the budget is spent.

        Parameters
        ----------
        remaining
            Seconds until this worker is stopped from outside.

        Raises
        ------
        MozaiksError
            ``DATABASE_UNAVAILABLE``, ``LEASE_LOST`` and other faults of the worker rather than the chat: let the
            caller try again.
        """
        tenant = Tenant(app_id)
        now = self.clock()
        lease = Lease(new_id(), now + timedelta(seconds=self.config.lease_seconds))
        chat = await self.store.acquire(tenant, chat_id, run_no, lease, now)
        if chat is None:
            return await self._not_ours(tenant, chat_id, run_no, now)
        budget = Budget(
            self.config.slice_max_turns, self.config.slice_max_model_calls, self.config.slice_reserve_seconds, remaining
        )
        self.accounts.warm_up()
        async with self._spans_sent(), self.open_sender(chat) as sender:
            scribe = Scribe(self.store, sender, chat, lease.token, EngineState.load(chat.state), now)
            spans = SliceSpans(self.tracer, chat)
            active = ActiveSlice(
                store=self.store,
                workflows=self.workflows,
                models=self.models,
                sources=self.sources,
                executions=self.executions,
                config=self.config,
                clock=self.clock,
                toolboxes=self.toolboxes,
                scribe=scribe,
                sender=sender,
                secrets=ToolSecrets(self.vault, Tenant(chat.app_id, chat.user_id)),
                spans=spans,
                accounts=self.accounts,
                budget=budget,
            )
            with spans.slice() as span:
                outcome = await self._under_watch(active, tenant, chat_id, lease)
                note_slice(span, scribe.chat, scribe.state, outcome["outcome"])
            await self._settle(scribe.chat)
        await self._count(scribe.chat)
        self._tell(scribe, outcome)
        return outcome

    @contextlib.asynccontextmanager
    async def _spans_sent(self) -> AsyncIterator[None]:
        """Send the slice's spans at its end, whatever that is: a worker that is frozen sends nothing."""
        try:
            yield
        finally:
            await self.tracer.flush()

    @staticmethod
    def _tell(scribe: Scribe, outcome: Outcome) -> None:
        """One line of the log for a slice, with what its run has spent so far."""
        chat, state, spent = scribe.chat, scribe.state, scribe.state.run_spent
        facts = {
            "app_id": chat.app_id,
            "workflow_name": chat.workflow_name,
            "chat_id": chat.chat_id,
            "run_no": state.run_no,
            "slice": f"{chat.chat_id}-r{state.run_no}-s{state.run_slices}",
            "outcome": outcome["outcome"],
            "status": chat.status.value,
            "turns": state.run_turns,
            "model_calls": spent.model_calls,
            "total_tokens": spent.total_tokens,
            "cost_usd": spent.cost_usd,
        }
        log.info("Slice done", extra=facts)

    async def _settle(self, chat: Chat) -> None:
        """Tell of the chat's end. What fails is tried again by reconcile: the slice itself is done."""
        if not chat.ended:
            return
        try:
            await asyncio.to_thread(self.endings.settle, chat)
        except MozaiksError as error:
            log.warning("The end of a chat is told later: %s", error.code)

    async def _count(self, chat: Chat) -> None:
        """Add the run to the figures, if it is over. What fails is counted by reconcile."""
        if chat.status is ChatStatus.RUNNING or chat.waiting_for == "children":
            return
        try:
            await asyncio.to_thread(self.counter.count, 10, Tenant(chat.app_id), chat.chat_id)
        except MozaiksError as error:
            log.warning("A run is counted later: %s", error.code)

    async def _not_ours(self, tenant: Tenant, chat_id: str, run_no: int, now: datetime) -> Outcome:
        """Another worker holds the chat, or the run is over: a trigger came twice or late."""
        try:
            chat = await self.store.get(tenant, chat_id)
        except MozaiksError as error:
            if error.code != "CHAT_NOT_FOUND":
                raise
            # Erased while its execution went on: that has nothing left to do.
            return {"outcome": "cancelled", "wait_seconds": 0}
        if chat.status is ChatStatus.RUNNING and chat.run_no == run_no:
            until = chat.lease.until if chat.lease is not None else now
            return {"outcome": "backoff", "wait_seconds": max(1, math.ceil((until - now).total_seconds()))}
        await self._settle(chat)
        # Children are for the execution of their own run to wait for.
        return outcome_of(chat) if chat.run_no == run_no or chat.ended else {"outcome": "waiting", "wait_seconds": 0}

    async def _under_watch(self, active: ActiveSlice, tenant: Tenant, chat_id: str, lease: Lease) -> Outcome:
        """Run the slice, and stop it in time: for a cancelled chat, a lost lease, or the end of the worker's time."""
        work = asyncio.create_task(active.run())
        watch = asyncio.create_task(self._watch(tenant, chat_id, lease))
        try:
            await asyncio.wait(
                {work, watch}, timeout=max(0.0, active.budget.seconds), return_when=asyncio.FIRST_COMPLETED
            )
            if work.done():
                return work.result()
            work.cancel()
            await asyncio.wait({work})
            if not work.cancelled():
                return work.result()
            if active.over is not None:
                return active.over
            if watch.done() and watch.result() == "lease lost":
                raise MozaiksError("LEASE_LOST", "another worker has taken this chat over")
            if watch.done():
                return await (active.cancelled() if watch.result() == "cancelled" else active.interrupted())
            return await active.hand_over()
        finally:
            for task in (work, watch):
                task.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)

    async def _watch(
        self, tenant: Tenant, chat_id: str, lease: Lease
    ) -> Literal["cancelled", "interrupted", "lease lost"]:
        """Keep the lease, until the chat is to be cancelled or interrupted, or the lease is lost."""
        pause = min(1.0, self.config.lease_seconds / 3)
        while True:
            await asyncio.sleep(pause)
            held = Lease(lease.token, self.clock() + timedelta(seconds=self.config.lease_seconds))
            try:
                chat = await self.store.renew(tenant, chat_id, held)
            except MozaiksError as error:
                # Not renewed is not lost: every write is held against the lease anyway.
                log.warning("A lease was not renewed: %s", error.code)
                continue
            if chat is None:
                return "lease lost"
            if chat.cancel_requested:
                return "cancelled"
            if chat.interrupt_requested:
                return "interrupted"
