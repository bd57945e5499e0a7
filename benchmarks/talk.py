"""One chat over the local stack's socket, with a clock."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.world import Stack
from mozaiks_local.client import start_chat

__all__ = ["APP", "USER", "Heard", "Replayed", "Talk", "join_talk", "open_talk"]

APP, USER = "bench", "ann"
_ENDS: Final = ("chat.run_complete", "chat.error", "error")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of one message. Seconds since it was sent; ``frames`` is everything that was posted meanwhile."""

    first_delta: float
    whole: float
    posts: int
    delta_posts: int
    completion_tokens: int
    sent_at: float
    first_delta_at: float
    frames: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of asking for the log again. ``posts`` are frames, ``size`` the characters in them."""

    seconds: float
    posts: int
    size: int
    events: int


class Talk:
    """An open socket. It reads frames as they are: the client library's own work is not what is measured."""

    def __init__(self, socket: ClientConnection, chat_id: str) -> None:
        self._socket = socket
        self.chat_id = chat_id

    async def until(self, type_: str) -> None:
        while json.loads(await self._socket.recv())["type"] != type_:
            pass

    async def say(self, text: str) -> Heard:
        """Send a message and read until its run is over.

        Raises
        ------
        RuntimeError
            If the run did not end in a pause, or nothing was said: then its times say nothing.
        """
        return await self._hear(_message(text))

    async def answer(self, request_id: str, response: Any) -> Heard:
        """Answer what a component asks, as `say` sends a message."""
        return await self._hear({"type": "ui_tool_response", "eventId": request_id, "response": response})

    async def say_and_be_asked(self, text: str) -> str:
        """Send a message whose run stops at a component that asks; the id of its request, once the run is over.

        Raises
        ------
        RuntimeError
            If the run ended in any other way.
        """
        await self._socket.send(json.dumps(_message(text)))
        request_id = None
        while True:
            frame = json.loads(await self._socket.recv())
            if frame["type"] == "chat.tool_call" and frame["data"]["awaiting_response"]:
                request_id = frame["event_id"]
            elif frame["type"] in _ENDS:
                break
        if request_id is None or frame["type"] != "chat.run_complete":
            raise RuntimeError(f"a benchmark's run did not stop at a component: {frame}")
        return str(request_id)

    async def replay(self, last_seq: int, *, batch: bool) -> Replayed:
        """Ask for everything after ``last_seq`` and read until it is there.

        Raises
        ------
        RuntimeError
            If what comes ends in anything but ``chat.resume_boundary``, or comes in the other form.
        """
        command = {"type": "client.resume", "last_seq": last_seq, **({"batch": True} if batch else {})}
        posts = size = 0
        batched = False
        began = time.perf_counter()
        await self._socket.send(json.dumps(command))
        while True:
            text = await self._socket.recv()
            posts, size = posts + 1, size + len(text)
            frame = json.loads(text)
            inner = [frame]
            if frame["type"] == "chat.batch":
                batched, inner = True, frame["data"]["events"]
            if inner[-1]["type"] in ("chat.resume_boundary", "error"):
                break
        seconds = time.perf_counter() - began
        last = inner[-1]
        if last["type"] == "error" or batched != batch:
            raise RuntimeError(f"a replay ({batch=}) did not come as it should: {last}")
        return Replayed(seconds, posts, size, last["data"]["replayed_count"])

    async def _hear(self, command: dict[str, Any]) -> Heard:
        frames: list[dict[str, Any]] = []
        first = first_at = 0.0
        sent_at, began = time.time(), time.perf_counter()
        await self._socket.send(json.dumps(command))
        while True:
            frame = json.loads(await self._socket.recv())
            frames.append(frame)
            if frame["type"] == "chat.print" and not first:
                first, first_at = time.perf_counter() - began, time.time()
            elif frame["type"] in _ENDS:
                break
        whole = time.perf_counter() - began
        if frame["type"] != "chat.run_complete" or frame["data"]["status"] != "waiting" or not first:
            raise RuntimeError(f"a benchmark's run did not end as it should: {frame}")
        return Heard(
            first_delta=first,
            whole=whole,
            posts=len(frames),
            delta_posts=sum(each["type"] == "chat.print" for each in frames),
            completion_tokens=frame["data"]["usage"]["completion_tokens"],
            sent_at=sent_at,
            first_delta_at=first_at,
            frames=frames,
        )


@contextlib.asynccontextmanager
async def open_talk(stack: Stack, workflow: str) -> AsyncIterator[Talk]:
    """A new chat, greeted and waiting for the user."""
    started = await start_chat(stack.http_url, APP, workflow, USER, force_new=True)
    async with connect(started.websocket_url, compression=None, proxy=None, close_timeout=1) as socket:
        talk = Talk(socket, started.chat_id)
        await talk.until("chat.resume_boundary")
        yield talk


@contextlib.asynccontextmanager
async def join_talk(stack: Stack, workflow: str, chat_id: str, last_seq: int) -> AsyncIterator[Talk]:
    """A chat that is there already, its log read up to ``last_seq``."""
    base = stack.http_url.replace("http://", "ws://", 1)
    url = f"{base}/ws/{workflow}/{APP}/{chat_id}/{USER}?last_seq={last_seq}"
    async with connect(url, compression=None, proxy=None, close_timeout=1) as socket:
        talk = Talk(socket, chat_id)
        await talk.until("chat.resume_boundary")
        yield talk


def _message(text: str) -> dict[str, Any]:
    return {"type": "user.input.submit", "text": text, "client_message_id": uuid.uuid4().hex}
