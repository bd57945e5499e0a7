"""One turn of one agent on AG2: opened, resumed from wherever it stands, and ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ag2 import Agent
from ag2.config import ModelConfig
from ag2.context import ConversationContext
from ag2.events import (
    BaseEvent,
    ModelResponse,
    TextInput,
    ToolCallEvent,
    ToolCallsEvent,
    ToolErrorEvent,
    ToolResult,
    ToolResultEvent,
    ToolResultsEvent,
)
from ag2.middleware import BaseMiddleware, Middleware
from ag2.middleware.base import LLMCall, ToolExecution, ToolResultType

from mozaiks.access.principal import Tenant
from mozaiks.chats.events import (
    NewEvent,
    SelectSpeaker,
    Text,
    ToolCall,
    ToolProgress,
    ToolResponse,
    UsageDelta,
    envelope,
    new_id,
)
from mozaiks.engine.answers import arguments_of, cleaned, usage_of
from mozaiks.engine.budget import Budget, BudgetSpent
from mozaiks.engine.codec import decode, encode_request, encode_response, encode_results
from mozaiks.engine.model_client import as_model_error
from mozaiks.engine.ports import Sender, SliceStore
from mozaiks.engine.safe_point import SafePoint, Scribe
from mozaiks.engine.state import OpenTurn
from mozaiks.engine.stream import TurnStream
from mozaiks.engine.tools import CURRENT_CALL, Toolbox, ToolCallScope, ToolOutcome, failed, finished
from mozaiks.errors import MozaiksError
from mozaiks.manifests.spec import AgentSpec, WorkflowSpec

__all__ = ["Turn", "TurnEnd", "TurnLimits"]

log = logging.getLogger("mozaiks.engine")

YOUR_TURN: Final = "(It is your turn.)"
"""What an agent is told that has nothing new to read: a model must be asked something."""

_TEXTS_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class TurnLimits:
    model_calls: int
    tool_seconds: float


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """How a turn ended, and what of it is still to be stored together with what follows from it."""

    point: SafePoint
    text: str | None
    transfer_to: str | None


class Turn:
    """One agent speaking once: its model calls and tool calls, up to its text or its handing over."""

    def __init__(
        self,
        *,
        spec: WorkflowSpec,
        agent: AgentSpec,
        toolbox: Toolbox,
        model: ModelConfig,
        scribe: Scribe,
        store: SliceStore,
        sender: Sender,
        budget: Budget,
        limits: TurnLimits,
        clock: Callable[[], datetime],
    ) -> None:
        self._spec = spec
        self._agent = agent
        self._toolbox = toolbox
        self._model = model
        self._scribe = scribe
        self._store = store
        self._sender = sender
        self._budget = budget
        self._limits = limits
        self._clock = clock
        self._tenant = Tenant(scribe.chat.app_id)
        self._chat_id = scribe.chat.chat_id
        self._outcomes: dict[str, ToolOutcome] = {}
        self._batch: list[ToolCallEvent] = []
        self._final: ModelResponse | None = None
        self._broken: Exception | None = None
        self._message_id = new_id()
        self._offset = 0

    async def run(self, opening_events: Sequence[NewEvent] = ()) -> TurnEnd:
        """Open the turn if it is not open yet, and bring it to its end.

        Raises
        ------
        BudgetSpent
            The budget is spent; the turn stays open at its last safe point.
        MozaiksError
            What ended it: ``MODEL_…``, ``TOOL_LOOP``, ``LEASE_LOST``, ``DATABASE_UNAVAILABLE`` and others.
        """
        if self._scribe.state.open_turn is None:
            await self._open(opening_events)
        events = [decode(entry) for entry in await self._store.history(self._tenant, self._chat_id, self._agent.name)]
        if isinstance(events[-1], ModelResponse):
            # Stopped between the model's response and its results: the calls are the trigger, and the journal keeps
            # the finished ones from running again.
            self._batch = list(events[-1].tool_calls.calls)
            kept = await self._store.tool_results(self._tenant, self._chat_id, [call.id for call in self._batch])
            self._outcomes = {call_id: _as_outcome(result) for call_id, result in kept.items()}
            events.append(ToolCallsEvent(self._batch))
        agent = Agent(
            self._agent.name,
            config=self._model,
            tools=self._toolbox.of_agent(self._agent.name),
            middleware=[Middleware(_Guard, turn=self)],
        )
        stream = TurnStream(
            events[-1], on_chunk=self._on_chunk, on_response=self._on_response, on_results=self._on_results
        )
        prompt = [self._agent.system_message] if self._agent.system_message else []
        await agent.resume(*events, stream=stream, prompt=prompt)
        return self._end()

    async def _open(self, opening_events: Sequence[NewEvent]) -> None:
        state, name = self._scribe.state, self._agent.name
        cursor = state.cursors.get(name, 0)
        lines: list[tuple[str, str]] = []
        while page := await self._store.texts_after(self._tenant, self._chat_id, cursor, _TEXTS_PAGE):
            for event in page:
                cursor = event.seq
                speaker = event.data["agent"]
                if speaker is None:
                    state.inbox_seen = max(state.inbox_seen, event.seq)
                if speaker != name:
                    lines.append((speaker or "user", event.data["content"]))
            if len(page) < _TEXTS_PAGE:
                break
        state.cursors[name] = cursor
        state.turns += 1
        state.open_turn = OpenTurn(name, state.turns)
        selected: SelectSpeaker = {"agent": name}
        await self._scribe.write(
            SafePoint(
                events=[*opening_events, NewEvent("chat.select_speaker", selected, agent=name)],
                history=[(name, encode_request(_told(lines)))],
            )
        )

    def _end(self) -> TurnEnd:
        """What came of the turn. Nothing of it is stored here: it belongs with the decision who speaks next."""
        point = SafePoint()
        if self._final is not None:
            self._say(point, self._final)
            return TurnEnd(point, self._final.content, None)
        # AG2 ends a turn at a final tool and writes no results for the batch; the provider insists on them.
        self._add_results(point)
        target = next(
            (
                target
                for call in self._batch
                if (target := self._toolbox.transfer_target(self._agent.name, call.name)) is not None
            ),
            None,
        )
        return TurnEnd(point, None, target)

    # --- what AG2 tells ---------------------------------------------------------------------------------------------

    def _on_chunk(self, content: str) -> None:
        if not content:
            return
        self._sender.delta(self._agent.name, self._message_id, self._offset, content)
        # UTF-16 units: what `length` counts in the browsers that merge these.
        self._offset += len(content) if content.isascii() else len(content.encode("utf-16-le", "replace")) // 2

    async def _on_response(self, response: ModelResponse) -> None:
        if response.response_force:
            # AG2 made it up to end the turn. It repeats calls that are stored, which providers refuse.
            return
        turn = self._open_turn
        turn.steps += 1
        if not response.tool_calls:
            self._final = response
            return
        self._batch = list(response.tool_calls.calls)
        self._outcomes = {}
        point = SafePoint()
        self._say(point, response)
        for call in self._batch:
            if self._toolbox.transfer_target(self._agent.name, call.name) is None:
                data: ToolCall = {
                    "tool_name": call.name,
                    "tool_call_id": call.id,
                    "corr": call.id,
                    "agent": self._agent.name,
                    "arguments": arguments_of(call.arguments),
                    "awaiting_response": False,
                }
                point.events.append(NewEvent("chat.tool_call", data, agent=self._agent.name))
        await self._scribe.write(point)
        self._message_id, self._offset = new_id(), 0

    async def _on_results(self, event: ToolResultsEvent) -> None:
        point = SafePoint()
        self._add_results(point)
        for place, result in enumerate(event.results):
            text = self._outcomes[result.parent_id]["text"]
            event.results[place] = ToolResultEvent(
                parent_id=result.parent_id, name=result.name, result=ToolResult(TextInput(text))
            )
        await self._scribe.write(point)

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
        if self._budget.model_calls <= 0:
            raise BudgetSpent
        self._budget.model_calls -= 1
        self._message_id, self._offset = new_id(), 0
        try:
            response = await call_next(events, context)
        except MozaiksError:
            raise
        except Exception as error:
            log.warning("A model call failed: %s", type(error).__name__, exc_info=error)
            raise as_model_error(error) from error
        return cleaned(response, f"call_{turn.no}_{turn.steps}")

    async def call_tool(
        self, call_next: ToolExecution, event: ToolCallEvent, context: ConversationContext
    ) -> ToolResultType:
        """One tool call: from the journal if it ran before, else run and kept there before anybody hears of it."""
        target = self._toolbox.transfer_target(self._agent.name, event.name)
        if target is not None:
            self._outcomes[event.id] = finished(f"Handed over to {target}.", {})
            return await call_next(event, context)
        outcome = self._outcomes.get(event.id)
        if outcome is None:
            try:
                ran = await self._run_tool(call_next, event, context)
                kept = await self._store.keep_result(
                    self._tenant, self._chat_id, event.id, event.name, dict(ran), self._clock()
                )
            except Exception as error:
                # AG2 would tell the model that its tool failed. It did not: we did. The turn ends at the results.
                self._broken = error
                raise
            outcome = self._outcomes[event.id] = _as_outcome(kept)
        return ToolResultEvent.from_call(event, ToolResult(TextInput(outcome["text"])))

    async def _run_tool(
        self, call_next: ToolExecution, event: ToolCallEvent, context: ConversationContext
    ) -> ToolOutcome:
        spec = self._toolbox.spec_of(event.name)
        seconds = (spec.timeout if spec is not None else None) or self._limits.tool_seconds
        changes = _Variables(self._scribe.state.context)
        scope = ToolCallScope(self._injections(event, changes))
        token = CURRENT_CALL.set(scope)
        try:
            async with asyncio.timeout(seconds) as timer:
                result = await call_next(event, context)
        except TimeoutError:
            if not timer.expired():
                raise
            return failed(f"the tool took longer than {seconds:g} s", status="timeout", context=changes.changed)
        finally:
            CURRENT_CALL.reset(token)
        if isinstance(result, ToolErrorEvent):
            log.warning("The tool %s failed", event.name, exc_info=result.error)
            return failed(result.error, context=changes.changed)
        return finished(scope.returned, changes.changed)

    def _injections(self, event: ToolCallEvent, variables: _Variables) -> dict[str, Any]:
        chat, agent = self._scribe.chat, self._agent.name

        async def progress(percent: float, message: str = "") -> None:
            data: ToolProgress = {
                "tool_name": event.name,
                "tool_call_id": event.id,
                "progress_percent": float(percent),
                "status_message": str(message)[:500],
            }
            self._sender.show(agent, envelope("tool_progress", chat.chat_id, data, at=self._clock()))

        return {
            "chat_id": chat.chat_id,
            "app_id": chat.app_id,
            "user_id": chat.user_id,
            "workflow_name": chat.workflow_name,
            "agent_name": agent,
            "context_variables": variables,
            "turn_idempotency_key": f"{chat.chat_id}:{event.id}",
            "progress": progress,
        }

    # --- what is stored ---------------------------------------------------------------------------------------------

    @property
    def _open_turn(self) -> OpenTurn:
        turn = self._scribe.state.open_turn
        if turn is None:
            raise MozaiksError("INTERNAL", "a turn went on that is not open")
        return turn

    def _say(self, point: SafePoint, response: ModelResponse) -> None:
        """Add a response to a safe point: the agent's history, the text if there is one, the usage."""
        name, usage = self._agent.name, usage_of(response)
        point.history.append((name, encode_response(response)))
        point.usage = usage
        if response.content:
            text: Text = {
                "agent": name,
                "content": response.content,
                "message_id": self._message_id,
                "role": "assistant",
                "is_visual": self._scribe.chat.greeting.shows(name),
                "is_structured_capable": any(output.agent == name for output in self._spec.structured_outputs),
                "is_tool_agent": bool(self._spec.tools_of(name)),
            }
            point.events.append(NewEvent("chat.text", text, agent=name))
        delta: UsageDelta = {
            "agent": name,
            "model": response.model,
            "prompt_tokens": usage["prompt_tokens"],
            "completion_tokens": usage["completion_tokens"],
            "cached_tokens": usage["cached_tokens"],
            "total_tokens": usage["total_tokens"],
        }
        point.events.append(NewEvent("chat.usage_delta", delta, agent=name))

    def _add_results(self, point: SafePoint) -> None:
        """Add the results of the batch: to the agent's history, to the log, and their changes to the variables."""
        if self._broken is not None:
            raise self._broken
        name = self._agent.name
        rows = []
        for call in self._batch:
            outcome = self._outcomes.setdefault(call.id, self._no_such_tool(call))
            rows.append((call.id, call.name, outcome["text"]))
            self._scribe.state.context.update(outcome["context"])
            if self._toolbox.transfer_target(name, call.name) is None:
                data: ToolResponse = {
                    "tool_name": call.name,
                    "tool_call_id": call.id,
                    "corr": call.id,
                    "agent": name,
                    "success": outcome["status"] == "ok",
                    "status": outcome["status"],
                    "content": outcome["content"],
                }
                point.events.append(NewEvent("chat.tool_response", data, agent=name))
        point.history.append((name, encode_results(rows)))

    def _no_such_tool(self, call: ToolCallEvent) -> ToolOutcome:
        names = ", ".join(sorted(tool.name for tool in self._toolbox.of_agent(self._agent.name)))
        return failed(f"there is no tool {call.name!r:.80}; there are: {names or 'none'}")


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


class _Variables(dict[str, Any]):
    """The context variables as a tool sees them: a copy that remembers what was set."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.changed: dict[str, Any] = {}

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self.changed[name] = value

    def set(self, name: str, value: Any) -> None:
        """The same as assigning, for tools written in that style."""
        self[name] = value

    def update(self, *values: Any, **named: Any) -> None:
        for name, value in dict(*values, **named).items():
            self[name] = value


def _told(lines: list[tuple[str, str]]) -> str:
    """What an agent has not read yet, as one message. A user's lone message stands as it is."""
    if not lines:
        return YOUR_TURN
    if len(lines) == 1 and lines[0][0] == "user":
        return lines[0][1]
    return "\n\n".join(f"[{speaker}]: {text}" for speaker, text in lines)


def _as_outcome(kept: dict[str, Any]) -> ToolOutcome:
    return {"status": kept["status"], "content": kept["content"], "text": kept["text"], "context": kept["context"]}
