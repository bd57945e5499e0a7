"""The tool calls of one turn: run once each, kept in the journal before anybody hears of it, told to log and model."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from ag2.context import ConversationContext
from ag2.events import TextInput, ToolCallEvent, ToolErrorEvent, ToolResult, ToolResultEvent, ToolResultsEvent
from ag2.middleware.base import ToolExecution, ToolResultType

from mozaiks.access.principal import Tenant
from mozaiks.chats.events import NewEvent, ToolCall, ToolProgress, ToolResponse, envelope
from mozaiks.engine.answers import arguments_of
from mozaiks.engine.codec import encode_results
from mozaiks.engine.ports import Sender, SliceStore
from mozaiks.engine.safe_point import SafePoint, Scribe
from mozaiks.engine.tools import CURRENT_CALL, Toolbox, ToolCallScope, ToolOutcome, failed, finished
from mozaiks.engine.variables import Variables

__all__ = ["ToolCalls"]

log = logging.getLogger("mozaiks.engine")


class ToolCalls:
    """The calls of the model's newest response, and what became of each."""

    def __init__(
        self,
        *,
        agent: str,
        toolbox: Toolbox,
        scribe: Scribe,
        store: SliceStore,
        sender: Sender,
        seconds: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._agent = agent
        self._toolbox = toolbox
        self._scribe = scribe
        self._store = store
        self._sender = sender
        self._seconds = seconds
        self._clock = clock
        self._tenant = Tenant(scribe.chat.app_id)
        self._chat_id = scribe.chat.chat_id
        self._batch: Sequence[ToolCallEvent] = ()
        self._outcomes: dict[str, ToolOutcome] = {}
        self._broken: Exception | None = None

    def begin(self, calls: Sequence[ToolCallEvent]) -> list[NewEvent]:
        """Take the calls of a new response. Returns what the log says of them; transfers it does not mention."""
        self._batch, self._outcomes = list(calls), {}
        return [self.announced(call) for call in self._batch if self._transfer(call) is None]

    async def resume(self, calls: Sequence[ToolCallEvent]) -> None:
        """Take the calls of a response that a former slice stored, with the results that are in the journal."""
        self._batch = list(calls)
        kept = await self._store.tool_results(self._tenant, self._chat_id, [call.id for call in self._batch])
        self._outcomes = {call_id: _as_outcome(result) for call_id, result in kept.items()}

    async def call(
        self, call_next: ToolExecution, event: ToolCallEvent, context: ConversationContext
    ) -> ToolResultType:
        """Run one call, unless the journal has its result."""
        target = self._transfer(event)
        if target is not None:
            self._outcomes[event.id] = finished(f"Handed over to {target}.", {})
            return await call_next(event, context)
        try:
            outcome = await self._outcome(call_next, event, context)
        except Exception as error:
            # AG2 would tell the model that its tool failed. It did not: we did. The turn ends at the results.
            self._broken = error
            raise
        # Final: a result that names the next speaker ends the turn without another model call.
        final = outcome.get("handoff_to") is not None
        return ToolResultEvent.from_call(event, ToolResult(TextInput(outcome["text"]), final=final))

    async def run_by_itself(self, event: ToolCallEvent) -> ToolOutcome:
        """Run a tool that no model asked for, under the same journal."""
        kept = await self._store.tool_results(self._tenant, self._chat_id, [event.id])
        if event.id in kept:
            return _as_outcome(kept[event.id])
        return await self._outcome(self._toolbox.execution(event.name), event, None)

    def record(self, event: ToolResultsEvent) -> None:
        """Let the model read our words for each result instead of AG2's, which may be a traceback."""
        for place, result in enumerate(event.results):
            text = self._outcomes[result.parent_id]["text"]
            event.results[place] = ToolResultEvent(
                parent_id=result.parent_id, name=result.name, result=ToolResult(TextInput(text))
            )

    def add_results(self, point: SafePoint) -> None:
        """Add the results of the batch to a safe point: history, log, and the variables they changed."""
        if self._broken is not None:
            raise self._broken
        rows = []
        for call in self._batch:
            outcome = self._outcomes.setdefault(call.id, self._no_such_tool(call))
            rows.append((call.id, call.name, outcome["text"]))
            point.context.update(outcome["context"])
            if self._transfer(call) is None:
                point.events.append(self.answered(call, outcome))
        point.history.append((self._agent, encode_results(rows)))

    def target(self) -> tuple[str | None, str | None]:
        """Where the batch takes the chat: (named by a tool's result, chosen by the model)."""
        named = next((to for call in self._batch if (to := self._outcomes[call.id].get("handoff_to"))), None)
        chosen = next((to for call in self._batch if (to := self._transfer(call)) is not None), None)
        return named, chosen

    def announced(self, call: ToolCallEvent) -> NewEvent:
        data: ToolCall = {
            "tool_name": call.name,
            "tool_call_id": call.id,
            "corr": call.id,
            "agent": self._agent,
            "arguments": arguments_of(call.arguments),
            "awaiting_response": False,
        }
        return NewEvent("chat.tool_call", data, agent=self._agent)

    def answered(self, call: ToolCallEvent, outcome: ToolOutcome) -> NewEvent:
        """What the log says of a result."""
        data: ToolResponse = {
            "tool_name": call.name,
            "tool_call_id": call.id,
            "corr": call.id,
            "agent": self._agent,
            "success": outcome["status"] == "ok",
            "status": outcome["status"],
            "content": outcome["content"],
        }
        return NewEvent("chat.tool_response", data, agent=self._agent)

    async def _outcome(
        self, call_next: ToolExecution, event: ToolCallEvent, context: ConversationContext | None
    ) -> ToolOutcome:
        outcome = self._outcomes.get(event.id)
        if outcome is None:
            ran = await self._run(call_next, event, context)
            kept = await self._store.keep_result(
                self._tenant, self._chat_id, event.id, event.name, dict(ran), self._clock()
            )
            outcome = self._outcomes[event.id] = _as_outcome(kept)
        return outcome

    async def _run(
        self, call_next: ToolExecution, event: ToolCallEvent, context: ConversationContext | None
    ) -> ToolOutcome:
        spec = self._toolbox.spec_of(event.name)
        seconds = (spec.timeout if spec is not None else None) or self._seconds
        variables = Variables(self._scribe.state.context)
        scope = ToolCallScope(self._injections(event, variables))
        token = CURRENT_CALL.set(scope)
        try:
            async with asyncio.timeout(seconds) as timer:
                result = await call_next(event, context)  # type: ignore[arg-type]
        except TimeoutError:
            if not timer.expired():
                raise
            return failed(f"the tool took longer than {seconds:g} s", status="timeout", context=variables.changed)
        finally:
            CURRENT_CALL.reset(token)
        if isinstance(result, ToolErrorEvent):
            log.warning("The tool %s failed", event.name, exc_info=result.error)
            return failed(result.error, context=variables.changed)
        return finished(scope.returned, variables.changed, self._toolbox.targets)

    def _injections(self, event: ToolCallEvent, variables: Variables) -> dict[str, Any]:
        chat, agent = self._scribe.chat, self._agent

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

    def _transfer(self, call: ToolCallEvent) -> str | None:
        return self._toolbox.transfer_target(self._agent, call.name)

    def _no_such_tool(self, call: ToolCallEvent) -> ToolOutcome:
        names = ", ".join(sorted(tool.name for tool in self._toolbox.of_agent(self._agent)))
        return failed(f"there is no tool {call.name!r:.80}; there are: {names or 'none'}")


def _as_outcome(kept: dict[str, Any]) -> ToolOutcome:
    return {
        "status": kept["status"],
        "content": kept["content"],
        "text": kept["text"],
        "context": kept["context"],
        "handoff_to": kept.get("handoff_to"),
    }
