"""Erases a chat, or everything of a user."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from mozaiks.chats.erasure import Erased
from mozaiks.errors import MozaiksError
from mozaiks.web.caller import Caller
from mozaiks.web.ids import ChatId, WorkflowName
from mozaiks.web.owner import Subject
from mozaiks.web.runtime import Api

__all__ = ["routes"]

routes = APIRouter(tags=["erasure"])

_LATER: dict[int | str, dict[str, Any]] = {
    202: {"description": "It takes longer. It goes on by itself; the same request again goes on at once."}
}


class ErasedChat(BaseModel):
    chat_id: str
    complete: bool = Field(description="Nothing is left.")
    erased: dict[str, int] = Field(
        description="Documents that are gone, by collection.", examples=[{"chat_events": 42, "chat_sessions": 1}]
    )


class ErasedUser(BaseModel):
    app_id: str
    user_id: str
    complete: bool = Field(description="Nothing is left.")
    erased: dict[str, int] = Field(
        description="Documents that are gone, by collection.", examples=[{"chat_events": 420, "chat_sessions": 10}]
    )


@routes.delete("/api/chats/{app_id}/{workflow_name}/{chat_id}", responses=_LATER)
async def erase_chat(
    caller: Caller, workflow_name: WorkflowName, chat_id: ChatId, api: Api, response: Response
) -> ErasedChat:
    """Erase a chat of the caller's, and those it spawned. What runs is stopped first."""
    try:
        api.chat(caller, workflow_name, chat_id)
    except MozaiksError as error:
        # A chat whose erasure was interrupted is hidden; who asks again goes on with it.
        if error.code != "CHAT_NOT_FOUND" or not api.eraser.interrupted(caller, chat_id):
            raise
    erased = _told(api.eraser.erase_chat(caller, chat_id), response)
    return ErasedChat(chat_id=chat_id, complete=erased.complete, erased=dict(erased.counts))


@routes.delete("/api/users/{app_id}/{user_id}", responses=_LATER)
async def erase_user(subject: Subject, api: Api, response: Response) -> ErasedUser:
    """Erase everything of a user: chats, journeys, secrets. Safe to repeat.

    By the user, or by an administrator of the app.
    """
    erased = _told(api.eraser.erase_user(subject), response)
    return ErasedUser(
        app_id=subject.app_id, user_id=subject.user_id, complete=erased.complete, erased=dict(erased.counts)
    )


def _told(erased: Erased, response: Response) -> Erased:
    response.status_code = 200 if erased.complete else 202
    return erased
