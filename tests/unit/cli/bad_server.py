"""A real WebSocket server on loopback that says exactly what a test tells it to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

CHAT = "c1"


def frame(type_: str, seq: int | None = None, **data: Any) -> str:
    envelope: dict[str, Any] = {"type": type_, "chat_id": CHAT, "event_id": f"e{seq}", "data": data}
    return json.dumps(envelope if seq is None else {**envelope, "seq": seq})


def text(seq: int, content: str = "", message_id: str | None = None, role: str = "assistant") -> str:
    return frame("chat.text", seq, content=content, message_id=message_id or f"m{seq}", role=role, agent="Alice")


def delta(message_id: str, offset: int, content: str) -> str:
    return frame("chat.print", agent="Alice", message_id=message_id, offset=offset, content=content)


class Line:
    """One accepted connection: what it asked for, and what a test's script does with it."""

    def __init__(self, number: int, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.number = number
        self.socket = socket
        self.query = {key: values[0] for key, values in parse_qs(urlsplit(socket.request.path).query).items()}
        self.headers = socket.request.headers

    async def say(self, *frames: str) -> None:
        for one in frames:
            await self.socket.send(one)

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(5):
            heard: dict[str, Any] = json.loads(await self.socket.recv())
            return heard

    async def hear_nothing_more(self) -> None:
        """Stay until the client leaves; anything it still says fails the test."""
        try:
            raise AssertionError(f"the client said {await self.socket.recv()!r}; expected nothing")
        except ConnectionClosed:
            return

    async def stay(self) -> None:
        await self.socket.wait_closed()

    def cut(self) -> None:
        self.socket.transport.abort()


Script = Callable[[Line], Awaitable[None]]


class BadServer:
    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.failures: list[BaseException] = []
        self.base = ""

    @property
    def url(self) -> str:
        return f"{self.base}/local?workflow=W&app_id=A&chat_id={CHAT}&user_id=U"


@asynccontextmanager
async def bad_server(*scripts: Script) -> AsyncIterator[BadServer]:
    """A server that plays ``scripts[n]`` on its n-th connection (the last one on all further ones)."""
    state = BadServer()

    async def handle(socket: ServerConnection) -> None:
        line = Line(len(state.lines), socket)
        state.lines.append(line)
        try:
            await scripts[min(line.number, len(scripts) - 1)](line)
        except ConnectionClosed:
            pass
        except BaseException as error:
            state.failures.append(error)
            raise

    async with serve(handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        state.base = f"ws://127.0.0.1:{port}"
        yield state
    assert not state.failures, state.failures
