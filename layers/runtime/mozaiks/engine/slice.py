"""One slice of a run: as many turns as fit its budget, then a truthful state."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypedDict

from mozaiks.access.principal import Tenant
from mozaiks.chats.changes import ChatFields
from mozaiks.chats.decisions import ask
from mozaiks.chats.events import ErrorData, NewEvent, RunComplete, RunStart, new_id
from mozaiks.chats.states import Chat, ChatStatus, Lease, no_usage
from mozaiks.engine.budget import Budget, BudgetSpent
from mozaiks.engine.model_client import ModelConfigs
from mozaiks.engine.ports import LoadedWorkflow, Sender, SliceStore, Workflows
from mozaiks.engine.routing import after_turn, first_speaker, in_the_loop
from mozaiks.engine.safe_point import SafePoint, Scribe
from mozaiks.engine.state import EngineState
from mozaiks.engine.tools import Toolbox
from mozaiks.engine.turn import Turn, TurnEnd, TurnLimits
from mozaiks.errors import MozaiksError
from mozaiks.manifests.spec import USER, WorkflowSpec
from mozaiks.settings import Settings

__all__ = ["Outcome", "SliceRunner"]

log = logging.getLogger("mozaiks.engine")

MAX_BACKOFF_SECONDS: Final = 60
_RETRIED: Final = frozenset({"MODEL_UNAVAILABLE", "MODEL_INVALID_RESPONSE"})


class Outcome(TypedDict):
    """What Step Functions is told. ``wait_seconds`` matters to ``backoff`` alone."""

    outcome: Literal["continue", "backoff", "waiting", "completed", "cancelled", "failed"]
    wait_seconds: int


@dataclass(frozen=True, slots=True)
class SliceRunner:
    """Runs slices, one at a time: a worker process has one."""

    store: SliceStore
    workflows: Workflows
    models: ModelConfigs
    open_sender: Callable[[Chat], contextlib.AbstractAsyncContextManager[Sender]]
    config: Settings
    clock: Callable[[], datetime]
    toolboxes: dict[tuple[str, str], Toolbox]

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
        async with self.open_sender(chat) as sender:
            scribe = Scribe(self.store, sender, chat, lease.token, EngineState.load(chat.state))
            active = _ActiveSlice(self, scribe, sender, budget)
            return await self._under_watch(active, tenant, chat_id, lease)

    async def _not_ours(self, tenant: Tenant, chat_id: str, run_no: int, now: datetime) -> Outcome:
        """Another worker holds the chat, or the run is over: a trigger came twice or late."""
        chat = await self.store.get(tenant, chat_id)
        if chat.status is ChatStatus.RUNNING and chat.run_no == run_no:
            until = chat.lease.until if chat.lease is not None else now
            return {"outcome": "backoff", "wait_seconds": max(1, math.ceil((until - now).total_seconds()))}
        return _outcome_of(chat)

    async def _under_watch(self, active: _ActiveSlice, tenant: Tenant, chat_id: str, lease: Lease) -> Outcome:
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
                return await active.cancelled()
            return await active.hand_over()
        finally:
            for task in (work, watch):
                task.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)

    async def _watch(self, tenant: Tenant, chat_id: str, lease: Lease) -> Literal["cancelled", "lease lost"]:
        """Keep the lease, until the chat is to be cancelled or the lease is lost."""
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


class _ActiveSlice:
    """The slice of one chat while it runs."""

    def __init__(self, runner: SliceRunner, scribe: Scribe, sender: Sender, budget: Budget) -> None:
        self._runner = runner
        self._scribe = scribe
        self._sender = sender
        self.budget = budget

    @property
    def over(self) -> Outcome | None:
        """What came of the run, if its last write ended it."""
        chat = self._scribe.chat
        return None if chat.status is ChatStatus.RUNNING else _outcome_of(chat)

    async def run(self) -> Outcome:
        try:
            return await self._turns()
        except BudgetSpent:
            return await self.hand_over()
        except MozaiksError as error:
            if error.code in ("LEASE_LOST", "DATABASE_UNAVAILABLE"):
                raise
            self._scribe.revert()
            if error.code in _RETRIED and self._scribe.state.attempts + 1 < self._runner.config.model_attempts:
                return await self._back_off(error)
            return await self._fail(error)

    async def _turns(self) -> Outcome:
        loaded = self._workflow()
        spec = loaded.spec
        opening = self._opening()
        while True:
            state = self._scribe.state
            if state.speaker is None:
                state.speaker = first_speaker(spec, state.last_speaker, state.context)
            if self.budget.spent:
                return await self.hand_over()
            self.budget.turns -= 1
            turn = self._turn(spec, loaded, state.speaker)
            end = await turn.run(opening)
            opening = []
            if (outcome := await self._close_turn(spec, end)) is not None:
                return outcome

    def _workflow(self) -> LoadedWorkflow:
        chat = self._scribe.chat
        loaded = self._runner.workflows.get(chat.workflow_name)
        if loaded.spec.version != chat.workflow_version:
            raise MozaiksError(
                "WORKFLOW_VERSION_GONE",
                f"the chat began with version {chat.workflow_version[:12]} of {chat.workflow_name!r}, "
                f"which is gone; deployed is {loaded.spec.version[:12]}",
                began_with=chat.workflow_version,
                deployed=loaded.spec.version,
            )
        return loaded

    def _opening(self) -> list[NewEvent]:
        """At the first slice of a run: what says that it has begun."""
        chat, state = self._scribe.chat, self._scribe.state
        if state.run_no == chat.run_no:
            return []
        state.run_no, state.run_turns, state.run_usage, state.attempts = chat.run_no, 0, no_usage(), 0
        data: RunStart = {"workflow_name": chat.workflow_name, "run_no": chat.run_no}
        return [NewEvent("chat.run_start", data)]

    def _turn(self, spec: WorkflowSpec, loaded: LoadedWorkflow, speaker: str) -> Turn:
        runner, chat = self._runner, self._scribe.chat
        key = (spec.name, spec.version)
        if key not in runner.toolboxes:
            runner.toolboxes[key] = Toolbox(spec, loaded.folder)
        agent = spec.agent(speaker)
        return Turn(
            spec=spec,
            agent=agent,
            toolbox=runner.toolboxes[key],
            model=runner.models.of_agent(agent.llm, workflow=spec.name, agent=agent.name, chat_id=chat.chat_id),
            scribe=self._scribe,
            store=runner.store,
            sender=self._sender,
            budget=self.budget,
            limits=TurnLimits(runner.config.turn_max_model_calls, runner.config.tool_timeout_seconds),
            clock=runner.clock,
        )

    async def _close_turn(self, spec: WorkflowSpec, end: TurnEnd) -> Outcome | None:
        """Store the turn's end together with what follows from it. ``None``: the run goes on."""
        state, chat = self._scribe.state, self._scribe.chat
        speaker = state.speaker
        if speaker is None:
            raise MozaiksError("INTERNAL", "a turn ended that nobody had")
        state.open_turn, state.attempts = None, 0
        state.last_speaker, state.run_turns = speaker, state.run_turns + 1
        decision = after_turn(
            spec, speaker, transfer_to=end.transfer_to, context=state.context, turns=state.turns, seed=chat.cache_seed
        )
        following, result = decision.next_speaker, decision.close_reason or None
        if following not in (None, USER) and state.run_turns >= spec.max_turns:
            following, result = (USER if in_the_loop(spec) else None), "max_turns"
            end.point.events.append(
                _error(
                    MozaiksError("MAX_TURNS", f"the run had its {spec.max_turns} turns (max_turns)"), severity="warning"
                )
            )
        state.speaker = following if following != USER else None
        ends = following in (None, USER)

        def finish(now: Chat) -> tuple[ChatFields, list[NewEvent]]:
            if not ends or now.inbox_seq > state.inbox_seen:
                # What the user said meanwhile is heard before anything ends.
                return {}, []
            if following == USER:
                pending, asked = ask(speaker, end.text or "")
                fields: ChatFields = {
                    "status": ChatStatus.WAITING,
                    "waiting_for": "input",
                    "pending": (*now.pending, pending),
                    "lease": None,
                }
                return fields, [asked, self._run_complete(now, ChatStatus.WAITING, result)]
            completed: ChatFields = {"status": ChatStatus.COMPLETED, "pending": (), "lease": None}
            return completed, [self._run_complete(now, ChatStatus.COMPLETED, result)]

        after = await self._scribe.write(end.point, finish)
        return None if after.status is ChatStatus.RUNNING else _outcome_of(after)

    async def hand_over(self) -> Outcome:
        """Give the chat back at its last safe point, for the next slice to go on from."""
        self._scribe.revert()
        await self._scribe.write(SafePoint(), lambda _: ({"lease": None}, []))
        return {"outcome": "continue", "wait_seconds": 0}

    async def cancelled(self) -> Outcome:
        """End the chat as its user asked."""
        self._scribe.revert()
        after = await self._scribe.write(
            SafePoint(),
            lambda now: (
                {"status": ChatStatus.CANCELLED, "waiting_for": None, "pending": (), "lease": None},
                [self._run_complete(now, ChatStatus.CANCELLED, None)],
            ),
        )
        return _outcome_of(after)

    async def _back_off(self, error: MozaiksError) -> Outcome:
        """Leave the turn open and try it again later; the chat's log says so."""
        state = self._scribe.state
        state.attempts += 1
        wait = min(MAX_BACKOFF_SECONDS, self._runner.config.model_backoff_seconds * 2 ** (state.attempts - 1))
        point = SafePoint(events=[_error(error, severity="warning")])
        await self._scribe.write(point, lambda _: ({"lease": None}, []))
        return {"outcome": "backoff", "wait_seconds": max(1, math.ceil(wait))}

    async def _fail(self, error: MozaiksError) -> Outcome:
        log.error("A run failed: %s", error.code, exc_info=error)
        after = await self._scribe.write(
            SafePoint(events=[_error(error, severity="error")]),
            lambda now: (
                {"status": ChatStatus.FAILED, "waiting_for": None, "pending": (), "lease": None},
                [self._run_complete(now, ChatStatus.FAILED, error.code)],
            ),
        )
        return _outcome_of(after)

    def _run_complete(self, chat: Chat, status: ChatStatus, result: str | None) -> NewEvent:
        state = self._scribe.state
        since = chat.run_claimed_at or chat.created_at
        data: RunComplete = {
            "result": result,
            "status": status.value,
            "turns": state.run_turns,
            "usage": dict(state.run_usage),  # type: ignore[arg-type]
            "duration_ms": max(0, int((self._runner.clock() - since).total_seconds() * 1000)),
            "run_no": chat.run_no,
        }
        return NewEvent("chat.run_complete", data)


def _error(error: MozaiksError, *, severity: Literal["error", "warning"]) -> NewEvent:
    data: ErrorData = {
        "code": error.code,
        "message": error.message,
        "severity": severity,
        "retryable": error.retryable,
        "details": error.details,
    }
    return NewEvent("chat.error", data)


def _outcome_of(chat: Chat) -> Outcome:
    match chat.status:
        case ChatStatus.FAILED | ChatStatus.TIMED_OUT:
            return {"outcome": "failed", "wait_seconds": 0}
        case ChatStatus.COMPLETED:
            return {"outcome": "completed", "wait_seconds": 0}
        case ChatStatus.CANCELLED:
            return {"outcome": "cancelled", "wait_seconds": 0}
        case _:
            return {"outcome": "waiting", "wait_seconds": 0}
