"""Everything the runtime says about a chat: the shapes of the events' data, and one constructor's worth of rules.

The data of each type is a ``TypedDict``, so building one costs nothing at run time and its JSON Schema is generated
from the same declaration.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, NotRequired

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from mozaiks.errors import MozaiksError

__all__ = [
    "DURABLE",
    "ChatMeta",
    "ComponentActionAck",
    "ContextSwitched",
    "ContextUpdate",
    "ErrorData",
    "Event",
    "InputAck",
    "InputRequest",
    "InputTimeout",
    "JourneyMember",
    "JourneyProgress",
    "MissingPrerequisite",
    "NewEvent",
    "OauthCompleted",
    "PrereqBlocked",
    "Print",
    "ResumeBoundary",
    "RunComplete",
    "RunStart",
    "SelectSpeaker",
    "SkippedWorkflow",
    "StructuredOutputReady",
    "Text",
    "ToolCall",
    "ToolProgress",
    "ToolResponse",
    "UiToolComplete",
    "UiToolDismiss",
    "UsageDelta",
    "UsageSummary",
    "WorkflowBatchStarted",
    "WorkflowChild",
    "WorkflowChildCompleted",
    "WorkflowResumed",
    "WorkflowStarted",
    "envelope",
    "error_event",
    "error_frame",
    "new_id",
    "timestamp",
]


class RunStart(TypedDict):
    workflow_name: str
    run_no: int


class RunComplete(TypedDict):
    result: str | None
    status: str
    turns: int
    usage: dict[str, int]
    duration_ms: int
    run_no: int


class SelectSpeaker(TypedDict):
    agent: str | None


class Print(TypedDict):
    """A piece of a text that is being written. Never stored in the log: the final text supersedes it."""

    agent: str
    message_id: str
    offset: int
    content: str


class Text(TypedDict):
    agent: str | None
    content: str
    message_id: str
    role: Literal["user", "assistant", "system"]
    is_visual: bool
    is_structured_capable: bool
    is_tool_agent: bool
    structured_output: NotRequired[Any]


class InputRequest(TypedDict):
    """``component_type`` names the component that asks, where it is not a plain line of text."""

    request_id: str
    prompt: str
    agent: str | None
    schema: NotRequired[dict[str, Any]]
    expires_at: NotRequired[str]
    component_type: NotRequired[str]


class InputAck(TypedDict):
    """A request for input is answered. ``response`` is there where the answer is a tool's result and said nowhere."""

    request_id: str
    client_message_id: str
    response: NotRequired[Any]


class InputTimeout(TypedDict):
    """A request was not answered in time: it was answered with its default, or the chat has ended."""

    request_id: str
    request_kind: Literal["input", "ui_tool", "approval"]
    on_timeout: Literal["default", "fail"]


class ToolCall(TypedDict):
    """A call of a tool. Where a person must answer, ``awaiting_response``: answers name this event's ``event_id``.

    ``secret_fields`` are the fields of the answer that are kept as secrets: a client shows no one what is typed there.
    """

    tool_name: str
    tool_call_id: str
    corr: str
    agent: str | None
    awaiting_response: bool
    arguments: NotRequired[dict[str, Any]]
    payload: NotRequired[Any]
    component_type: NotRequired[str | None]
    display: NotRequired[Literal["inline", "artifact", "modal"]]
    interaction_type: NotRequired[Literal["ui_tool", "approval"]]
    prompt: NotRequired[str]
    schema: NotRequired[dict[str, Any]]
    expires_at: NotRequired[str]
    secret_fields: NotRequired[list[str]]


class UiToolComplete(TypedDict):
    """A component's request, or one for approval, is answered. Both ids are those of the event that asked."""

    request_id: str
    eventId: str
    tool_name: str
    tool_call_id: str
    status: Literal["completed", "approved", "denied", "timed_out"]


class UiToolDismiss(TypedDict):
    """A component's request, or one for approval, needs no answer any more: the chat has ended."""

    request_id: str
    eventId: str
    tool_name: str
    tool_call_id: str
    reason: Literal["completed", "failed", "cancelled", "timed_out"]


class ContextUpdate(TypedDict):
    variable: str
    value: Any


class ComponentActionAck(TypedDict):
    """The answer to ``chat.component_action``: the variables as they were set."""

    component_id: str
    action_type: str
    applied: dict[str, Any]


class ToolResponse(TypedDict):
    tool_name: str
    tool_call_id: str
    corr: str
    agent: str
    success: bool
    status: Literal["ok", "error", "timeout", "denied"]
    content: Any


class ToolProgress(TypedDict):
    tool_name: str
    tool_call_id: str
    progress_percent: float
    status_message: str


class StructuredOutputReady(TypedDict):
    agent: str
    model_name: str
    structured_data: dict[str, Any]
    auto_tool_mode: bool
    turn_idempotency_key: str


class UsageDelta(TypedDict):
    """One model call. ``cost_usd`` is null where no price is known; then ``unpriced_models`` names the model.

    ``duration_ms``: from the request until its answer was read whole. Events of earlier versions do not tell it.
    """

    agent: str | None
    model: str | None
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    total_tokens: int
    cost_usd: float | None
    duration_ms: NotRequired[int]
    unpriced_models: NotRequired[list[str]]


class UsageSummary(TypedDict):
    """All model calls of a run. ``model`` is null where there were several.

    ``cost_usd`` is null as soon as one of them has no known price; then ``unpriced_models`` names their models.
    """

    run_no: int
    agent: str | None
    model: str | None
    model_calls: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    total_tokens: int
    cost_usd: float | None
    unpriced_models: NotRequired[list[str]]


class ErrorData(TypedDict):
    code: str
    message: str
    severity: Literal["error", "warning"]
    retryable: bool
    details: dict[str, Any]


class JourneyMember(TypedDict):
    """A workflow of a journey's group. ``chat_id`` is null before its chat is opened.

    ``status``: ``pending`` before that, ``open`` until the chat has ended, then the state in which it did.
    """

    workflow_name: str
    chat_id: str | None
    status: Literal["pending", "open", "completed", "failed", "cancelled", "timed_out"]


class JourneyProgress(TypedDict):
    """Where a journey stands. ``group`` counts from 0; ``members`` are those of the group that is open.

    ``completed`` and ``total`` count the members of all groups.
    """

    journey_run_id: str
    journey_id: str
    status: Literal["running", "blocked", "completed", "cancelled"]
    group: int
    groups: int
    completed: int
    total: int
    members: list[JourneyMember]


class ContextSwitched(TypedDict):
    """The journey of this chat goes on in others: in ``to_chat_id``, and in all ``chats`` of its next group."""

    journey_run_id: str
    journey_id: str
    group: int
    from_chat_id: str
    to_chat_id: str
    workflow_name: str
    chats: list[JourneyMember]


class WorkflowStarted(TypedDict):
    """The answer to ``chat.start_workflow``: the chat ``chat_id``, whose events come to this socket from now on.

    ``reused``: the frame was sent before, and this is the chat it started then.
    """

    workflow_name: str
    chat_id: str
    cache_seed: int
    reused: bool
    client_message_id: NotRequired[str]
    client_request_id: NotRequired[str]


class MissingPrerequisite(TypedDict):
    """A workflow to be completed first. ``reason`` is empty where the pack gives none."""

    workflow_name: str
    reason: str


class PrereqBlocked(TypedDict):
    """``workflow_name`` does not start before all of ``missing`` are completed."""

    workflow_name: str
    message: str
    missing: list[MissingPrerequisite]
    client_message_id: NotRequired[str]
    client_request_id: NotRequired[str]


class WorkflowChild(TypedDict):
    """A chat that was started together with others. ``status``: ``open`` until it is known how the chat ended.

    ``index``: its place, from 0, among the ``runs`` of the client's frame.
    """

    chat_id: str
    workflow_name: str
    status: Literal["open", "completed", "failed", "cancelled", "timed_out"]
    index: NotRequired[int]


class SkippedWorkflow(TypedDict):
    """A workflow that was asked for and not started, with what the error says. ``index`` as in ``WorkflowChild``."""

    workflow_name: str
    code: str
    message: str
    index: NotRequired[int]
    retryable: NotRequired[bool]
    details: NotRequired[dict[str, Any]]


class WorkflowBatchStarted(TypedDict):
    """Chats were started together: by an agent of this chat, which waits for them, or by a frame of the client.

    Only the former is an event of the chat and has a ``seq``. The latter answers the frame, on its socket alone.
    """

    batch_id: str
    children: list[WorkflowChild]
    skipped: list[SkippedWorkflow]
    expires_at: NotRequired[str]
    client_message_id: NotRequired[str]


class WorkflowChildCompleted(TypedDict):
    """A child has ended, as ``status`` says: ``ended`` of ``total`` have. ``error``: why it could not be opened."""

    batch_id: str
    chat_id: str
    workflow_name: str
    status: Literal["completed", "failed", "cancelled", "timed_out"]
    error: str | None
    ended: int
    total: int


class WorkflowResumed(TypedDict):
    """All children have ended, ``completed`` of them well, and this chat goes on with their results."""

    batch_id: str
    children: list[WorkflowChild]
    completed: int
    total: int


class OauthCompleted(TypedDict):
    """The user has connected an account elsewhere, or could not: then ``error`` says why."""

    platform: str
    success: bool
    account_id: str | None
    account_name: str | None
    error: str | None
    correlation_id: str


class ChatMeta(TypedDict):
    workflow_name: str
    app_id: str
    user_id: str
    status: str
    waiting_for: str | None
    last_seq: int
    cache_seed: int
    pending: list[dict[str, Any]]
    last_artifact: Any
    parent_chat_id: str | None
    journey: NotRequired[JourneyProgress]


class ResumeBoundary(TypedDict):
    last_seq: int
    replayed_count: int
    status: str


DURABLE: Final[dict[str, type]] = {
    "chat.run_start": RunStart,
    "chat.run_complete": RunComplete,
    "chat.select_speaker": SelectSpeaker,
    "chat.text": Text,
    "chat.input_request": InputRequest,
    "chat.input_ack": InputAck,
    "chat.input_timeout": InputTimeout,
    "chat.tool_call": ToolCall,
    "chat.tool_response": ToolResponse,
    "chat.structured_output_ready": StructuredOutputReady,
    "chat.ui_tool_complete": UiToolComplete,
    "chat.ui_tool_dismiss": UiToolDismiss,
    "chat.usage_delta": UsageDelta,
    "chat.usage_summary": UsageSummary,
    "context_update": ContextUpdate,
    "chat.context_switched": ContextSwitched,
    "chat.journey_progress": JourneyProgress,
    "chat.workflow_batch_started": WorkflowBatchStarted,
    "chat.workflow_child_completed": WorkflowChildCompleted,
    "chat.workflow_resumed": WorkflowResumed,
    "chat.error": ErrorData,
    "oauth_completed": OauthCompleted,
}
"""Types that take a ``seq`` and are stored before they are pushed."""


def new_id() -> str:
    """A fresh id: 32 hexadecimal digits."""
    return uuid.uuid4().hex


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as every envelope carries it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that has no place in the log yet.

    ``agent`` is whose doing it is, for visibility. ``concealed`` keeps it off the wire whoever did it: a hidden first
    message, a trigger word.
    """

    type: str
    data: Any
    agent: str | None = None
    concealed: bool = False
    event_id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        if self.type not in DURABLE:
            raise ValueError(f"{self.type!r} is no durable event type; expected one of {sorted(DURABLE)}")


@dataclass(frozen=True, slots=True)
class Event:
    """An event in a chat's log."""

    chat_id: str
    seq: int
    event_id: str
    type: str
    at: datetime
    data: dict[str, Any]
    agent: str | None = None
    concealed: bool = False


def envelope(
    type_: str, chat_id: str | None, data: Any, *, at: datetime, event_id: str | None = None, seq: int | None = None
) -> dict[str, Any]:
    """One frame as clients see it, ``kind`` included."""
    frame: dict[str, Any] = {"type": type_, "chat_id": chat_id}
    if seq is not None:
        frame["seq"] = seq
    frame["event_id"] = event_id or new_id()
    frame["timestamp"] = timestamp(at)
    frame["data"] = {"kind": type_.removeprefix("chat."), **data}
    return frame


def error_event(
    error: MozaiksError, severity: Literal["error", "warning"] = "error", *, agent: str | None = None
) -> NewEvent:
    """An error as the chat's log tells it. A warning did not end the run. ``agent`` is whose doing it was."""
    data: ErrorData = {
        "code": error.code,
        "message": error.message,
        "severity": severity,
        "retryable": error.retryable,
        "details": error.details,
    }
    return NewEvent("chat.error", data, agent=agent)


def error_frame(
    chat_id: str | None,
    *,
    code: str,
    message: str,
    retryable: bool,
    at: datetime,
    details: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The answer to a frame that could not be carried out. It is no event of the chat and has no ``seq``."""
    data: ErrorData = {
        "code": code,
        "message": message,
        "severity": "error",
        "retryable": retryable,
        "details": details or {},
    }
    return envelope("error", chat_id, data, at=at)
