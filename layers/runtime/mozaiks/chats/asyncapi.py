"""The socket protocol as an AsyncAPI 3 document, made from the declarations of events and commands. No I/O.

No handler imports it. ``python -m mozaiks.chats.asyncapi`` prints the document that is kept as ``docs/asyncapi.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal, NotRequired, get_args

from pydantic import BaseModel, TypeAdapter
from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from mozaiks.chats.commands import (
    AnyCommand,
    Hello,
    Ping,
    StartWorkflow,
    StartWorkflowBatch,
)
from mozaiks.chats.commands import ComponentAction as Action
from mozaiks.chats.events import (
    DURABLE,
    ChatMeta,
    ComponentActionAck,
    ErrorData,
    PrereqBlocked,
    Print,
    ResumeBoundary,
    ToolProgress,
    WorkflowBatchStarted,
    WorkflowStarted,
)
from mozaiks.chats.states import ChatStatus, LastArtifact, RequestKind, WaitingFor
from mozaiks.errors import CODES

__all__ = ["COMMANDS", "PASSING", "document", "main", "text_of"]


class _OpenRequest(TypedDict):
    """A request that nobody has answered yet. Of an agent that is not shown, only what an answer must know."""

    request_id: str
    kind: RequestKind
    agent: str | None
    prompt: str
    schema: dict[str, Any] | None
    expires_at: str | None
    tool_name: str | None
    tool_call_id: str | None
    component_type: str | None
    display: Literal["inline", "artifact", "modal"] | None
    payload: Any
    secret_fields: list[str]
    oversize: NotRequired[bool]


class _ToldChatMeta(ChatMeta):
    """The chat as it stands when a client is greeted."""

    status: ChatStatus  # type: ignore[misc]
    waiting_for: WaitingFor | None  # type: ignore[misc]
    pending: list[_OpenRequest]  # type: ignore[misc]
    last_artifact: LastArtifact | None


class _Batch(TypedDict):
    """Whole frames, to be taken one by one in this order."""

    events: list[dict[str, Any]]


class _Nothing(TypedDict):
    """No data but the kind."""


class _Oversize(TypedDict):
    """In the place of data that would make the frame larger than 131072 bytes. ``bytes``: what the frame would have."""

    oversize: Literal[True]
    bytes: int


_SAID: Final[dict[str, tuple[type, str]]] = {
    "chat.run_start": (DURABLE["chat.run_start"], "A run begins."),
    "chat.run_complete": (DURABLE["chat.run_complete"], "A run is over: the chat waits or has ended."),
    "chat.select_speaker": (DURABLE["chat.select_speaker"], "An agent's turn begins."),
    "chat.text": (DURABLE["chat.text"], "A whole message, of an agent or of the user."),
    "chat.input_request": (DURABLE["chat.input_request"], "The user is asked for words."),
    "chat.input_ack": (DURABLE["chat.input_ack"], "A request for input is answered."),
    "chat.input_timeout": (DURABLE["chat.input_timeout"], "Nobody answered a request in time."),
    "chat.tool_call": (DURABLE["chat.tool_call"], "A tool is called, or a component or an approval is asked for."),
    "chat.tool_response": (DURABLE["chat.tool_response"], "What came of a tool's call."),
    "chat.ui_tool_complete": (DURABLE["chat.ui_tool_complete"], "A component or an approval is answered."),
    "chat.ui_tool_dismiss": (DURABLE["chat.ui_tool_dismiss"], "A component or an approval needs no answer any more."),
    "chat.structured_output_ready": (DURABLE["chat.structured_output_ready"], "An agent's reply that fits its model."),
    "chat.usage_delta": (DURABLE["chat.usage_delta"], "The tokens of one model call."),
    "chat.usage_summary": (DURABLE["chat.usage_summary"], "What all model calls of a run have spent."),
    "context_update": (DURABLE["context_update"], "A variable that clients are told of has changed."),
    "chat.context_switched": (DURABLE["chat.context_switched"], "The journey of this chat goes on in other chats."),
    "chat.journey_progress": (DURABLE["chat.journey_progress"], "How far a journey has come."),
    "chat.error": (DURABLE["chat.error"], "Something went wrong in a run."),
    "oauth_completed": (DURABLE["oauth_completed"], "The user has connected an account elsewhere, or could not."),
    "chat.hidden": (_Nothing, "The place of an event that this client may not see."),
    "chat.print": (Print, "A piece of a message that is being written."),
    "tool_progress": (ToolProgress, "How far a running tool has come."),
    "chat_meta": (_ToldChatMeta, "The first frame of every greeting: the chat as it stands."),
    "chat.resume_boundary": (ResumeBoundary, "The end of what was missed."),
    "chat.batch": (_Batch, "A greeting's frames, many in one, for clients that ask for `batch`."),
    "component_action_ack": (ComponentActionAck, "The answer to `chat.component_action`."),
    "chat.workflow_started": (WorkflowStarted, "A chat was started on this socket, which follows it now."),
    "chat.workflow_batch_started": (WorkflowBatchStarted, "Several chats were started together."),
    "chat.workflow_child_completed": (DURABLE["chat.workflow_child_completed"], "A child of this chat has ended."),
    "chat.workflow_resumed": (DURABLE["chat.workflow_resumed"], "This chat goes on with its children's results."),
    "chat.prereq_blocked": (PrereqBlocked, "A workflow does not start before others are completed."),
    "pong": (_Nothing, "The answer to `ping`."),
    "error": (ErrorData, "The answer to a frame that was not carried out."),
}
"""Every type the server sends, with the shape of its data and what it means."""

PASSING: Final = frozenset(_SAID) - frozenset(DURABLE) - {"chat.hidden"}
"""Types without a ``seq``: not stored, and not sent again."""

_ALSO_ANSWERS: Final = frozenset({"chat.workflow_batch_started"})
"""Types that are an event of a chat when the chat did it, and answer a frame, without a ``seq``, when a client did."""

_BATCH: Final = "chat.batch"
_SMALL: Final = frozenset({"chat.hidden", _BATCH, "pong"})
"""Types whose frame cannot be too large."""

COMMANDS: Final[dict[str, type[BaseModel]]] = {
    type_: model for model in get_args(AnyCommand) for type_ in get_args(model.model_fields["type"].annotation)
}
"""Every type a client may send, with its model."""

_GREETING: Final = ("chat_meta", "chat.resume_boundary")
_REPLIES: Final[dict[type[BaseModel], tuple[str, ...]]] = {
    Hello: (*_GREETING, "chat.prereq_blocked"),
    Action: ("component_action_ack",),
    StartWorkflow: ("chat.workflow_started", "chat.prereq_blocked", *_GREETING),
    StartWorkflowBatch: ("chat.workflow_batch_started", *_GREETING),
    Ping: ("pong",),
}
_QUERY: Final[dict[str, dict[str, Any]]] = {
    "workflow": {"type": "string", "description": "The workflow's name, for logs; the chat knows its own."},
    "app_id": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
    "chat_id": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
    "user_id": {"type": "string", "pattern": "^[A-Za-z0-9_.@|:+-]{1,128}$"},
    "last_seq": {"type": "integer", "minimum": 0, "description": "`seq` of the last event the client has."},
    "access_token": {"type": "string", "description": "A token, where it can be sent no other way."},
    "batch": {"enum": ["true", "1"], "description": "Send what was missed as `chat.batch` frames."},
}
_CHANNELS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "chat": ("/", ("local", "deployed")),
    "chatByPath": ("/ws/{workflow}/{app_id}/{chat_id}/{user_id}", ("localPaths",)),
}
_ID_FIELDS: Final = frozenset(
    {"chat_id", "request_id", "client_message_id", "client_request_id", "workflow_name", "eventId"}
)


def document() -> dict[str, Any]:
    """The AsyncAPI 3 document, of JSON values; the same whenever the declarations are."""
    schemas: dict[str, Any] = {}
    messages = {type_: _command_message(type_, model, schemas) for type_, model in COMMANDS.items()}
    messages |= {type_: _event_message(type_, schemas) for type_ in _SAID}
    schemas["Frame"] = {"anyOf": [{"$ref": f"#/components/schemas/{type_}"} for type_ in _SAID if type_ != _BATCH]}
    schemas[_BATCH]["properties"]["data"]["properties"]["events"]["items"] = {"$ref": "#/components/schemas/Frame"}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Chat socket",
            "version": "1.0.0",
            "description": (
                "A socket belongs to a chat, and may follow others. "
                "The client sends commands, the server says what happens. "
                "docs/protocol.md explains it with an example of each frame. "
                "New optional fields and new event types may be added: ignore what you do not know."
            ),
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": {name: _channel(name, messages) for name in _CHANNELS},
        "operations": {
            name: operation for channel in _CHANNELS for name, operation in _operations(channel, messages).items()
        },
        "components": {"messages": messages, "schemas": dict(sorted(schemas.items()))},
        "x-error-codes": {
            code: {"httpStatus": meaning.http_status, "retryable": meaning.retryable, "closeCode": meaning.close_code}
            for code, meaning in CODES.items()
        },
    }


def text_of(made: Mapping[str, Any]) -> str:
    """The document as it is kept in a file."""
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Print the document."""
    print(text_of(document()), end="")


def _servers() -> dict[str, Any]:
    return {
        "local": {
            "host": "127.0.0.1:8000",
            "pathname": "/local",
            "protocol": "ws",
            "description": "What `make dev` starts.",
        },
        "localPaths": {
            "host": "127.0.0.1:8000",
            "protocol": "ws",
            "description": "The same, for clients that name the chat in the path.",
        },
        "deployed": {
            "host": "{api}.execute-api.{region}.amazonaws.com",
            "pathname": "/{stage}",
            "protocol": "wss",
            "variables": {
                "api": {"description": "Id of the WebSocket API."},
                "region": {"description": "Its AWS region."},
                "stage": {"description": "Its stage."},
            },
        },
    }


def _channel(name: str, messages: Mapping[str, Any]) -> dict[str, Any]:
    address, servers = _CHANNELS[name]
    in_path = [field for field in _QUERY if f"{{{field}}}" in address]
    query = {field: schema for field, schema in _QUERY.items() if field not in in_path}
    channel: dict[str, Any] = {
        "address": address,
        "title": "One chat",
        "servers": [{"$ref": f"#/servers/{server}"} for server in servers],
        "messages": {type_: {"$ref": f"#/components/messages/{type_}"} for type_ in messages},
    }
    if in_path:
        channel["parameters"] = {
            field: {"description": _QUERY[field].get("description", f"The chat's {field}.")} for field in in_path
        }
    required = [field for field in ("app_id", "chat_id", "user_id") if field in query]
    shape = {"type": "object", "properties": query, **({"required": required} if required else {})}
    channel["bindings"] = {"ws": {"method": "GET", "query": shape, "bindingVersion": "0.1.0"}}
    return channel


def _operations(channel: str, messages: Mapping[str, Any]) -> dict[str, Any]:
    def of(*types: str) -> list[dict[str, str]]:
        return [{"$ref": f"#/channels/{channel}/messages/{type_}"} for type_ in types]

    place = {"$ref": f"#/channels/{channel}"}
    operations: dict[str, Any] = {
        f"{channel}.tell": {
            "action": "send",
            "channel": place,
            "summary": "What the server says: events of the chat, greetings, answers.",
            "messages": of(*_SAID),
        }
    }
    for type_, model in COMMANDS.items():
        operation: dict[str, Any] = {
            "action": "receive",
            "channel": place,
            "summary": messages[type_]["summary"],
            "messages": of(type_),
        }
        operation["reply"] = {"channel": place, "messages": of(*_REPLIES.get(model, ()), "error")}
        operations[f"{channel}.{type_}"] = operation
    return operations


def _command_message(type_: str, model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, Any]:
    schema = _tidy(model.model_json_schema(ref_template="#/components/schemas/{model}"))
    for name, part in schema.pop("$defs", {}).items():
        _with_id_shapes(part["properties"])
        schemas[name] = part
    # The name clients shall use; the other is only read.
    fields = {{"lastClientIndex": "last_seq"}.get(name, name): part for name, part in schema["properties"].items()}
    summary = schema.pop("description", "Is anybody there?")
    _with_id_shapes(fields)
    schema["properties"] = {"type": {"const": type_}, **{name: fields[name] for name in fields if name != "type"}}
    schemas[type_] = schema
    return {
        "name": type_,
        "summary": _sentence(summary.split(": ", 1)[-1]),
        "description": "Fields may also stand under `data`.",
        "payload": {"$ref": f"#/components/schemas/{type_}"},
    }


def _with_id_shapes(fields: dict[str, Any]) -> None:
    """Say of ids what they may be, and that they are absent rather than null."""
    for name in _ID_FIELDS & fields.keys():
        fields[name] = {"type": "string", "pattern": _QUERY["chat_id"]["pattern"]}


def _event_message(type_: str, schemas: dict[str, Any]) -> dict[str, Any]:
    shape, summary = _SAID[type_]
    data: dict[str, Any] = _data(shape, type_, schemas)
    if type_ not in _SMALL:
        schemas["Oversize"] = _data(_Oversize, None, schemas)
        data = {"anyOf": [data, {"$ref": "#/components/schemas/Oversize"}]}
    fields: dict[str, Any] = {"type": {"const": type_}, "chat_id": {"type": "string"}}
    if type_ not in PASSING:
        fields["seq"] = {"type": "integer", "minimum": 1}
    fields |= {
        "event_id": {"type": "string"},
        "timestamp": {"type": "string", "format": "date-time"},
        "data": data,
    }
    required = [name for name in fields if name != "seq" or type_ not in _ALSO_ANSWERS]
    schemas[type_] = {"type": "object", "required": required, "properties": fields}
    return {"name": type_, "summary": summary, "payload": {"$ref": f"#/components/schemas/{type_}"}}


def _data(shape: type, type_: str | None, schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema of an event's data: as declared, and the ``kind`` of ``type_``, or any."""
    made = TypeAdapter(shape).json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    for name, part in made.pop("$defs", {}).items():
        schemas[name.lstrip("_")] = _tidy(part)
    tidy: dict[str, Any] = _tidy(made)
    kind = {"type": "string"} if type_ is None else {"const": type_.removeprefix("chat.")}
    return {
        **tidy,
        "properties": {"kind": kind, **tidy["properties"]},
        "required": ["kind", *tidy.get("required", ())],
    }


def _tidy(schema: Any, *, names: bool = False) -> Any:
    """Without the titles pydantic derives from names, and with one kind of backticks.

    ``names``: the keys are names of fields, not keywords.
    """
    if isinstance(schema, list):
        return [_tidy(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {}
    for key, value in schema.items():
        if names:
            tidy[key] = _tidy(value)
        elif key == "description":
            tidy[key] = value.replace("``", "`")
        elif key == "$ref":
            tidy[key] = value.replace("/_", "/")
        elif key != "title" and not (key == "default" and value is None):
            tidy[key] = _tidy(value, names=key == "properties")
    return tidy


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


if __name__ == "__main__":
    main()
