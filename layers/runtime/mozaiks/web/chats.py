"""Chats: start, list, look at, speak to, cancel.

The routes are ``async`` and await nothing: a Lambda environment answers one request at a time, and the hop to a thread
that a plain ``def`` costs is longer than the database takes.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from mozaiks.chats.commands import SubmitInput
from mozaiks.chats.positions import Position, cursor_of, position_of
from mozaiks.chats.states import ChatStatus
from mozaiks.errors import MozaiksError
from mozaiks.web.addresses import socket_address
from mozaiks.web.caller import Caller
from mozaiks.web.chat_models import (
    CancelChat,
    CancelledChat,
    ChatExists,
    ChatMetadata,
    ChatPage,
    ChatSummary,
    SendMessage,
    SentMessage,
    StartChat,
    StartedChat,
)
from mozaiks.web.ids import ChatId, Cursor, WorkflowName
from mozaiks.web.runtime import Api

__all__ = ["routes"]

routes = APIRouter(prefix="/api/chats", tags=["chats"])


# These two come first: their paths have the shape of a chat's own.
@routes.get("/exists/{app_id}/{workflow_name}/{chat_id}")
async def chat_exists(caller: Caller, workflow_name: WorkflowName, chat_id: ChatId, api: Api) -> ChatExists:
    """Whether the caller has this chat."""
    try:
        api.chat(caller, workflow_name, chat_id)
    except MozaiksError as error:
        if error.code != "CHAT_NOT_FOUND":
            raise
        return ChatExists(chat_id=chat_id, exists=False)
    return ChatExists(chat_id=chat_id, exists=True)


@routes.get("/meta/{app_id}/{workflow_name}/{chat_id}")
async def chat_meta(caller: Caller, workflow_name: WorkflowName, chat_id: ChatId, api: Api) -> ChatMetadata:
    """The chat's state."""
    return ChatMetadata.of(api.chat(caller, workflow_name, chat_id), sees_everything=caller.sees_everything)


@routes.post("/{app_id}/{workflow_name}/start")
async def start_chat(body: StartChat, caller: Caller, workflow_name: WorkflowName, api: Api) -> StartedChat:
    """Open a chat of a workflow, or find the one this request opened before."""
    # Before anything is stored: a chat nobody can connect to is of no use.
    socket_url = api.socket_url
    started = api.opening.open(
        caller,
        workflow_name,
        client_request_id=body.client_request_id,
        force_new=body.force_new,
        initial_message=body.initial_message,
    )
    chat = started.chat
    return StartedChat(
        chat_id=chat.chat_id,
        workflow_name=chat.workflow_name,
        app_id=chat.app_id,
        user_id=chat.user_id,
        websocket_url=socket_address(socket_url, chat),
        cache_seed=chat.cache_seed,
        reused=started.reused,
    )


@routes.get("/{app_id}/{workflow_name}")
async def list_chats(
    caller: Caller,
    workflow_name: WorkflowName,
    api: Api,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    before: Cursor = None,
    status: Annotated[ChatStatus | None, Query(description="Only chats in this state.")] = None,
) -> ChatPage:
    """The caller's chats of a workflow, newest first."""
    name = api.declared_name(workflow_name)
    chats = api.service.page(
        caller, name, limit=limit + 1, before=None if before is None else position_of(before), status=status
    )
    page = chats[:limit]
    return ChatPage(
        chats=[ChatSummary.of(chat) for chat in page],
        next_before=cursor_of(Position.after(page[-1])) if len(chats) > limit else None,
    )


@routes.post("/{app_id}/{workflow_name}/{chat_id}/messages", status_code=202)
async def send_message(
    body: SendMessage, caller: Caller, workflow_name: WorkflowName, chat_id: ChatId, api: Api
) -> SentMessage:
    """Say something in a chat.

    It answers the request it names, or the open one for input if there is exactly one. Otherwise it is a message that
    the run sees: the one that is going, or the next.
    """
    api.chat(caller, workflow_name, chat_id)
    command = SubmitInput(
        type="user.input.submit",
        text=body.text,
        request_id=body.request_id,
        client_message_id=body.client_message_id,
        on_busy=body.on_busy,
    )
    return SentMessage(chat_id=chat_id, **api.service.submit(caller, chat_id, command))


@routes.post("/{app_id}/{workflow_name}/{chat_id}/cancel")
async def cancel_chat(
    caller: Caller, workflow_name: WorkflowName, chat_id: ChatId, api: Api, _body: CancelChat | None = None
) -> CancelledChat:
    """Stop a chat. Safe to repeat."""
    api.chat(caller, workflow_name, chat_id)
    api.service.cancel(caller, chat_id)
    return CancelledChat(chat_id=chat_id, status=api.service.get(caller, chat_id).status)
