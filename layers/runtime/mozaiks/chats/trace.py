"""What happened in a chat and how long it took, read from its log. Pure.

An event carries the time at which it was stored. A model's call is stored with what came of it, and says itself how
long it took. Where one slice ended and the next began is not in the log: the ledger of runs keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from mozaiks.chats.events import Event
from mozaiks.chats.states import RequestKind
from mozaiks.usage.slices import MAX_SLICES

__all__ = [
    "NOT_KNOWN",
    "ModelCall",
    "Trace",
    "TracedError",
    "TracedRun",
    "TracedTool",
    "TracedTurn",
    "Wait",
    "WaitOutcome",
    "trace_of",
]

NOT_KNOWN: Final = (
    "how long a model's call took that an earlier version stored: `at_most_ms` is the time since the turn's event "
    "before it",
    "model calls whose answer was not stored",
    "slices of which nothing is kept: those that were lost before they stored a model call, those of earlier versions, "
    f"and all but the newest {MAX_SLICES} of one execution of a run",
)
"""What neither the log nor the ledger tells."""


WaitOutcome = Literal["answered", "approved", "denied", "timed_out", "dismissed", "resumed"]


@dataclass(slots=True)
class ModelCall:
    """One answer of a model. ``duration_ms``: from the request to the answer's end; ``None`` from earlier versions.

    ``at_most_ms``: since the event before it in the same turn, pauses between slices too. ``cost_usd`` is ``None``
    where the model has no price.
    """

    seq: int
    agent: str | None
    model: str | None
    at: datetime
    at_most_ms: int | None
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    total_tokens: int
    cost_usd: float | None
    duration_ms: int | None


@dataclass(slots=True)
class TracedTool:
    """One call of a tool. ``waited_for_user``: its time is that of a person."""

    seq: int
    tool_name: str
    tool_call_id: str
    agent: str | None
    started_at: datetime
    waited_for_user: bool
    ended_at: datetime | None = None
    duration_ms: int | None = None
    status: str | None = None


@dataclass(slots=True)
class TracedError:
    seq: int
    at: datetime
    code: str
    severity: str


@dataclass(slots=True)
class TracedTurn:
    """One agent speaking once. ``run_no`` is that of the run in which it began, if the log that was read tells it."""

    seq: int
    agent: str | None
    run_no: int | None
    started_at: datetime
    ended_at: datetime
    duration_ms: int = 0
    model_calls: list[ModelCall] = field(default_factory=list)
    tools: list[TracedTool] = field(default_factory=list)
    errors: list[TracedError] = field(default_factory=list)


@dataclass(slots=True)
class TracedRun:
    """From ``chat.run_start`` to ``chat.run_complete``. ``duration_ms`` counts from the command that started it."""

    run_no: int
    started_at: datetime | None
    ended_at: datetime | None = None
    status: str | None = None
    duration_ms: int | None = None
    turns: int | None = None


@dataclass(slots=True)
class Wait:
    """A request to the user, or children that were waited for: then the id is that of their batch.

    ``outcome`` is null while it is open.
    """

    request_id: str
    kind: RequestKind | Literal["children"]
    agent: str | None
    tool_name: str | None
    asked_at: datetime
    ended_at: datetime | None = None
    duration_ms: int | None = None
    outcome: WaitOutcome | None = None


@dataclass(slots=True)
class Trace:
    """What part of a chat's log tells. What began before that part is not in it."""

    runs: list[TracedRun] = field(default_factory=list)
    turns: list[TracedTurn] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    errors: list[TracedError] = field(default_factory=list)


def trace_of(events: Iterable[Event]) -> Trace:
    """What ``events``, in the order of the log, tell of runs, turns, calls and waits.

    ``errors`` of the whole are those that happened outside a turn.
    """
    reader = _Reader()
    for event in events:
        reader.read(event)
    return reader.trace


class _Reader:
    def __init__(self) -> None:
        self.trace = Trace()
        self._run: TracedRun | None = None
        self._turn: TracedTurn | None = None
        self._tools: dict[str, TracedTool] = {}
        self._waits: dict[str, Wait] = {}

    def read(self, event: Event) -> None:
        match event.type:
            case "chat.run_start":
                self._run = TracedRun(event.data["run_no"], event.at)
                self.trace.runs.append(self._run)
            case "chat.run_complete":
                self._run_is_over(event)
            case "chat.select_speaker":
                run_no = None if self._run is None else self._run.run_no
                self._turn = TracedTurn(event.seq, event.data["agent"], run_no, event.at, event.at)
                self.trace.turns.append(self._turn)
            case "chat.usage_delta":
                self._model_was_called(event)
            case "chat.tool_call":
                self._tool_was_called(event)
            case "chat.tool_response":
                self._tool_is_done(event, str(event.data["status"]))
            case "chat.text" | "chat.structured_output_ready" if event.data.get("role") != "user":
                self._touch(event)
            case "chat.input_request":
                self._wait(event, event.data["request_id"], "input", None)
            case "chat.input_ack":
                self._answered(event, event.data["request_id"], "answered")
            case "chat.input_timeout":
                self._answered(event, event.data["request_id"], "timed_out")
            case "chat.ui_tool_complete":
                said = event.data["status"]
                self._answered(event, event.data["request_id"], "answered" if said == "completed" else said)
            case "chat.ui_tool_dismiss":
                self._answered(event, event.data["request_id"], "dismissed")
            case "chat.workflow_batch_started":
                self._wait(event, event.data["batch_id"], "children", None)
            case "chat.workflow_resumed":
                self._answered(event, event.data["batch_id"], "resumed")
            case "chat.error":
                error = TracedError(event.seq, event.at, event.data["code"], event.data["severity"])
                (self.trace if self._turn is None else self._turn).errors.append(error)
            case _:
                pass  # says nothing of time

    def _run_is_over(self, event: Event) -> None:
        data = event.data
        if self._run is None or self._run.run_no != data["run_no"]:
            self._run = TracedRun(data["run_no"], None)
            self.trace.runs.append(self._run)
        self._run.ended_at, self._run.status = event.at, data["status"]
        self._run.duration_ms, self._run.turns = data["duration_ms"], data["turns"]
        if not any(wait.outcome is None and wait.tool_name for wait in self._waits.values()):
            # A turn that asked a person goes on in the run that the answer starts.
            self._turn = None

    def _model_was_called(self, event: Event) -> None:
        data = event.data
        at_most = None if self._turn is None else _between(self._turn.ended_at, event.at)
        call = ModelCall(
            event.seq,
            data["agent"],
            data["model"],
            event.at,
            at_most,
            data["prompt_tokens"],
            data["completion_tokens"],
            data["cached_tokens"],
            # Events of an earlier version do not tell these three.
            data.get("reasoning_tokens", 0),
            data["total_tokens"],
            data.get("cost_usd"),
            data.get("duration_ms"),
        )
        if self._turn is not None:
            self._turn.model_calls.append(call)
            self._touch(event)

    def _tool_was_called(self, event: Event) -> None:
        data = event.data
        asks = bool(data["awaiting_response"])
        if asks:
            kind: RequestKind = "approval" if data.get("interaction_type") == "approval" else "ui_tool"
            self._wait(event, event.event_id, kind, data["tool_name"])
        if (known := self._tools.get(data["tool_call_id"])) is not None:
            # Told a second time: first for leave to run, then that it does.
            known.waited_for_user = known.waited_for_user or asks
            return
        call = TracedTool(event.seq, data["tool_name"], data["tool_call_id"], data["agent"], event.at, asks)
        self._tools[data["tool_call_id"]] = call
        if self._turn is not None:
            self._turn.tools.append(call)
            self._touch(event)

    def _tool_is_done(self, event: Event, status: str) -> None:
        call = self._tools.get(event.data["tool_call_id"])
        if call is not None and call.ended_at is None:
            call.ended_at, call.status = event.at, status
            call.duration_ms = _between(call.started_at, event.at)
        self._touch(event)

    def _wait(
        self, event: Event, request_id: str, kind: RequestKind | Literal["children"], tool_name: str | None
    ) -> None:
        wait = Wait(request_id, kind, event.agent, tool_name, event.at)
        self._waits[request_id] = wait
        self.trace.waits.append(wait)

    def _answered(
        self,
        event: Event,
        request_id: str,
        outcome: WaitOutcome,
    ) -> None:
        wait = self._waits.get(request_id)
        if wait is not None and wait.outcome is None:
            wait.ended_at, wait.outcome = event.at, outcome
            wait.duration_ms = _between(wait.asked_at, event.at)

    def _touch(self, event: Event) -> None:
        if self._turn is not None:
            self._turn.ended_at = event.at
            self._turn.duration_ms = _between(self._turn.started_at, event.at)


def _between(start: datetime, end: datetime) -> int:
    # Clocks of two workers may differ.
    return max(0, round((end - start).total_seconds() * 1000))
