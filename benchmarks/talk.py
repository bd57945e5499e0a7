"""One chat over the local stack's socket, with a clock."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.world import Stack
from mozaiks_local.client import start_chat

__all__ = ["APP", "USER", "Heard", "Talk", "open_talk"]

APP, USER = "bench", "ann"


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
            If the run did not end in a pause: then its times say nothing.
        """
        command = {"type": "user.input.submit", "text": text, "client_message_id": uuid.uuid4().hex}
        frames: list[dict[str, Any]] = []
        first = first_at = 0.0
        sent_at, began = time.time(), time.perf_counter()
        await self._socket.send(json.dumps(command))
        while True:
            frame = json.loads(await self._socket.recv())
            frames.append(frame)
            if frame["type"] == "chat.print" and not first:
                first, first_at = time.perf_counter() - began, time.time()
            elif frame["type"] in ("chat.run_complete", "chat.error", "error"):
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
