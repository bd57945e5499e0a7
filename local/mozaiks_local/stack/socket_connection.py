"""One client socket: frames in and out, limits, the closing handshake."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from .http_server import HttpRequest
from .socket_events import new_id

__all__ = ["MAX_FRAME_BYTES", "MAX_MESSAGE_BYTES", "SlowClientError", "SocketConnection", "SocketLimits"]

MAX_FRAME_BYTES = 32 * 1024
MAX_MESSAGE_BYTES = 128 * 1024
_CLOSE_SECONDS = 2.0


class SlowClientError(Exception):
    """The client reads too slowly: what waits for it fills its buffer."""


@dataclass(frozen=True)
class SocketLimits:
    """AWS's limits of one socket. Seconds; ``buffer`` is the bytes that may wait for a slow client."""

    idle: float = 600.0
    duration: float = 7200.0
    buffer: int = 1024 * 1024


class SocketConnection(asyncio.Protocol):
    """A socket from its handshake to its end.

    Parameters
    ----------
    transport, request, leftover
        Taken over from the HTTP server; the handshake is not answered yet.
    limits
        Idle time, duration, buffer.
    on_message
        Called with the connection and the text of each message.
    on_close
        Called once, with the close code and reason, when an accepted socket has ended.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        request: HttpRequest,
        leftover: bytes,
        limits: SocketLimits,
        on_message: Callable[[SocketConnection, str], None],
        on_close: Callable[[SocketConnection, int, str], None],
    ) -> None:
        self.id = new_id()
        self.connected_at = int(time.time() * 1000)
        self.last_active = time.time()
        self.request = request
        self.host = request.header("host", "localhost")
        self._transport = transport
        self._limits = limits
        self._on_message = on_message
        self._on_close = on_close
        self._protocol = ServerProtocol(max_size=(MAX_MESSAGE_BYTES, MAX_FRAME_BYTES))
        head = f"{request.method} {request.target} HTTP/1.1\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in request.headers) + "\r\n"
        self._protocol.receive_data(head.encode("latin-1"))
        events = self._protocol.events_received()
        self._handshake: Response | None = None
        if events:
            self._handshake = self._protocol.accept(cast(Request, events[0]))
        self._early = [leftover] if leftover else []
        self._opened = False
        self._lost = False
        self._parts: list[bytes] = []
        self._timers: list[asyncio.TimerHandle] = []
        self._idle_timer: asyncio.TimerHandle | None = None
        self._closed_by_us: tuple[int, str] | None = None

    # -- handshake ---------------------------------------------------------------------------------------------------

    @property
    def acceptable(self) -> bool:
        """Whether the request was a proper WebSocket handshake."""
        return self._handshake is not None and self._handshake.status_code == 101

    @property
    def open(self) -> bool:
        return self._opened and not self._lost and self._protocol.state is State.OPEN

    def accept(self, subprotocol: str | None) -> None:
        """Answer 101 and begin to read."""
        assert self._handshake is not None  # noqa: S101 - checked by `acceptable`
        self._opened = True
        if self._lost:
            self._on_close(self, 1006, "Connection closed abnormally")
            return
        if subprotocol:
            self._handshake.headers["Sec-WebSocket-Protocol"] = subprotocol
        self._protocol.send_response(self._handshake)
        self._flush()
        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(self._limits.duration, self.close, 1001, "Going away"))
        self._idle_timer = loop.call_later(self._limits.idle, self._check_idle)
        for data in self._early:
            self.data_received(data)
        self._early.clear()

    def refuse(self, status: int, body: bytes, headers: list[tuple[str, str]]) -> None:
        """Answer the handshake with an HTTP response and close."""
        if self._lost:
            return
        merged = Headers([*headers, ("Content-Length", str(len(body))), ("Connection", "close")])
        lines = "".join(f"{name}: {value}\r\n" for name, value in merged.raw_items())
        self._transport.write(f"HTTP/1.1 {status} \r\n{lines}\r\n".encode("latin-1") + body)
        self._transport.close()

    def refuse_handshake(self) -> None:
        """Answer what was no proper handshake."""
        response = self._handshake
        if response is None:
            self.refuse(400, b'{"message":"Bad Request"}', [("Content-Type", "application/json")])
        else:
            self.refuse(response.status_code, bytes(response.body or b""), [("Content-Type", "text/plain")])

    # -- sending -----------------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Send a message, in frames of at most 32 KB.

        Raises
        ------
        SlowClientError
            If too much waits for this client already.
        """
        if self._transport.get_write_buffer_size() + len(data) > self._limits.buffer:
            raise SlowClientError
        frames = [data[start : start + MAX_FRAME_BYTES] for start in range(0, len(data), MAX_FRAME_BYTES)] or [b""]
        for index, frame in enumerate(frames):
            final = index == len(frames) - 1
            if index == 0:
                self._protocol.send_text(frame, fin=final)
            else:
                self._protocol.send_continuation(frame, fin=final)
        self.last_active = time.time()
        self._flush()

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake; the TCP connection ends shortly after whatever the client does."""
        if self._lost or self._protocol.state is not State.OPEN:
            return
        self._closed_by_us = (code, reason)
        self._protocol.send_close(code, reason)
        self._flush()
        self._end_soon()

    def abort(self) -> None:
        self._transport.abort()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof() and not self._transport.is_closing():
                self._transport.write_eof()

    def _end_soon(self) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self._transport.abort))

    # -- receiving ---------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if not self._opened:
            self._early.append(data)
            return
        self.last_active = time.time()
        self._protocol.receive_data(data)
        events = self._protocol.events_received()
        self._flush()
        for event in events:
            if isinstance(event, Frame):
                self._frame(event)
        if self._protocol.close_expected():
            self._end_soon()

    def eof_received(self) -> bool:
        if self._opened:
            self._protocol.receive_eof()
            self._flush()
        return False

    def _frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.BINARY:
            # API Gateway takes no binary frames from clients.
            self._fail(1003, "Binary frames are not supported")
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._parts.append(bytes(frame.data))
            if not frame.fin:
                return
            data, self._parts = b"".join(self._parts), []
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                self._fail(1007, "The text is not UTF-8")
                return
            self._on_message(self, text)

    def _fail(self, code: int, reason: str) -> None:
        self._closed_by_us = (code, reason)
        self._protocol.fail(code, reason)
        self._flush()
        self._end_soon()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._lost:
            return
        self._lost = True
        for timer in self._timers:
            timer.cancel()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        if self._opened:
            self._on_close(self, *self._outcome())

    def _outcome(self) -> tuple[int, str]:
        if self._closed_by_us is not None:
            return self._closed_by_us
        received, sent = self._protocol.close_rcvd, self._protocol.close_sent
        if received is not None:
            if received.code == 1005:
                return 1005, "Client-side close frame status not set"
            return int(received.code), received.reason
        if sent is not None:  # the protocol failed the connection: a frame too large, a bad frame
            return int(sent.code), sent.reason
        return 1006, "Connection closed abnormally"

    def _check_idle(self) -> None:
        left = self.last_active + self._limits.idle - time.time()
        if left <= 0:
            self.close(1001, "Going away")
        else:
            self._idle_timer = asyncio.get_running_loop().call_later(left, self._check_idle)
