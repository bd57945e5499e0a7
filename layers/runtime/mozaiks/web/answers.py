"""What takes a chat up again: answers to its requests, and another try of one that failed."""

from __future__ import annotations

from fastapi import APIRouter

from mozaiks.web.answer_models import AnsweredRequest, AnswerRequest, RetriedChat, RetryChat
from mozaiks.web.caller import Caller
from mozaiks.web.ids import ChatId, WorkflowName
from mozaiks.web.runtime import Api

__all__ = ["routes"]

routes = APIRouter(prefix="/api/chats", tags=["chats"])


@routes.post("/{app_id}/{workflow_name}/{chat_id}/answers", status_code=202)
async def answer_request(
    body: AnswerRequest, caller: Caller, workflow_name: WorkflowName, chat_id: ChatId, api: Api
) -> AnsweredRequest:
    """Answer an open request of a chat. The chat goes on when the last one it waits for is answered."""
    api.chat(caller, workflow_name, chat_id)
    if body.approved is None:
        answer = api.service.answer(caller, chat_id, body.request_id, body.response)
    else:
        answer = api.service.approve(caller, chat_id, body.request_id, approved=body.approved, reason=body.reason)
    return AnsweredRequest(chat_id=chat_id, **answer)


@routes.post("/{app_id}/{workflow_name}/{chat_id}/retry", status_code=202)
async def retry_chat(
    caller: Caller, workflow_name: WorkflowName, chat_id: ChatId, api: Api, _body: RetryChat | None = None
) -> RetriedChat:
    """Run a chat again that failed or timed out. It goes on from its last safe point."""
    chat = api.journeys.retry_chat(caller, api.chat(caller, workflow_name, chat_id))
    return RetriedChat(chat_id=chat_id, status=chat.status, run_no=chat.run_no)
