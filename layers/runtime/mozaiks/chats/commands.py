"""What a client may ask, parsed from a frame or a request body. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NoReturn

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    TypeAdapter,
    ValidationError,
)

from mozaiks.access.principal import checked_id
from mozaiks.errors import MozaiksError

__all__ = [
    "AnyCommand",
    "Approval",
    "Cancel",
    "Command",
    "ComponentAction",
    "Hello",
    "JsonValue",
    "Ping",
    "Reason",
    "StartWorkflow",
    "StartWorkflowBatch",
    "SubmitInput",
    "UiToolResponse",
    "WorkflowRun",
    "parse_frame",
    "reference_of",
]

MAX_FRAME_BYTES: Final = 32 * 1024
"""API Gateway's limit of one frame, which browsers cannot split a message around."""

MAX_BATCH: Final = 20
"""Chats that one frame may start: as many as are surely greeted before the function's time is over."""

_REFERENCES: Final = {
    "client_message_id": "client_message_id",
    "client_request_id": "client_request_id",
    "eventId": "eventId",
    "event_id": "eventId",
}
"""Fields by which a client knows its own frame again, and what they are called in the answer."""
_MAX_REFERENCE: Final = 128


def _id(kind: str) -> BeforeValidator:
    return BeforeValidator(lambda value: None if value is None else checked_id(kind, value))


def _storable(text: str) -> str:
    """JSON can spell half of a surrogate pair; neither the database nor a model's API can take it."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"the character at {error.start} is half of a surrogate pair") from error
    if not text.strip():
        raise ValueError("the text is blank")
    return text


def _message(text: str | None) -> str | None:
    return None if text is None else _storable(text)


def _json(value: Any) -> Any:
    """Python reads ``1e999`` as infinity, which no JSON writer takes back."""
    try:
        json.dumps(value, allow_nan=False)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def _reason(text: str) -> str:
    return _storable(text) if text.strip() else ""


JsonValue = Annotated[Any, AfterValidator(_json)]
"""Any JSON value that can be stored and sent again."""
Reason = Annotated[str, AfterValidator(_reason), Field(max_length=2000)]


class _Command(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    chat_id: Annotated[str | None, _id("chat_id")] = None

    @property
    def reference(self) -> dict[str, str]:
        """The ids by which the client knows its frame again."""
        ids = {"client_message_id", "client_request_id", "event_id"}
        return reference_of(self.model_dump(by_alias=True, include=ids))


class Hello(_Command):
    """``client.hello`` and ``client.resume``: tell me who I am talking to and what I missed."""

    type: Literal["client.hello", "client.resume"]
    last_seq: int = Field(0, ge=0, alias="lastClientIndex")
    batch: bool = Field(False, description="Send what was missed as `chat.batch` frames that hold many events each.")


class SubmitInput(_Command):
    """``user.input.submit``: what the user says."""

    type: Literal["user.input.submit"]
    text: Annotated[str, AfterValidator(_storable)] = Field(min_length=1)
    request_id: Annotated[str | None, _id("request_id")] = None
    client_message_id: Annotated[str | None, _id("client_message_id")] = None
    on_busy: Literal["enqueue", "interrupt", "reject"] = "enqueue"


class UiToolResponse(_Command):
    """``ui_tool_response``: what a component answers to the event that asked."""

    type: Literal["ui_tool_response"]
    event_id: Annotated[str, _id("eventId")] = Field(alias="eventId")
    response: JsonValue


class Approval(_Command):
    """``chat.approval``: whether a tool may run."""

    type: Literal["chat.approval"]
    event_id: Annotated[str, _id("eventId")] = Field(alias="eventId")
    approved: StrictBool
    reason: Reason | None = None


class ComponentAction(_Command):
    """``chat.component_action``: a component sets context variables."""

    type: Literal["chat.component_action"]
    component_id: Annotated[str, AfterValidator(_storable)] = Field(max_length=128)
    action_type: Annotated[str, AfterValidator(_storable)] = Field(max_length=128)
    set: dict[str, JsonValue] = Field(default={}, max_length=64)
    client_message_id: Annotated[str | None, _id("client_message_id")] = None


class WorkflowRun(BaseModel):
    """One chat to be started. The same ``client_request_id`` always finds the same chat of the workflow."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    workflow_name: Annotated[str, _id("workflow_name")]
    initial_message: Annotated[str | None, AfterValidator(_message)] = None
    client_request_id: Annotated[str | None, _id("client_request_id")] = None


class StartWorkflow(_Command, WorkflowRun):
    """``chat.start_workflow``: start a chat of a workflow, and follow it on this socket.

    ``client_message_id`` stands for ``client_request_id`` where that is absent; without both, each frame starts a new
    chat.
    """

    type: Literal["chat.start_workflow"]
    client_message_id: Annotated[str | None, _id("client_message_id")] = None


class StartWorkflowBatch(_Command):
    """``chat.start_workflow_batch``: start several chats, and follow them on this socket.

    With a ``client_message_id``, sent again it finds the chats it started, run by run.
    """

    type: Literal["chat.start_workflow_batch"]
    runs: list[WorkflowRun] = Field(min_length=1, max_length=MAX_BATCH)
    client_message_id: Annotated[str | None, _id("client_message_id")] = None


class Cancel(_Command):
    """``chat.cancel``: stop the run."""

    type: Literal["chat.cancel"]


class Ping(_Command):
    type: Literal["ping"]


AnyCommand = (
    Hello
    | SubmitInput
    | UiToolResponse
    | Approval
    | ComponentAction
    | StartWorkflow
    | StartWorkflowBatch
    | Cancel
    | Ping
)
Command = Annotated[AnyCommand, Field(discriminator="type")]

_COMMAND: Final = TypeAdapter[Command](Command)
_TYPES: Final = frozenset(
    {
        "client.hello",
        "client.resume",
        "user.input.submit",
        "ui_tool_response",
        "chat.approval",
        "chat.component_action",
        "chat.start_workflow",
        "chat.start_workflow_batch",
        "chat.cancel",
        "ping",
    }
)


def parse_frame(body: str) -> AnyCommand:
    """The command in one socket frame. Fields may stand at the top level or under ``data``.

    Raises
    ------
    MozaiksError
        ``FRAME_TOO_LARGE``, ``BAD_JSON``, ``BAD_FRAME``, ``UNKNOWN_TYPE``, ``TEXT_REQUIRED`` or ``VALIDATION``.
    """
    size = len(body.encode("utf-8", "surrogatepass"))
    if size > MAX_FRAME_BYTES:
        raise MozaiksError("FRAME_TOO_LARGE", f"the frame has {size} bytes; expected at most {MAX_FRAME_BYTES}")
    try:
        frame = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise MozaiksError("BAD_JSON", "the frame is no JSON") from error
    if not isinstance(frame, dict):
        raise MozaiksError("BAD_FRAME", f"the frame is a JSON {type(frame).__name__}; expected an object")
    data = frame.pop("data", None)
    fields: dict[str, Any] = {**data, **frame} if isinstance(data, dict) else frame
    try:
        return _command(fields)
    except MozaiksError as error:
        error.details.update(reference_of(fields))
        raise


def reference_of(fields: Mapping[str, Any]) -> dict[str, str]:
    """The ids by which a client knows which of its frames an error speaks of.

    ``client_message_id``, ``client_request_id``, ``eventId``, where they are there.
    """
    found = {}
    for given, told in _REFERENCES.items():
        value = fields.get(given)
        if isinstance(value, str) and len(value) <= _MAX_REFERENCE:
            found[told] = value
    return found


def _command(fields: dict[str, Any]) -> AnyCommand:
    type_ = fields.get("type")
    if not isinstance(type_, str):
        raise MozaiksError("BAD_FRAME", "the frame has no `type`; expected a string")
    if type_ not in _TYPES:
        raise MozaiksError("UNKNOWN_TYPE", f"the type {type_[:64]!r} is not known", known=sorted(_TYPES))
    try:
        return _COMMAND.validate_python(fields)
    except ValidationError as error:
        raise _explained(type_, error) from error


def _explained(type_: str, error: ValidationError) -> MozaiksError:
    """The first complaint in words; the offending value itself is not repeated, it may be private."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or "?"
    code = "TEXT_REQUIRED" if type_ == "user.input.submit" and field == "text" else "VALIDATION"
    return MozaiksError(code, f"{type_}: {field}: {first['msg']}", field=field)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
