"""Bodies and answers of the chat routes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mozaiks.chats.requests import shown
from mozaiks.chats.states import Chat, ChatStatus, RequestKind, WaitingFor
from mozaiks.web.ids import BodyUserId, ClientRequestId, MessageId, RequestId

__all__ = [
    "CancelChat",
    "CancelledChat",
    "ChatExists",
    "ChatMetadata",
    "ChatPage",
    "ChatSummary",
    "EventPage",
    "SendMessage",
    "SentMessage",
    "StartChat",
    "StartedChat",
]

_CHAT_ID = "5f0c6a5d2b8e4a1f9c3d7e6b1a2f4c8d"

Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
"""Something to say: not blank. The pattern also refuses half a surrogate pair, which nothing behind it can store."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class StartChat(_Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"user_id": "ann", "client_request_id": "2f1a7c1e", "force_new": False}]}
    )

    user_id: Annotated[
        BodyUserId | None, Field(description="Whose chat it is. Needed where no token says so; otherwise the token's.")
    ] = None
    client_request_id: Annotated[ClientRequestId | None, Field(description="The same id gets the same chat.")] = None
    force_new: Annotated[bool, Field(description="A new chat even where one that has not begun could be used.")] = False
    initial_message: Annotated[Text | None, Field(description="What the chat begins with.")] = None


class StartedChat(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "success": True,
                    "chat_id": _CHAT_ID,
                    "workflow_name": "HelloWorld",
                    "app_id": "acme",
                    "user_id": "ann",
                    "websocket_url": "wss://chat.example.com/dev?workflow=HelloWorld&app_id=acme"
                    f"&chat_id={_CHAT_ID}&user_id=ann",
                    "cache_seed": 1607456783,
                    "reused": False,
                }
            ]
        }
    )

    success: Literal[True] = True
    chat_id: str
    workflow_name: str
    app_id: str
    user_id: str
    websocket_url: str = Field(description="Where to open the chat's socket.")
    cache_seed: int
    reused: bool = Field(description="Whether the chat was there before this request.")


class ChatSummary(BaseModel):
    """One line of a list of chats."""

    chat_id: str = Field(examples=[_CHAT_ID])
    workflow_name: str
    app_id: str
    user_id: str
    status: ChatStatus
    waiting_for: WaitingFor | None
    last_seq: int = Field(description="`seq` of the newest event.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, chat: Chat) -> ChatSummary:
        return cls(
            chat_id=chat.chat_id,
            workflow_name=chat.workflow_name,
            app_id=chat.app_id,
            user_id=chat.user_id,
            status=chat.status,
            waiting_for=chat.waiting_for,
            last_seq=chat.last_seq,
            created_at=chat.created_at,
            updated_at=chat.updated_at,
        )


class ChatPage(BaseModel):
    """Chats, newest first."""

    chats: list[ChatSummary]
    next_before: str | None = Field(description="`before` of the next page; null on the last one.")


class ChatExists(BaseModel):
    chat_id: str
    exists: bool


class OpenRequest(BaseModel):
    """Something the chat asked the user for and has no answer to yet.

    Of an agent that users do not see, it says only what an answer needs.
    """

    request_id: str = Field(description="What an answer names; also the `event_id` of the event that asked.")
    kind: RequestKind
    agent: str | None = Field(description="Who asks; null for the workflow itself and for agents users do not see.")
    prompt: str
    response_schema: dict[str, Any] | None = Field(None, alias="schema", description="JSON Schema of the answer.")
    expires_at: datetime | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None
    component_type: str | None = Field(None, description="The component that asks.")
    display: Literal["inline", "artifact", "modal"] | None = None
    payload: Any = Field(None, description="What the component shows; for an approval the arguments of the call.")
    secret_fields: list[str] = Field([], description="Fields of the answer that are kept as secrets.")


class Artifact(BaseModel):
    """What is to be shown in the artifact panel."""

    event_id: str
    tool_name: str
    component: str | None
    seq: int = Field(description="Where in the log it was shown.")
    payload: Any = Field(None, description="Null where it is large: the event of this `seq` has it.")


class Usage(BaseModel):
    """Tokens spent by the chat so far."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    total_tokens: int
    model_calls: int


class ChatMetadata(ChatSummary):
    """What ``chat_meta`` says on the socket, and when and how the chat was made."""

    workflow_version: str
    cache_seed: int
    pending: list[OpenRequest]
    last_artifact: Artifact | None
    parent_chat_id: str | None = Field(description="The chat that spawned this one and waits for its end.")
    usage: Usage

    @classmethod
    def of(cls, chat: Chat, *, sees_everything: bool = False) -> ChatMetadata:
        return cls(
            **ChatSummary.of(chat).model_dump(),
            workflow_version=chat.workflow_version,
            cache_seed=chat.cache_seed,
            pending=[
                OpenRequest.model_validate(shown(pending, chat.greeting, sees_everything=sees_everything))
                for pending in chat.pending
            ],
            last_artifact=None if chat.last_artifact is None else Artifact(**chat.last_artifact),
            parent_chat_id=chat.parent_chat_id,
            usage=Usage(**chat.usage),
        )


class SendMessage(_Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"user_id": "ann", "text": "Hello!", "client_message_id": "m-1"}]}
    )

    text: Text
    request_id: Annotated[RequestId | None, Field(description="The open request this answers.")] = None
    client_message_id: Annotated[
        MessageId | None, Field(description="A message with an id takes effect once, however often it is sent.")
    ] = None
    on_busy: Annotated[
        Literal["enqueue", "interrupt", "reject"],
        Field(
            description="While a run is going: `enqueue` leaves the message to its next turn, `interrupt` stops the "
            "turn for it, `reject` refuses it. An answer to an open request is taken in any case."
        ),
    ] = "enqueue"
    user_id: BodyUserId | None = None


class SentMessage(BaseModel):
    chat_id: str
    accepted: bool
    queued: bool = Field(
        description="It is stored, and no run was started for it: the one that is going sees it, or the next."
    )
    message_id: str
    request_id: str | None


class CancelChat(_Body):
    user_id: BodyUserId | None = None


class CancelledChat(BaseModel):
    chat_id: str
    status: ChatStatus = Field(description="`running` until the worker that runs the chat has stopped it.")


class EventPage(BaseModel):
    """A page of a chat's log, in order."""

    chat_id: str
    events: list[dict[str, Any]] = Field(description="Frames as the socket sends them.")
    next_after: int = Field(description="`after` of the next request.")
    has_more: bool = Field(description="Whether more is stored beyond this page.")
