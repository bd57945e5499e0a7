"""The slice of one chat while it runs: turn after turn, each stored with what follows from it."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal, TypedDict

from ag2.events import ModelResponse

from mozaiks.chats.changes import ChatFields
from mozaiks.chats.decisions import ask
from mozaiks.chats.events import NewEvent, RunComplete, RunStart, error_event
from mozaiks.chats.requests import announce, dismissals
from mozaiks.chats.states import Chat, ChatStatus, no_usage
from mozaiks.engine.accounts import Accounts, milliseconds_since, summary_event
from mozaiks.engine.budget import Budget, BudgetSpent
from mozaiks.engine.codec import encode_results
from mozaiks.engine.context import ContextSources, initial_values
from mozaiks.engine.context_updates import apply_changes
from mozaiks.engine.imports import code_stamp
from mozaiks.engine.limits import Stop, stop_of
from mozaiks.engine.model_client import ModelConfigs
from mozaiks.engine.ports import Executions, LoadedWorkflow, Sender, SliceStore, Workflows
from mozaiks.engine.routing import AUTO, after_turn, before_reply, first_speaker, in_the_loop
from mozaiks.engine.safe_point import SafePoint, Scribe, ToBeCancelled
from mozaiks.engine.script import WorkflowHooks
from mozaiks.engine.selection import SELECTOR, choose_speaker
from mozaiks.engine.spans import SliceSpans, note_answer
from mozaiks.engine.spawning import Spawner
from mozaiks.engine.tool_calls import announced_late, as_outcome, response_event, shown_late
from mozaiks.engine.tool_secrets import ToolSecrets
from mozaiks.engine.tools import Toolbox, failed, transfer_tool_name
from mozaiks.engine.turn import Turn, TurnEnd, TurnLimits
from mozaiks.errors import MozaiksError
from mozaiks.manifests.spec import TERMINATE, USER, ModelSpec, WorkflowSpec
from mozaiks.settings import Settings
from mozaiks.usage.calls import merged

__all__ = ["ActiveSlice", "Outcome", "outcome_of"]

log = logging.getLogger("mozaiks.engine")

MAX_BACKOFF_SECONDS: Final = 60
INTERRUPTED: Final = "the user interrupted before this was done"
_RETRIED: Final = frozenset({"MODEL_UNAVAILABLE", "MODEL_INVALID_RESPONSE"})
_OTHER_MODEL: Final = frozenset({*_RETRIED, "MODEL_REJECTED", "MODEL_NOT_CONFIGURED"})
_TEXTS_FOR_SELECTION: Final = 30


class Outcome(TypedDict):
    """What Step Functions is told. ``wait_seconds`` matters to ``backoff`` alone."""

    outcome: Literal["continue", "backoff", "children", "waiting", "completed", "cancelled", "failed"]
    wait_seconds: int


class ActiveSlice:
    """Runs the turns of a chat whose lease is held."""

    def __init__(
        self,
        *,
        store: SliceStore,
        workflows: Workflows,
        models: ModelConfigs,
        sources: ContextSources,
        executions: Executions,
        config: Settings,
        clock: Callable[[], datetime],
        toolboxes: dict[tuple[str, str], Toolbox],
        scribe: Scribe,
        sender: Sender,
        secrets: ToolSecrets,
        spans: SliceSpans,
        accounts: Accounts,
        budget: Budget,
    ) -> None:
        self._store = store
        self._workflows = workflows
        self._models = models
        self._sources = sources
        self._executions = executions
        self._config = config
        self._clock = clock
        self._toolboxes = toolboxes
        self._scribe = scribe
        self._sender = sender
        self._secrets = secrets
        self._spans = spans
        self._accounts = accounts
        self._hooks: WorkflowHooks | None = None
        self._acting: str | None = None
        """Whose turn is going: what goes wrong is this agent's, and shown to those who may see it."""
        self.budget = budget

    @property
    def over(self) -> Outcome | None:
        """What came of the run, if its last write ended it."""
        chat = self._scribe.chat
        return None if chat.status is ChatStatus.RUNNING else outcome_of(chat)

    async def run(self) -> Outcome:
        """Run turns until the chat waits, ends, or the budget is spent."""
        try:
            return await self._turns()
        except ToBeCancelled:
            return await self.cancelled()
        except BudgetSpent:
            return await self.hand_over()
        except MozaiksError as error:
            if error.code in ("LEASE_LOST", "DATABASE_UNAVAILABLE"):
                raise
            self._scribe.revert()
            if error.code in _OTHER_MODEL and (outcome := await self._fall_back(error)) is not None:
                return outcome
            if error.code in _RETRIED and self._scribe.state.attempts + 1 < self._config.model_attempts:
                return await self._back_off(error)
            return await self._fail(error)

    async def hand_over(self) -> Outcome:
        """Give the chat back at its last safe point, for the next slice to go on from."""
        self._scribe.revert()
        state = self._scribe.state
        state.run_slices += 1
        if state.run_slices >= self._config.run_max_slices:
            return await self._go_on_elsewhere()
        await self._scribe.write(SafePoint(), lambda _: ({"lease": None}, []))
        return {"outcome": "continue", "wait_seconds": 0}

    async def _go_on_elsewhere(self) -> Outcome:
        """Let another execution take the run on, under the next number: this one's history is nearly full.

        To the chat it is the same run. If the start is lost, reconcile makes it good like any other.
        """
        state, run_no = self._scribe.state, self._scribe.chat.run_no + 1
        state.run_no, state.run_slices = run_no, 0
        state.run_before, state.run_rows = merged(state.run_before, state.run_rows), []
        fields: ChatFields = {"lease": None, "run_no": run_no, "run_started": False}
        chat = await self._scribe.write(SafePoint(), lambda _: (fields, []))
        try:
            await asyncio.to_thread(self._executions.start, chat.app_id, chat.chat_id, run_no)
        except MozaiksError as error:
            log.warning("A run's next execution was not started: %s", error.code)
        return {"outcome": "waiting", "wait_seconds": 0}

    async def cancelled(self) -> Outcome:
        """End the chat as its user asked."""
        self._scribe.revert()
        return outcome_of(await self._scribe.write(SafePoint(), self._stop))

    def _told_to_stop(self) -> bool:
        """Whether the last write saw that the chat is to be cancelled."""
        return self._scribe.chat.cancel_requested

    def _stop(self, now: Chat) -> tuple[ChatFields, list[NewEvent]]:
        fields: ChatFields = {"status": ChatStatus.CANCELLED, "waiting_for": None, "pending": (), "lease": None}
        return fields, [*dismissals(now.pending, "cancelled"), *self._run_over(now, ChatStatus.CANCELLED, None)]

    # --- the loop ---------------------------------------------------------------------------------------------------

    async def _turns(self) -> Outcome:
        loaded = self._workflow()
        spec = loaded.spec
        if self._told_to_stop():
            return await self.cancelled()
        if self._scribe.chat.interrupt_requested:
            return await self.interrupted()
        batch = self._scribe.chat.batch
        if batch is not None and batch.is_open:
            # The chat failed while its children ran, and is tried again.
            return outcome_of(await self._spawner().pause_again(batch, self._opening()))
        hooks = self._hooks = WorkflowHooks(spec, loaded.folder, self._scribe, self._config.tool_timeout_seconds)
        opening = self._opening()
        if not self._scribe.state.begun:
            opening = await self._begin(loaded, hooks, opening)
        while True:
            if self._told_to_stop():
                return await self.cancelled()
            if self.budget.spent:
                return await self.hand_over()
            self.budget.turns -= 1
            self._acting = None
            speaker = await self._speaker(spec)
            if speaker in (USER, TERMINATE):
                self._hear()
                point = SafePoint(events=opening)
                following = USER if speaker == USER else None
                outcome = await self._settle(spec, hooks, point, following, prompt=None, result=None)
            else:
                self._acting = speaker
                with self._spans.turn(speaker):
                    end = await self._turn(loaded, hooks, speaker).run(opening)
                outcome = await self._close_turn(spec, hooks, speaker, end)
            opening = []
            if outcome is not None:
                return outcome

    def _hear(self) -> None:
        """Take what the user has said for heard, where a rule lets nobody answer: the run must not wait for it."""
        chat, state = self._scribe.chat, self._scribe.state
        if chat.inbox_seq > state.inbox_seen:
            state.inbox_seen, state.replies = chat.inbox_seq, 0

    def _workflow(self) -> LoadedWorkflow:
        chat = self._scribe.chat
        loaded = self._workflows.get(chat.workflow_name)
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
        state.run_slices, state.run_rows, state.run_before = 0, [], []
        if state.open_turn is not None:
            state.open_turn.repaired = False
        data: RunStart = {"workflow_name": chat.workflow_name, "run_no": chat.run_no}
        return [NewEvent("chat.run_start", data)]

    async def _begin(self, loaded: LoadedWorkflow, hooks: WorkflowHooks, opening: list[NewEvent]) -> list[NewEvent]:
        """Once in a chat's life: first values of the variables, ``before_chat`` tools, ``on_workflow_start``.

        Returns what is still to be said: where nothing ran, all of it is stored with the first turn.
        """
        chat, state = self._scribe.chat, self._scribe.state
        facts = {
            "workflow_name": chat.workflow_name,
            "app_id": chat.app_id,
            "chat_id": chat.chat_id,
            "user_id": chat.user_id,
        }
        state.context = await initial_values(loaded.spec, facts=facts, folder=loaded.folder, sources=self._sources)
        state.begun = True
        if not hooks.at_start:
            return opening
        point = SafePoint(events=opening)
        await hooks.lifecycle("before_chat", None, point)
        await hooks.fire("on_workflow_start", point)
        apply_changes(loaded.spec, state, point)
        await self._scribe.write(point)
        return []

    async def _speaker(self, spec: WorkflowSpec) -> str:
        """Whose turn it is: an agent, or ``user`` or ``terminate`` where a ``before_reply`` rule says so."""
        state = self._scribe.state
        if state.open_turn is not None:
            return state.open_turn.agent
        if state.speaker == AUTO:
            await self._select(spec)
        speaker = state.speaker or first_speaker(spec, state.last_speaker, state.context)
        state.speaker = before_reply(spec, speaker, state.context)
        return state.speaker

    async def _select(self, spec: WorkflowSpec) -> None:
        chat, state = self._scribe.chat, self._scribe.state
        names = [agent.name for agent in spec.agents if agent.name != state.last_speaker] or [spec.initial_agent]
        if self.budget.model_calls <= 0:
            raise BudgetSpent
        await self._accounts.admit(self._scribe.tenant, state)
        self.budget.model_calls -= 1
        page = await self._store.newest_texts(self._scribe.tenant, chat.chat_id, 0, _TEXTS_FOR_SELECTION)
        texts = [(event.data["agent"] or "user", event.data["content"]) for event in page]
        model = self._models.of_agent(ModelSpec(), workflow=spec.name, agent=SELECTOR, chat_id=chat.chat_id)

        asked_at = time.perf_counter()

        async def answered(response: ModelResponse) -> None:
            # Noted before anybody looks whether it names an agent: it was paid for.
            note_answer(span, response)
            self._scribe.spent(await self._accounts.call(None, response, milliseconds_since(asked_at)))

        with self._spans.model_call(SELECTOR, model) as span:
            state.speaker = await choose_speaker(spec, names, texts, model, answered)
        await self._scribe.write(SafePoint())

    def _turn(self, loaded: LoadedWorkflow, hooks: WorkflowHooks, speaker: str) -> Turn:
        chat, spec = self._scribe.chat, loaded.spec
        # In development the code beside a workflow may change under it; deployed code does not.
        stamp = code_stamp(loaded.folder) if self._config.stage == "local" else ""
        key = (spec.name, f"{spec.version}{stamp}")
        if key not in self._toolboxes:
            for other in [each for each in self._toolboxes if each[0] == spec.name]:
                del self._toolboxes[other]
            self._toolboxes[key] = Toolbox(spec, loaded.folder)
        agent = spec.agent(speaker)
        open_turn = self._scribe.state.open_turn
        fallbacks = open_turn.fallbacks if open_turn is not None else 0
        return Turn(
            spec=spec,
            agent=agent,
            toolbox=self._toolboxes[key],
            hooks=hooks,
            model=self._models.of_agent(
                agent.llm, workflow=spec.name, agent=agent.name, chat_id=chat.chat_id, fallbacks=fallbacks
            ),
            scribe=self._scribe,
            store=self._store,
            sender=self._sender,
            budget=self.budget,
            secrets=self._secrets,
            spans=self._spans,
            accounts=self._accounts,
            limits=TurnLimits(
                self._config.turn_max_model_calls, self._config.tool_timeout_seconds, self._config.history_max_entries
            ),
            clock=self._clock,
        )

    async def _close_turn(self, spec: WorkflowSpec, hooks: WorkflowHooks, speaker: str, end: TurnEnd) -> Outcome | None:
        """Store the turn's end together with what follows from it. ``None``: the run goes on."""
        if end.asks:
            return await self._wait_for_people(spec, end)
        state, chat, point = self._scribe.state, self._scribe.chat, end.point
        await hooks.lifecycle("after_agent", speaker, point)
        apply_changes(spec, state, point)
        state.open_turn, state.attempts = None, 0
        state.repeats = state.repeats + 1 if state.last_speaker == speaker else 1
        state.last_speaker, state.run_turns, state.replies = speaker, state.run_turns + 1, state.replies + 1
        decision = after_turn(
            spec,
            speaker,
            named=end.named,
            transfer_to=end.transfer_to,
            context=state.context,
            turns=state.turns,
            seed=chat.cache_seed,
        )
        following, result = decision.next_speaker, decision.close_reason or None
        stop = stop_of(spec, state, speaker, end.text, self._seconds(), None if following == USER else following)
        if stop is not None:
            following, result = (USER if in_the_loop(spec) and not stop.ends else None), stop.reason
            if not stop.ends:
                point.events.append(_stopped(stop, speaker))
        elif following not in (None, USER, speaker):
            await hooks.fire("on_agent_handoff", point, from_agent=speaker, to_agent=following)
            apply_changes(spec, state, point)
        batch = None
        if end.output is not None and stop is None:
            batch = self._spawner().planned(spec, speaker, end.output, point)
        if batch is not None and batch.children:
            after = await self._spawner().pause(batch, following, point)
            return None if after.status is ChatStatus.RUNNING else outcome_of(after)
        if batch is not None:
            following = self._spawner().resume_without(batch, following, point)
        return await self._settle(spec, hooks, point, following, prompt=end.text, result=result)

    def _spawner(self) -> Spawner:
        return Spawner(self._scribe, self._workflows, self._clock, self._run_over)

    async def _settle(
        self,
        spec: WorkflowSpec,
        hooks: WorkflowHooks,
        point: SafePoint,
        following: str | None,
        *,
        prompt: str | None,
        result: str | None,
    ) -> Outcome | None:
        """Store ``point``, and where no agent follows, let the chat wait or end. ``None``: the run goes on."""
        state = self._scribe.state
        state.speaker = None if following == USER else following
        if following is None:
            await hooks.lifecycle("after_chat", None, point)
            await hooks.fire("on_workflow_complete", point, result=result)
            apply_changes(spec, state, point)
        asker = state.last_speaker

        def finish(now: Chat) -> tuple[ChatFields, list[NewEvent]]:
            if now.cancel_requested and following is not None:
                # Told so late that nobody looked any more.
                return self._stop(now)
            if following not in (None, USER) or now.inbox_seq > state.inbox_seen:
                # What the user said meanwhile is heard before anything ends. An interruption that came so late has
                # nothing left to stop.
                return {"interrupt_requested": False}, []
            if following == USER:
                pending, asked = ask(asker, prompt or "")
                fields: ChatFields = {
                    "status": ChatStatus.WAITING,
                    "waiting_for": "input",
                    "pending": (*now.pending, pending),
                    "lease": None,
                }
                return fields, [asked, *self._run_over(now, ChatStatus.WAITING, result)]
            completed: ChatFields = {"status": ChatStatus.COMPLETED, "pending": (), "lease": None}
            put_away = dismissals(now.pending, "completed")
            return completed, [*put_away, *self._run_over(now, ChatStatus.COMPLETED, result)]

        after = await self._scribe.write(point, finish)
        return None if after.status is ChatStatus.RUNNING else outcome_of(after)

    async def _wait_for_people(self, spec: WorkflowSpec, end: TurnEnd) -> Outcome:
        """Leave the turn open until people have answered its tools, and hold nothing meanwhile."""
        apply_changes(spec, self._scribe.state, end.point)
        asked = [announce(pending) for pending in end.asks]

        def finish(now: Chat) -> tuple[ChatFields, list[NewEvent]]:
            if now.cancel_requested:
                return self._stop(now)
            fields: ChatFields = {
                "status": ChatStatus.WAITING,
                "waiting_for": end.asks[0]["kind"],
                "pending": (*now.pending, *end.asks),
                "lease": None,
            }
            return fields, [*asked, *self._run_over(now, ChatStatus.WAITING, None)]

        return outcome_of(await self._scribe.write(end.point, finish))

    async def interrupted(self) -> Outcome:
        """Drop the open turn, keep what it stored, and let the next slice hear the user."""
        self._scribe.revert()
        point = await self._drop_turn()
        await self._scribe.write(point, lambda _: ({"lease": None, "interrupt_requested": False}, []))
        return {"outcome": "continue", "wait_seconds": 0}

    async def _drop_turn(self) -> SafePoint:
        """Close the open turn so that its agent's history can be gone on with."""
        state, point = self._scribe.state, SafePoint()
        turn = state.open_turn
        if turn is None:
            return point
        stored = await self._store.history(self._scribe.tenant, self._scribe.chat.chat_id, turn.agent, 1)
        calls = stored[-1]["calls"] if stored and stored[-1]["kind"] == "response" else []
        if calls:
            await self._answer_calls(turn.agent, calls, point)
        state.open_turn, state.last_speaker, state.speaker = None, turn.agent, None
        return point

    async def _answer_calls(self, agent: str, calls: list[dict[str, Any]], point: SafePoint) -> None:
        """Give every call of an interrupted batch a result, its own where it has one: a provider refuses others."""
        chat, spec = self._scribe.chat, self._workflows.get(self._scribe.chat.workflow_name).spec
        transfers = {transfer_tool_name(rule.target) for rule in spec.handoffs_from(agent) if rule.kind == "llm"}
        tools = {tool.name: tool for tool in spec.tools}
        kept = await self._store.tool_results(self._scribe.tenant, chat.chat_id, [call["id"] for call in calls])
        rows = []
        for call in calls:
            tool = tools.get(call["name"])
            # What was made to be shown was not shown.
            done = call["id"] in kept and not (tool is not None and shown_late(tool))
            outcome = as_outcome(kept[call["id"]]) if done else failed(INTERRUPTED)
            rows.append((call["id"], call["name"], outcome["text"]))
            point.context.update(outcome["context"])
            if call["name"] not in transfers and not announced_late(tool):
                point.events.append(response_event(agent, call["id"], call["name"], outcome))
        point.history.append((agent, encode_results(rows)))
        apply_changes(spec, self._scribe.state, point)

    # --- when it does not go well -----------------------------------------------------------------------------------

    async def _back_off(self, error: MozaiksError) -> Outcome:
        """Leave the turn open and try it again later; the chat's log says so."""
        state = self._scribe.state
        state.attempts += 1
        wait = min(MAX_BACKOFF_SECONDS, self._config.model_backoff_seconds * 2 ** (state.attempts - 1))
        point = SafePoint(events=[error_event(error, "warning", agent=self._acting)])
        await self._scribe.write(point, lambda _: ({"lease": None}, []), handing_over="backoff")
        return {"outcome": "backoff", "wait_seconds": max(1, math.ceil(wait))}

    async def _fall_back(self, error: MozaiksError) -> Outcome | None:
        """Go on with the agent's next model, if the manifest names one. ``None``: there is no other."""
        turn, chat = self._scribe.state.open_turn, self._scribe.chat
        if turn is None:
            return None
        agent = self._workflows.get(chat.workflow_name).spec.agent(turn.agent)
        if turn.fallbacks >= len(agent.llm.fallback):
            return None
        turn.fallbacks += 1
        point = SafePoint(events=[error_event(error, "warning", agent=self._acting)])
        await self._scribe.write(point, lambda _: ({"lease": None}, []))
        return {"outcome": "continue", "wait_seconds": 0}

    async def _fail(self, error: MozaiksError) -> Outcome:
        log.error("A run failed: %s", error.code, exc_info=error)
        point = SafePoint(events=[error_event(error, agent=self._acting)])
        if self._hooks is not None:
            await self._hooks.on_error(point, error)
            apply_changes(self._hooks.spec, self._scribe.state, point)
        after = await self._scribe.write(
            point,
            lambda now: (
                {"status": ChatStatus.FAILED, "waiting_for": None, "pending": (), "lease": None},
                [*dismissals(now.pending, "failed"), *self._run_over(now, ChatStatus.FAILED, error.code)],
            ),
        )
        return outcome_of(after)

    def _seconds(self) -> float:
        """Since the run was claimed."""
        chat = self._scribe.chat
        return max(0.0, (self._clock() - (chat.run_claimed_at or chat.created_at)).total_seconds())

    def _run_over(self, chat: Chat, status: ChatStatus, result: str | None) -> list[NewEvent]:
        """What is said last: what the run has spent, if it spent anything, and that it is over."""
        state = self._scribe.state
        summary = summary_event(state, chat.run_no)
        data: RunComplete = {
            "result": result,
            "status": status.value,
            "turns": state.run_turns,
            "usage": dict(state.run_usage),  # type: ignore[arg-type]
            "duration_ms": int(self._seconds() * 1000),
            "run_no": chat.run_no,
        }
        over = NewEvent("chat.run_complete", data)
        return [over] if summary is None else [summary, over]


def outcome_of(chat: Chat) -> Outcome:
    """What the state of a chat means to the execution that drives it."""
    match chat.status:
        case ChatStatus.FAILED | ChatStatus.TIMED_OUT:
            return {"outcome": "failed", "wait_seconds": 0}
        case ChatStatus.COMPLETED:
            return {"outcome": "completed", "wait_seconds": 0}
        case ChatStatus.CANCELLED:
            return {"outcome": "cancelled", "wait_seconds": 0}
        case ChatStatus.WAITING if chat.waiting_for == "children":
            return {"outcome": "children", "wait_seconds": 0}
        case _:
            return {"outcome": "waiting", "wait_seconds": 0}


def _stopped(stop: Stop, speaker: str) -> NewEvent:
    code = "MAX_TURNS" if stop.reason == "max_turns" else "MAX_AUTO_REPLIES"
    return error_event(MozaiksError(code, stop.words), "warning", agent=speaker)
