"""A chat's log over HTTP: a JSON page, or server-sent events of what is stored."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Response

from mozaiks.web.caller import Caller
from mozaiks.web.chat_models import EventPage
from mozaiks.web.ids import ChatId, WorkflowName
from mozaiks.web.runtime import Api

__all__ = ["routes"]

PAGE_BYTES: Final = 4 * 1024 * 1024
"""A Lambda's answer may have 6 MB, its JSON envelope included."""

EVENT_STREAM: Final = "text/event-stream"
_RECONNECT_MS: Final = 2000

routes = APIRouter(prefix="/api/chats", tags=["chats"])


@routes.get(
    "/{app_id}/{workflow_name}/{chat_id}/events",
    response_model=EventPage,
    responses={
        200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}},
        204: {"description": "As an event stream: the chat has ended and nothing follows; do not connect again."},
    },
)
async def chat_events(
    caller: Caller,
    workflow_name: WorkflowName,
    chat_id: ChatId,
    api: Api,
    after: Annotated[int, Query(ge=0, le=2**53, description="`seq` of the last event the client has.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    accept: Annotated[str, Header(description="`text/event-stream` for server-sent events.")] = "",
    last_event_id: Annotated[str | None, Header(description="What a reconnecting event stream saw last.")] = None,
) -> Response:
    """Stored events after a `seq`, in order.

    As an event stream the answer holds what is stored and ends; an `EventSource` connects again by itself with
    `Last-Event-ID`, so it follows the chat without a socket.
    """
    chat = api.chat(caller, workflow_name, chat_id)
    streams = EVENT_STREAM in accept.lower()
    if streams and last_event_id and last_event_id.isascii() and last_event_id.isdigit():
        after = min(int(last_event_id[:15]), 2**53)
    frames = api.service.history(caller, chat_id, after, limit + 1)
    texts = _within(PAGE_BYTES, frames[:limit])
    if streams:
        if not texts and chat.ended:
            return Response(status_code=204)
        return _stream(frames, texts)
    reached = frames[len(texts) - 1]["seq"] if texts else after
    has_more = "true" if len(frames) > len(texts) else "false"
    body = (
        f'{{"chat_id":{json.dumps(chat_id)},"events":[{",".join(texts)}],"next_after":{reached},"has_more":{has_more}}}'
    )
    return Response(body.encode("utf-8", "replace"), media_type="application/json")


def _within(limit: int, frames: list[dict[str, Any]]) -> list[str]:
    """As many frames, as JSON, as fit into ``limit`` bytes, and the first whatever its size."""
    texts: list[str] = []
    size = 0
    for frame in frames:
        text = json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
        size += len(text.encode("utf-8", "replace")) + 1
        if texts and size > limit:
            break
        texts.append(text)
    return texts


def _stream(frames: list[dict[str, Any]], texts: list[str]) -> Response:
    events = [f"id: {frame['seq']}\ndata: {text}\n\n" for frame, text in zip(frames, texts, strict=False)]
    body = f"retry: {_RECONNECT_MS}\n\n{''.join(events)}"
    return Response(body.encode("utf-8", "replace"), media_type=EVENT_STREAM, headers={"Cache-Control": "no-cache"})
