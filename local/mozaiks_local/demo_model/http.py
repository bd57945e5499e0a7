"""HTTP/1.1 on asyncio and h11: parses requests, writes answers, and notices at once when a client leaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import h11

__all__ = ["Connection", "Handler", "Request"]

_MAX_BODY = 32 * 1024 * 1024


@dataclass(slots=True)
class Request:
    """One request; header names are lower case. ``disconnected``: the client left before the answer was complete."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""
    disconnected: bool = False


Handler = Callable[[Request, "Connection"], Awaitable[None]]


class Connection(asyncio.Protocol):
    """One client's connection; answers its requests one after the other with ``handler``."""

    def __init__(self, handler: Handler, open_connections: set[Connection]) -> None:
        self._handler = handler
        self._open = open_connections
        self._h11 = h11.Connection(h11.SERVER)
        self._request: Request | None = None
        self._body = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport | None = None

    # --- asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(f"expected a stream transport, got {transport!r}")
        self._transport = transport
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        self._transport = None
        self._writable.set()
        if self._task is not None and not self._task.done():
            if self._request is not None:
                self._request.disconnected = True
            self._task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._h11.receive_data(data)
        self._pump()

    # --- parsing

    def _pump(self) -> None:
        while self._task is None and self._transport is not None:
            try:
                event = self._h11.next_event()
            except h11.RemoteProtocolError as error:
                self._refuse(error.error_status_hint, str(error))
                return
            if isinstance(event, h11.Request):
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
                self._request = Request(event.method.decode(), event.target.decode("latin-1"), headers)
                self._body.clear()
                if self._h11.they_are_waiting_for_100_continue:
                    self._send(h11.InformationalResponse(status_code=100, headers=[]))
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > _MAX_BODY:
                    self._refuse(413, f"the body is larger than {_MAX_BODY} bytes")
                    return
            elif isinstance(event, h11.EndOfMessage) and self._request is not None:
                self._request.body = bytes(self._body)
                self._task = asyncio.get_running_loop().create_task(self._answer(self._request))
            else:
                if isinstance(event, h11.ConnectionClosed):
                    self.close()
                return

    async def _answer(self, request: Request) -> None:
        try:
            await self._handler(request, self)
        finally:
            self._task = None
            self._request = None
            if self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE:
                self._h11.start_next_cycle()
                self._pump()
            else:
                self.close()

    def _refuse(self, status: int, reason: str) -> None:
        if not self.answering:
            body = {"error": {"message": reason, "type": "invalid_request_error", "param": None, "code": "bad_http"}}
            self.send_json(status, body, {"connection": "close"})
        self.close()

    # --- answering

    @property
    def answering(self) -> bool:
        """The head of the current answer was sent."""
        return self._h11.our_state not in (h11.IDLE, h11.SEND_RESPONSE)

    def _send(self, event: h11.Event) -> None:
        data = self._h11.send(event)
        if data and self._transport is not None:
            self._transport.write(data)

    def send_json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Answer with a JSON body."""
        self.send_bytes(status, json.dumps(body).encode(), "application/json", headers)

    def send_bytes(self, status: int, data: bytes, content_type: str, headers: dict[str, str] | None = None) -> None:
        """Answer with a body of any type."""
        self.start(status, {"content-type": content_type, "content-length": str(len(data)), **(headers or {})})
        self._send(h11.Data(data=data))
        self._send(h11.EndOfMessage())

    def start(self, status: int, headers: dict[str, str]) -> None:
        """Send the head of an answer whose body follows through :meth:`write`."""
        self._send(h11.Response(status_code=status, headers=list(headers.items())))

    async def write(self, data: bytes) -> None:
        """Send a piece of the body; waits while the client reads too slowly."""
        self._send(h11.Data(data=data))
        if not self._writable.is_set():
            await self._writable.wait()

    def end(self) -> None:
        """The body is complete."""
        self._send(h11.EndOfMessage())

    def close(self) -> None:
        """Close the connection after what was written; an unfinished body stays unfinished."""
        if self._transport is not None:
            self._transport.close()

    async def stop(self) -> None:
        """Close now, ending the answer that is being written."""
        task = self._task
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self._transport is not None:
            self._transport.abort()
