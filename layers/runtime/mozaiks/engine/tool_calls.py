"""The tool calls of one turn: run once each, kept in the journal before anybody hears of it, told to log and model."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import traceback
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from ag2.context import ConversationContext
from ag2.events import (
    ClientToolCallEvent,
    TextInput,
    ToolCallEvent,
    ToolErrorEvent,
    ToolResult,
    ToolResultEvent,
    ToolResultsEvent,
)
from ag2.middleware.base import ToolExecution, ToolResultType
from pydantic import ValidationError

from mozaiks.access.principal import Tenant
from mozaiks.authoring import Ask
from mozaiks.chats.events import NewEvent, ToolCall, ToolProgress, ToolResponse, envelope
from mozaiks.chats.states import PendingInput, pending_input
from mozaiks.engine.answers import arguments_of
from mozaiks.engine.codec import encode_results
from mozaiks.engine.context import response_triggers
from mozaiks.engine.ports import Sender, SliceStore
from mozaiks.engine.safe_point import SafePoint, Scribe
from mozaiks.engine.spans import SliceSpans, note_tool
from mozaiks.engine.tool_secrets import ToolSecrets
from mozaiks.engine.tools import CURRENT_CALL, Toolbox, ToolCallScope, ToolOutcome, failed, finished
from mozaiks.engine.variables import Variables
from mozaiks.manifests.spec import ToolKind, ToolSpec, WorkflowSpec

__all__ = ["ToolCalls", "announced_late", "as_outcome", "needs_people", "response_event", "shown_late"]

log = logging.getLogger("mozaiks.engine")


class ToolCalls:
    """The calls of the model's newest response, and what became of each."""

    def __init__(
        self,
        *,
        spec: WorkflowSpec,
        agent: str,
        toolbox: Toolbox,
        scribe: Scribe,
        store: SliceStore,
        sender: Sender,
        secrets: ToolSecrets,
        spans: SliceSpans,
        seconds: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._spec = spec
        self._agent = agent
        self._toolbox = toolbox
        self._scribe = scribe
        self._store = store
        self._sender = sender
        self._secrets = secrets
        self._spans = spans
        self._seconds = seconds
        self._clock = clock
        self._tenant = Tenant(scribe.chat.app_id)
        self._chat_id = scribe.chat.chat_id
        self._batch: Sequence[ToolCallEvent] = ()
        self._outcomes: dict[str, ToolOutcome] = {}
        self._kept: dict[str, dict[str, Any]] = {}
        self._asks: dict[str, PendingInput] = {}
        self._set_by_asking: dict[str, Any] = {}
        self._broken: Exception | None = None

    @property
    def asks(self) -> tuple[PendingInput, ...]:
        """What people must answer before the batch is done, in the order of the calls."""
        return tuple(self._asks[call.id] for call in self._batch if call.id in self._asks)

    @property
    def set_by_asking(self) -> dict[str, Any]:
        """The variables that tools set before they asked: they count while people think."""
        return dict(self._set_by_asking)

    def begin(self, calls: Sequence[ToolCallEvent]) -> list[NewEvent]:
        """Take the calls of a new response. Returns what the log says of them.

        It does not mention transfers; what people must answer is announced when it is asked, and what code makes for
        them to see, when it is made.
        """
        self._batch, self._outcomes, self._kept, self._asks = list(calls), {}, {}, {}
        self._set_by_asking = {}
        return [
            self.announced(call)
            for call in self._batch
            if self._transfer(call) is None and not announced_late(self._toolbox.spec_of(call.name))
        ]

    async def resume(self, calls: Sequence[ToolCallEvent]) -> None:
        """Take the calls of a response that a former slice stored, with the results that are in the journal."""
        self._batch = list(calls)
        await self._look_up(call.id for call in self._batch)
        self._outcomes = {call.id: as_outcome(self._kept[call.id]) for call in self._batch if call.id in self._kept}

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
        if outcome is None:
            # AG2 ends the turn for it once its siblings are done.
            return ClientToolCallEvent.from_call(event)
        # Final: a result that names the next speaker ends the turn without another model call.
        final = outcome.get("handoff_to") is not None
        return ToolResultEvent.from_call(event, ToolResult(TextInput(outcome["text"]), final=final))

    async def run_by_itself(self, event: ToolCallEvent) -> ToolOutcome | None:
        """Run a tool that no model asked for, under the same journal. ``None``: people must answer first."""
        await self.resume([event])
        return await self._outcome(self._toolbox.execution(event.name), event, None)

    def record(self, event: ToolResultsEvent) -> None:
        """Let the model read our words for each result instead of AG2's, which may be a traceback."""
        for place, result in enumerate(event.results):
            text = self._outcomes[result.parent_id]["text"]
            event.results[place] = ToolResultEvent(
                parent_id=result.parent_id, name=result.name, result=ToolResult(TextInput(text))
            )

    def check(self) -> None:
        """Raise what kept a call from being carried out or kept; a tool that fails is an outcome, and not meant."""
        if self._broken is not None:
            raise self._broken

    def add_results(self, point: SafePoint) -> None:
        """Add the results of the batch to a safe point: history, log, and the variables they changed."""
        self.check()
        rows = []
        for call in self._batch:
            outcome = self._outcomes.setdefault(call.id, self._no_such_tool(call))
            rows.append((call.id, call.name, outcome["text"]))
            point.context.update(outcome["context"])
            if self._transfer(call) is None:
                point.events += self.answered(call, outcome)
        point.history.append((self._agent, encode_results(rows)))

    def target(self) -> tuple[str | None, str | None]:
        """Where the batch takes the chat: (named by a tool's result, chosen by the model)."""
        named = next((to for call in self._batch if (to := self._outcomes[call.id].get("handoff_to"))), None)
        chosen = next((to for call in self._batch if (to := self._transfer(call)) is not None), None)
        return named, chosen

    def announced(self, call: ToolCallEvent, *, shown: bool = True) -> NewEvent:
        """What the log says of a call, with its component unless nothing came to be ``shown``."""
        data: ToolCall = {
            "tool_name": call.name,
            "tool_call_id": call.id,
            "corr": call.id,
            "agent": self._agent,
            "arguments": arguments_of(call.arguments),
            "awaiting_response": False,
        }
        spec = self._toolbox.spec_of(call.name)
        if spec is not None and spec.ui is not None and shown:
            data["component_type"], data["display"] = spec.ui.component, spec.ui.mode
            data["interaction_type"], data["payload"] = "ui_tool", self._payload(call, data["arguments"])
        return NewEvent("chat.tool_call", data, agent=self._agent)

    def answered(self, call: ToolCallEvent, outcome: ToolOutcome) -> list[NewEvent]:
        """What the log says of a result; before it the call itself, where it could not be told until now."""
        told = [response_event(self._agent, call.id, call.name, outcome)]
        spec, ok = self._toolbox.spec_of(call.name), outcome["status"] == "ok"
        # A call that was asked leave for is in the log already.
        if spec is not None and shown_late(spec) and (ok or not spec.requires_approval):
            told.insert(0, self.announced(call, shown=ok))
        return told

    def _payload(self, call: ToolCallEvent, arguments: dict[str, Any]) -> Any:
        made = self._kept.get(f"{call.id}:payload", {}).get("payload")
        return arguments if made is None else made

    # --- one call ---------------------------------------------------------------------------------------------------

    async def _outcome(
        self, call_next: ToolExecution, event: ToolCallEvent, context: ConversationContext | None
    ) -> ToolOutcome | None:
        """What came of a call; ``None`` while people must answer."""
        if event.id not in self._outcomes:
            spec = self._toolbox.spec_of(event.name)
            with self._spans.tool_call(self._agent, None if spec is None else spec.name, event.id) as span:
                found = await self._found(call_next, event, context)
                if isinstance(found, dict) and "request_id" in found:
                    note_tool(span, "asked")
                    self._asks[event.id] = found  # type: ignore[assignment]
                    return None
                kept = await self._keep(event, event.id, dict(found))
                self._outcomes[event.id] = as_outcome(kept)
                note_tool(span, self._outcomes[event.id]["status"])
        return self._outcomes[event.id]

    async def _found(
        self, call_next: ToolExecution, event: ToolCallEvent, context: ConversationContext | None
    ) -> ToolOutcome | PendingInput:
        spec = self._toolbox.spec_of(event.name)
        if spec is not None and spec.requires_approval:
            approval = self._kept.get(f"{event.id}:approval")
            if approval is None:
                return self._request("approval", event, spec, arguments_of(event.arguments))
            if not approval["approved"]:
                reason = approval.get("reason") or ("nobody answered in time" if approval.get("timed_out") else "")
                return failed(f"the user did not approve this call{': ' + reason if reason else ''}", status="denied")
        if spec is not None and spec.kind is ToolKind.UI_TOOL:
            return await self._component(call_next, event, context, spec)
        if (asked := self._kept.get(f"{event.id}:ask")) is not None:
            answer = self._kept.get(f"{event.id}:answer")
            return self._question(event, asked) if answer is None else finished(answer["response"], {})
        outcome, returned = await self._run(call_next, event, context)
        if not isinstance(returned, Ask):
            return outcome
        asked = {**dataclasses.asdict(returned), "context": outcome["context"]}
        asked = await self._keep(event, f"{event.id}:ask", asked)
        return self._question(event, asked)

    async def _component(
        self, call_next: ToolExecution, event: ToolCallEvent, context: ConversationContext | None, spec: ToolSpec
    ) -> ToolOutcome | PendingInput:
        """A call that is shown to the user. Its function, if it has one, makes the payload, and may read the answer."""
        waits = spec.ui is None or spec.ui.awaits_response
        answer = self._kept.get(f"{event.id}:answer")
        reads_answer = self._toolbox.takes(spec, "ui_response")
        if answer is not None:
            response = answer["response"]
            set_by_answer = response_triggers(self._spec, spec.name, response)
            if not reads_answer:
                return finished(response, set_by_answer)
            outcome, _ = await self._run(call_next, event, context, ui_response=response)
            return {**outcome, "context": {**set_by_answer, **outcome["context"]}}
        payload: Any = arguments_of(event.arguments)
        set_by_code: dict[str, Any] = {}
        if spec.function is not None:
            prepared = self._kept.get(f"{event.id}:payload")
            if prepared is None:
                outcome, _ = await self._run(call_next, event, context)
                if outcome["status"] != "ok":
                    return outcome
                made = {"payload": outcome["content"], "context": outcome["context"]}
                prepared = self._kept[f"{event.id}:payload"] = await self._keep(event, f"{event.id}:payload", made)
            set_by_code = prepared.get("context", {})
            payload = self._payload(event, payload)
        if waits:
            self._set_by_asking |= set_by_code
            return self._request("ui_tool", event, spec, payload)
        return finished({"shown": True}, set_by_code)

    def _request(
        self, kind: Literal["ui_tool", "approval"], event: ToolCallEvent, spec: ToolSpec, payload: Any
    ) -> PendingInput:
        # A UI tool's component is for its own question, which follows the approval.
        ui = spec.ui if kind == "ui_tool" or spec.kind is ToolKind.AGENT_TOOL else None
        return pending_input(
            kind,
            agent=self._agent,
            prompt=spec.description if kind == "ui_tool" else f"{self._agent} wants to run {spec.name}.",
            # Its time-out is a person's here: the code that makes the payload is quick.
            expires_at=None if spec.timeout is None else self._clock() + timedelta(seconds=spec.timeout),
            on_timeout="default" if kind == "approval" else "fail",
            tool_name=event.name,
            tool_call_id=event.id,
            schema=ui.response_schema if ui is not None and kind == "ui_tool" else None,
            secrets=ui.secrets if ui is not None and kind == "ui_tool" else None,
            component=ui.component if ui is not None else None,
            mode=ui.mode if ui is not None else None,
            payload=payload,
        )

    def _question(self, event: ToolCallEvent, asked: dict[str, Any]) -> PendingInput:
        expires_in = asked["expires_in"]
        self._set_by_asking |= asked.get("context", {})
        return pending_input(
            "input",
            agent=self._agent,
            prompt=asked["prompt"],
            schema=asked["schema"],
            expires_at=None if expires_in is None else self._clock() + timedelta(seconds=expires_in),
            on_timeout=asked["on_timeout"],
            default=asked["default"],
            tool_name=event.name,
            tool_call_id=event.id,
        )

    async def _run(
        self,
        call_next: ToolExecution,
        event: ToolCallEvent,
        context: ConversationContext | None,
        ui_response: Any = None,
    ) -> tuple[ToolOutcome, Any]:
        """Run the tool's code. Returns the outcome, and what it returned; masks stand for the secrets in both."""
        outcome, returned = await self._ran(call_next, event, context, ui_response)
        redaction = self._secrets.redaction
        if not redaction.active:
            return outcome, returned
        for part in ("content", "context"):
            outcome[part] = redaction.json(outcome[part])
        outcome["text"] = redaction.text(outcome["text"])
        return outcome, Ask(**redaction.json(dataclasses.asdict(returned))) if isinstance(returned, Ask) else None

    async def _ran(
        self, call_next: ToolExecution, event: ToolCallEvent, context: ConversationContext | None, ui_response: Any
    ) -> tuple[ToolOutcome, Any]:
        spec = self._toolbox.spec_of(event.name)
        people = needs_people(spec)
        seconds = (spec.timeout if spec is not None and not people else None) or self._seconds
        variables = Variables(self._scribe.state.context)
        scope = ToolCallScope({**self._injections(event, variables), "ui_response": ui_response})
        token = CURRENT_CALL.set(scope)
        try:
            async with asyncio.timeout(seconds) as timer:
                result = await call_next(event, context)  # type: ignore[arg-type]
        except TimeoutError:
            if not timer.expired():
                raise
            words = f"the tool took longer than {seconds:g} s"
            return failed(words, status="timeout", context=variables.changed), None
        finally:
            CURRENT_CALL.reset(token)
        if isinstance(result, ToolErrorEvent):
            return self._raised(event, result.error, variables.changed), None
        if isinstance(scope.returned, Ask):
            return finished("asked", variables.changed), scope.returned
        return finished(scope.returned, variables.changed, self._toolbox.targets), scope.returned

    def _raised(self, event: ToolCallEvent, error: Exception, context: dict[str, Any]) -> ToolOutcome:
        redaction = self._secrets.redaction
        if not redaction.active:
            log.warning("The tool %s failed", event.name, exc_info=error)
            return failed(error, context=context)
        # Masked before anything is cut off: half a secret is none that could be recognised.
        trace = redaction.text("".join(traceback.format_exception(error)))
        log.warning("The tool %s failed: %s", event.name, trace)
        return failed(
            error if isinstance(error, ValidationError) else redaction.text(f"{type(error).__name__}: {error}"),
            context=context,
        )

    async def _look_up(self, call_ids: Iterable[str]) -> None:
        keys = [f"{call_id}{part}" for call_id in call_ids for part in ("", ":approval", ":answer", ":ask", ":payload")]
        self._kept = await self._store.tool_results(self._tenant, self._chat_id, keys)

    async def _keep(self, event: ToolCallEvent, key: str, result: dict[str, Any]) -> dict[str, Any]:
        return await self._store.keep_result(self._tenant, self._chat_id, key, event.name, result, self._clock())

    def _injections(self, event: ToolCallEvent, variables: Variables) -> dict[str, Any]:
        chat, agent = self._scribe.chat, self._agent

        async def progress(percent: float, message: str = "") -> None:
            data: ToolProgress = {
                "tool_name": event.name,
                "tool_call_id": event.id,
                "progress_percent": float(percent),
                "status_message": self._secrets.redaction.text(str(message))[:500],
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
            "secrets": self._secrets,
        }

    def _transfer(self, call: ToolCallEvent) -> str | None:
        return self._toolbox.transfer_target(self._agent, call.name)

    def _no_such_tool(self, call: ToolCallEvent) -> ToolOutcome:
        names = ", ".join(sorted(tool.name for tool in self._toolbox.of_agent(self._agent)))
        return failed(f"there is no tool {call.name!r:.80}; there are: {names or 'none'}")


def response_event(agent: str, call_id: str, tool_name: str, outcome: ToolOutcome) -> NewEvent:
    """What the log says of a result."""
    data: ToolResponse = {
        "tool_name": tool_name,
        "tool_call_id": call_id,
        "corr": call_id,
        "agent": agent,
        "success": outcome["status"] == "ok",
        "status": outcome["status"],
        "content": outcome["content"],
    }
    return NewEvent("chat.tool_response", data, agent=agent)


def needs_people(spec: ToolSpec | None) -> bool:
    """Whether a call of the tool waits for a person."""
    return spec is not None and (_awaits(spec) or spec.requires_approval)


def announced_late(spec: ToolSpec | None) -> bool:
    """Whether the log cannot tell of a call at once."""
    return needs_people(spec) or (spec is not None and shown_late(spec))


def shown_late(spec: ToolSpec) -> bool:
    """Whether a component that waits for nobody is shown only once code has made its payload, or a person agreed."""
    prepared = spec.function is not None or spec.requires_approval
    return spec.kind is ToolKind.UI_TOOL and not _awaits(spec) and prepared


def _awaits(spec: ToolSpec) -> bool:
    return spec.kind is ToolKind.UI_TOOL and (spec.ui is None or spec.ui.awaits_response)


def as_outcome(kept: dict[str, Any]) -> ToolOutcome:
    return {
        "status": kept["status"],
        "content": kept["content"],
        "text": kept["text"],
        "context": kept["context"],
        "handoff_to": kept.get("handoff_to"),
    }
