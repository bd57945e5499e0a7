"""A chat's log over HTTP: a JSON page, or server-sent events of what is stored."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any, Final

import anyio
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
_RECONNECT_WAITED_MS: Final = 100
"""Where the waiting is done here, the client need not wait too."""
MAX_WAIT_SECONDS: Final = 20.0
"""The function and the gateway before it give up at 29."""
_LOOK_SECONDS: Final = 0.25

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
    wait: Annotated[
        float, Query(ge=0, le=MAX_WAIT_SECONDS, description="So many seconds for an event, if there is none yet.")
    ] = 0,
    last_event_id: Annotated[str | None, Header(description="What a reconnecting event stream saw last.")] = None,
) -> Response:
    """Stored events after a `seq`, in order.

    As an event stream the answer holds what is stored and ends; an `EventSource` connects again by itself with
    `Last-Event-ID`, so it follows the chat without a socket. With `wait` the answer is held back until there is an
    event, or the chat has ended, or the time is over.
    """
    chat = api.chat(caller, workflow_name, chat_id)
    streams = EVENT_STREAM in accept.lower()
    if streams and last_event_id and last_event_id.isascii() and last_event_id.isdigit():
        after = min(int(last_event_id[:15]), 2**53)
    frames = api.service.history(caller, chat_id, after, limit + 1)
    until = time.monotonic() + wait
    # A function's answer goes out as a whole, so following means to answer late. The function is paid for meanwhile.
    while not frames and not chat.ended and time.monotonic() < until:
        await anyio.sleep(min(_LOOK_SECONDS, max(0.0, until - time.monotonic())))
        chat = api.chat(caller, workflow_name, chat_id)
        if chat.last_seq > after:
            frames = api.service.history(caller, chat_id, after, limit + 1)
    texts = _within(PAGE_BYTES, frames[:limit])
    if streams:
        if not texts and chat.ended:
            return Response(status_code=204)
        return _stream(frames, texts, _RECONNECT_MS if wait == 0 else _RECONNECT_WAITED_MS)
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


def _stream(frames: list[dict[str, Any]], texts: list[str], reconnect_ms: int) -> Response:
    events = [f"id: {frame['seq']}\ndata: {text}\n\n" for frame, text in zip(frames, texts, strict=False)]
    body = f"retry: {reconnect_ms}\n\n{''.join(events)}"
    return Response(body.encode("utf-8", "replace"), media_type=EVENT_STREAM, headers={"Cache-Control": "no-cache"})
