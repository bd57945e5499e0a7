"""One turn of one agent on AG2: opened, resumed from wherever it stands, and ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ag2 import Agent
from ag2.config import ModelConfig
from ag2.context import ConversationContext
from ag2.events import BaseEvent, ModelResponse, ToolCallEvent, ToolCallsEvent, ToolResultsEvent
from ag2.middleware import BaseMiddleware, Middleware
from ag2.middleware.base import LLMCall, ToolExecution, ToolResultType

from mozaiks.access.principal import Tenant
from mozaiks.chats.events import NewEvent, SelectSpeaker, StructuredOutputReady, Text
from mozaiks.chats.states import PendingInput
from mozaiks.children.decisions import CHILD_RESULTS
from mozaiks.engine.accounts import Accounts, milliseconds_since, usage_event
from mozaiks.engine.answers import cleaned
from mozaiks.engine.budget import Budget, BudgetSpent
from mozaiks.engine.codec import decode, encode_request, encode_response
from mozaiks.engine.context import exposed, text_triggers
from mozaiks.engine.context_updates import apply_changes
from mozaiks.engine.deltas import Deltas, hidden_words
from mozaiks.engine.model_client import as_model_error
from mozaiks.engine.outputs import DeclaredOutput, Fault, checked, output_of, repair_request
from mozaiks.engine.ports import Sender, SliceStore
from mozaiks.engine.safe_point import SafePoint, Scribe, ToBeCancelled
from mozaiks.engine.script import WorkflowHooks
from mozaiks.engine.spans import SliceSpans, note_answer
from mozaiks.engine.state import OpenTurn
from mozaiks.engine.stream import TurnStream
from mozaiks.engine.tool_calls import ToolCalls
from mozaiks.engine.tool_secrets import ToolSecrets
from mozaiks.engine.tools import Toolbox
from mozaiks.errors import MozaiksError
from mozaiks.manifests.spec import AgentSpec, StructuredOutputSpec, WorkflowSpec

__all__ = ["Turn", "TurnEnd", "TurnLimits"]

log = logging.getLogger("mozaiks.engine")

YOUR_TURN: Final = "(It is your turn.)"
"""What an agent is told that has nothing new to read: a model must be asked something."""

MAX_TOLD: Final = 200
"""Texts that an agent is told at once at the most."""


@dataclass(frozen=True, slots=True)
class TurnLimits:
    model_calls: int
    tool_seconds: float
    history_entries: int


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """How a turn ended, and what of it is still to be stored together with what follows from it.

    ``named`` is the next speaker by a tool's result, ``transfer_to`` by the model's choice. With ``asks`` it has not
    ended: tools wait for people. ``output`` is the structured output, if there was one.
    """

    point: SafePoint
    text: str | None = None
    asks: tuple[PendingInput, ...] = ()
    named: str | None = None
    transfer_to: str | None = None
    output: dict[str, Any] | None = None


class Turn:
    """One agent speaking once: its model calls and tool calls, up to its text or its handing over."""

    def __init__(
        self,
        *,
        spec: WorkflowSpec,
        agent: AgentSpec,
        toolbox: Toolbox,
        hooks: WorkflowHooks,
        model: ModelConfig,
        scribe: Scribe,
        store: SliceStore,
        sender: Sender,
        budget: Budget,
        secrets: ToolSecrets,
        spans: SliceSpans,
        accounts: Accounts,
        limits: TurnLimits,
        clock: Callable[[], datetime],
    ) -> None:
        self._spec = spec
        self._agent = agent
        self._toolbox = toolbox
        self._hooks = hooks
        self._model = model
        self._scribe = scribe
        self._store = store
        self._budget = budget
        self._spans = spans
        self._accounts = accounts
        self._limits = limits
        self._tenant = Tenant(scribe.chat.app_id)
        self._chat_id = scribe.chat.chat_id
        self._tools = ToolCalls(
            spec=spec,
            agent=agent.name,
            toolbox=toolbox,
            scribe=scribe,
            store=store,
            sender=sender,
            secrets=secrets,
            spans=spans,
            seconds=limits.tool_seconds,
            clock=clock,
        )
        self._output = output_of(spec, agent.name, scribe.state.context)
        whole = self._output is not None or hooks.rewrites(agent.name)
        self._deltas = Deltas(sender, agent.name, None if whole else hidden_words(spec, agent.name))
        self._final: ModelResponse | None = None
        self._call_ms = 0
        """How long the model call took whose answer is being stored."""

    async def run(self, opening_events: Sequence[NewEvent] = ()) -> TurnEnd:
        """Open the turn if it is not open yet, and bring it to its end.

        Raises
        ------
        BudgetSpent
            The turn stays open at its last safe point.
        ToBeCancelled
            Somebody wants the chat to stop.
        MozaiksError
            What ended it: ``MODEL_…``, ``TOOL_LOOP``, ``SCHEMA_VALIDATION_FAILED``, ``LEASE_LOST``,
            ``DATABASE_UNAVAILABLE`` and others.
        """
        if self._scribe.state.open_turn is None:
            await self._open(opening_events)
        elif opening_events:
            # A new run takes up a turn that a former one left open: an answer came, or a failed chat is tried again.
            await self._write(SafePoint(events=[*opening_events]))
        if self._open_turn.auto_call is not None:
            return await self._auto_tool(self._open_turn.auto_call)
        agent = Agent(
            self._agent.name,
            config=self._model,
            tools=self._toolbox.of_agent(self._agent.name),
            middleware=[Middleware(_Guard, turn=self)],
        )
        prompt = await self._prompt()
        schema = None if self._output is None else DeclaredOutput(self._output.model_name, self._output.json_schema)
        while True:
            events = await self._history()
            stream = TurnStream(
                events[-1], on_chunk=self._deltas.add, on_response=self._on_response, on_results=self._on_results
            )
            await agent.resume(*events, stream=stream, prompt=prompt, response_schema=schema)
            if self._final is None:
                return self._end_at_tools()
            if (end := await self._end_with_answer(self._final)) is not None:
                return end
            self._final = None

    # --- the beginning ----------------------------------------------------------------------------------------------

    async def _open(self, opening_events: Sequence[NewEvent]) -> None:
        state, name = self._scribe.state, self._agent.name
        point = SafePoint(events=[*opening_events])
        await self._hooks.lifecycle("before_agent", name, point)
        cursor = state.cursors.get(name, 0)
        lines: list[tuple[str, str]] = []
        # An agent that was silent for long is told the newest of what it missed; the log keeps the rest.
        for event in await self._store.newest_texts(self._tenant, self._chat_id, cursor, MAX_TOLD):
            cursor = event.seq
            speaker = event.data["agent"]
            if speaker is None and event.seq > state.inbox_seen:
                state.inbox_seen, state.replies = event.seq, 0
            if speaker != name:
                lines.append((speaker or "user", event.data["content"]))
        state.cursors[name] = cursor
        state.turns += 1
        state.open_turn = OpenTurn(name, state.turns)
        selected: SelectSpeaker = {"agent": name}
        point.events.append(NewEvent("chat.select_speaker", selected, agent=name))
        told = await self._hooks.process("process_last_received_message", name, _told(lines), point)
        point.history.append((name, encode_request(told)))
        await self._write(point)

    async def _prompt(self) -> list[str]:
        point = SafePoint()
        message = await self._hooks.agent_state(self._agent.name, self._agent.system_message, point)
        if point.events or point.context:
            await self._write(point)
        state = self._scribe.state
        # Whoever goes on after the chat's children is shown what came of them, whatever the manifest exposes.
        also = (CHILD_RESULTS,) if state.results_for == self._agent.name else ()
        sections = (message, exposed(self._spec, self._agent.name, state.context, also=also))
        return [section for section in sections if section]

    async def _history(self) -> list[BaseEvent]:
        """What the agent has seen and done, the trigger last."""
        stored = await self._store.history(self._tenant, self._chat_id, self._agent.name, self._limits.history_entries)
        # Cut where a request begins: results without their calls, or calls without theirs, are refused.
        first = next((place for place, entry in enumerate(stored) if entry["kind"] == "request"), 0)
        events = [decode(entry) for entry in stored[first:]]
        last = events[-1]
        if isinstance(last, ModelResponse):
            # Stopped between the model's response and its results: the calls are the trigger.
            await self._tools.resume(last.tool_calls.calls)
            events.append(ToolCallsEvent(list(last.tool_calls.calls)))
        return events

    # --- the end ----------------------------------------------------------------------------------------------------
    # What came of the turn is not stored here: it belongs with the decision who speaks next.

    def _end_at_tools(self) -> TurnEnd:
        point = SafePoint()
        # Before anybody is asked: a chat that waits would leave the broken call until people have answered.
        self._tools.check()
        if self._tools.asks:
            return self._asking()
        # AG2 ends a turn at a final tool and writes no results for the batch; the provider insists on them.
        self._tools.add_results(point)
        named, chosen = self._tools.target()
        return TurnEnd(point, named=named, transfer_to=chosen)

    async def _end_with_answer(self, response: ModelResponse) -> TurnEnd | None:
        """The end of the turn, or ``None``: the answer did not keep to its model and was asked for again."""
        point, output = SafePoint(), self._output
        text = response.content or ""
        if output is None:
            return TurnEnd(point, text=await self._say(point, response))
        value = checked(output, text)
        if not isinstance(value, Fault):
            return await self._end_with_output(output, response, value)
        if not self._open_turn.repaired:
            self._open_turn.repaired = True
            await self._account(point, response)
            point.history.append((self._agent.name, encode_request(repair_request(output, value))))
            await self._write(point)
            return None
        await self._account(point, response)
        # The history must end with something to answer: the chat may be retried.
        point.history.append((self._agent.name, encode_request(repair_request(output, value))))
        await self._write(point)
        raise MozaiksError(
            "SCHEMA_VALIDATION_FAILED",
            f"the answer of {self._agent.name} does not fit {output.model_name}, asked twice: {value.words}",
            agent=self._agent.name,
            model_name=output.model_name,
        )

    async def _end_with_output(
        self, output: StructuredOutputSpec, response: ModelResponse, value: dict[str, Any]
    ) -> TurnEnd:
        point, turn = SafePoint(), self._open_turn
        text = await self._say(point, response, structured_output=value)
        key = f"{self._chat_id}:auto_{turn.no}"
        tool = self._toolbox.auto_tool(self._agent) if self._agent.auto_tool_mode else None
        ready: StructuredOutputReady = {
            "agent": self._agent.name,
            "model_name": output.model_name,
            "structured_data": value,
            "auto_tool_mode": tool is not None,
            "turn_idempotency_key": key,
        }
        point.events.append(NewEvent("chat.structured_output_ready", ready, agent=self._agent.name))
        if tool is None:
            return TurnEnd(point, text=text, output=value)
        arguments = self._toolbox.arguments_for(tool, value)
        turn.auto_call = {"id": f"auto_{turn.no}", "name": tool.name, "arguments": arguments}
        if self._spec.nested_of(self._agent.name) is not None:
            # The output may ask for children too, once the tool has had it.
            turn.auto_call["output"] = value
        point.events += self._tools.begin([_as_call(turn.auto_call)])
        await self._write(point)
        return await self._auto_tool(turn.auto_call)

    async def _auto_tool(self, stored: dict[str, Any]) -> TurnEnd:
        """Pass a stored output to its tool: once, by the journal, however often this is begun."""
        self._toolbox.of_agent(self._agent.name)
        call = _as_call(stored)
        outcome = await self._tools.run_by_itself(call)
        if outcome is None:
            return self._asking()
        point = SafePoint(events=self._tools.answered(call, outcome), context=dict(outcome["context"]))
        return TurnEnd(point, named=outcome["handoff_to"], output=stored.get("output"))

    def _asking(self) -> TurnEnd:
        return TurnEnd(SafePoint(context=self._tools.set_by_asking), asks=self._tools.asks)

    # --- what AG2 tells ---------------------------------------------------------------------------------------------

    async def _on_response(self, response: ModelResponse) -> None:
        if response.response_force:
            # AG2 made it up to end the turn. It repeats calls that are stored, which providers refuse.
            return
        self._open_turn.steps += 1
        if not response.tool_calls:
            self._final = response
            return
        point = SafePoint()
        if response.content:
            await self._say(point, response)
        else:
            await self._account(point, response)
        point.events += self._tools.begin(response.tool_calls.calls)
        await self._write(point)
        self._deltas.restart()

    async def _on_results(self, event: ToolResultsEvent) -> None:
        point = SafePoint()
        self._tools.add_results(point)
        self._tools.record(event)
        await self._write(point)

    # --- what the guard asks ----------------------------------------------------------------------------------------

    async def call_model(
        self, call_next: LLMCall, events: Sequence[BaseEvent], context: ConversationContext
    ) -> ModelResponse:
        """One model call, within the budget, with a usable answer."""
        turn = self._open_turn
        if turn.steps >= self._limits.model_calls:
            raise MozaiksError(
                "TOOL_LOOP",
                f"{self._agent.name} called the model {turn.steps} times in one turn without coming to an end",
            )
        if self._scribe.chat.cancel_requested:
            raise ToBeCancelled
        if self._budget.model_calls <= 0:
            raise BudgetSpent
        await self._accounts.admit(self._tenant, self._scribe.state)
        self._budget.model_calls -= 1
        self._deltas.restart()
        asked_at = time.perf_counter()
        with self._spans.model_call(self._agent.name, self._model) as span:
            try:
                response = await call_next(events, context)
            except MozaiksError:
                raise
            except Exception as error:
                log.warning("A model call failed: %s", type(error).__name__, exc_info=error)
                raise as_model_error(error) from error
            note_answer(span, response)
        self._call_ms = milliseconds_since(asked_at)
        try:
            return cleaned(response, f"call_{turn.no}_{turn.steps}")
        except MozaiksError:
            self._scribe.spent(await self._accounts.call(self._agent.name, response, self._call_ms))
            raise

    async def call_tool(
        self, call_next: ToolExecution, event: ToolCallEvent, context: ConversationContext
    ) -> ToolResultType:
        return await self._tools.call(call_next, event, context)

    # --- what is stored ---------------------------------------------------------------------------------------------

    @property
    def _open_turn(self) -> OpenTurn:
        turn = self._scribe.state.open_turn
        if turn is None:
            raise MozaiksError("INTERNAL", "a turn went on that is not open")
        return turn

    async def _write(self, point: SafePoint) -> None:
        apply_changes(self._spec, self._scribe.state, point)
        await self._scribe.write(point)

    async def _say(self, point: SafePoint, response: ModelResponse, structured_output: Any = None) -> str:
        """Add a text to a safe point, with the variables it sets and the usage. Returns it as users read it."""
        name = self._agent.name
        spoken = await self._hooks.process("process_message_before_send", name, response.content or "", point)
        values, concealed = text_triggers(self._spec, name, response.content or "")
        point.context.update(values)
        text: Text = {
            "agent": name,
            "content": spoken,
            "message_id": self._deltas.message_id,
            "role": "assistant",
            "is_visual": self._scribe.chat.greeting.shows(name) and not concealed,
            "is_structured_capable": any(output.agent == name for output in self._spec.structured_outputs),
            "is_tool_agent": bool(self._spec.tools_of(name)),
        }
        if structured_output is not None:
            text["structured_output"] = structured_output
        point.events.append(NewEvent("chat.text", text, agent=name, concealed=concealed))
        await self._account(point, response)
        return spoken

    async def _account(self, point: SafePoint, response: ModelResponse) -> None:
        """Add a response to the agent's history, and its usage to the log."""
        name = self._agent.name
        point.history.append((name, encode_response(response)))
        call = await self._accounts.call(name, response, self._call_ms)
        point.calls.append(call)
        point.events.append(usage_event(call))


class _Guard(BaseMiddleware):
    """Stands between AG2 and the outside: model calls and tool calls go through the turn."""

    def __init__(self, event: BaseEvent, context: ConversationContext, turn: Turn) -> None:
        super().__init__(event, context)
        self._turn = turn

    async def on_llm_call(
        self, call_next: LLMCall, events: Sequence[BaseEvent], context: ConversationContext
    ) -> ModelResponse:
        return await self._turn.call_model(call_next, events, context)

    async def on_tool_execution(
        self, call_next: ToolExecution, event: ToolCallEvent, context: ConversationContext
    ) -> ToolResultType:
        return await self._turn.call_tool(call_next, event, context)


def _told(lines: list[tuple[str, str]]) -> str:
    """What an agent has not read yet, as one message. A user's lone message stands as it is."""
    if not lines:
        return YOUR_TURN
    if len(lines) == 1 and lines[0][0] == "user":
        return lines[0][1]
    return "\n\n".join(f"[{speaker}]: {text}" for speaker, text in lines)


def _as_call(stored: dict[str, Any]) -> ToolCallEvent:
    return ToolCallEvent(id=stored["id"], name=stored["name"], arguments=stored["arguments"])
