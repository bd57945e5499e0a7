"""One chat over its socket: reconnecting, in order, nothing twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Final, Self

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from mozaiks_local.client.address import chat_id_of, shown, with_last_seq
from mozaiks_local.client.backoff import Backoff
from mozaiks_local.client.drafts import Draft, Drafts
from mozaiks_local.client.errors import ChatClosedError, ConnectRefusedError
from mozaiks_local.client.events import Event, parse_frames
from mozaiks_local.client.opening import open_socket
from mozaiks_local.client.ordering import InOrder
from mozaiks_local.client.outbox import Outbox

__all__ = ["ChatClient"]

_LONGEST_GAP_PAUSE: Final = 5.0


class ChatClient:
    """A connection to one chat.

    Iterating gives the chat's events: durable ones (``seq`` set) each once and in order, deltas without repeats or
    holes, and what else the server says. Iteration ends when the client is closed, and raises
    ``ConnectRefusedError`` when the chat can no longer be reached.

    Parameters
    ----------
    url
        ``websocket_url`` of the start answer.
    last_seq
        ``seq`` of the last event already seen; 0 reads from the beginning.
    token
        Bearer token; sent as a header, so it stands in no address.
    backoff
        Pauses between reconnects.
    gap_seconds
        How long a missing event may be late before the client asks for it; asked again with doubling pauses.
    greet_seconds
        How long the server may be silent after connecting before the client says hello by itself.
    open_timeout
        Seconds a handshake may take.
    on_connection
        Told ``False`` when the socket is lost and ``True`` when there is a new one.
    """

    def __init__(
        self,
        url: str,
        *,
        last_seq: int = 0,
        token: str | None = None,
        backoff: Backoff | None = None,
        gap_seconds: float = 0.15,
        greet_seconds: float = 2.0,
        open_timeout: float = 10.0,
        on_connection: Callable[[bool], None] | None = None,
    ) -> None:
        self.chat_id = chat_id_of(url)
        self.url = url
        self.reconnects = 0
        self._token = token
        self._backoff = backoff or Backoff()
        self._gap_seconds = gap_seconds
        self._greet_seconds = greet_seconds
        self._open_timeout = open_timeout
        self._on_connection = on_connection or (lambda _: None)
        self._order = InOrder(last_seq)
        self._drafts = Drafts()
        self._outbox = Outbox()
        self._socket: ClientConnection | None = None
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._reader: asyncio.Task[None] | None = None
        self._attempt = 0
        self._greeted = asyncio.Event()
        self._gap_noticed = asyncio.Event()
        self._failure: ConnectRefusedError | None = None
        self._closed = False

    @property
    def last_seq(self) -> int:
        """``seq`` up to which everything was delivered to this client."""
        return self._order.last_seq

    @property
    def draft(self) -> Draft | None:
        """The message being written, if any."""
        return self._drafts.current

    @property
    def connected(self) -> bool:
        """Whether a socket is open right now."""
        return self._socket is not None

    async def connect(self) -> Self:
        """Open the socket and begin to read.

        Raises
        ------
        ConnectRefusedError
            If the first attempt fails; later losses are made good by reconnecting.
        """
        if self._reader is not None or self._closed:
            raise ChatClosedError("this client was already connected; make a new one")
        socket = await self._open()
        self._reader = asyncio.create_task(self._keep_reading(socket), name=f"chat-client-{self.chat_id}")
        return self

    async def close(self) -> None:
        """Close the socket and end every iteration."""
        if self._closed:
            return
        self._closed = True
        socket = self._socket
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        if socket is not None:
            await socket.close()
        self._events.put_nowait(None)

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def send(
        self,
        text: str,
        *,
        client_message_id: str | None = None,
        request_id: str | None = None,
        on_busy: str | None = None,
    ) -> str:
        """Say ``text``; returns its client message id. Sent again after a reconnect until the server has it."""
        key = client_message_id or uuid.uuid4().hex
        command: dict[str, Any] = {"type": "user.input.submit", "text": text, "client_message_id": key}
        if request_id is not None:
            command["request_id"] = request_id
        if on_busy is not None:
            command["on_busy"] = on_busy
        await self._command(key, command)
        return key

    async def answer(self, event_id: str, response: Any) -> None:
        """Answer a UI tool's call."""
        await self._command(event_id, {"type": "ui_tool_response", "eventId": event_id, "response": response})

    async def approve(self, event_id: str, approved: bool, *, reason: str | None = None) -> None:
        """Allow or refuse a tool call."""
        command: dict[str, Any] = {"type": "chat.approval", "eventId": event_id, "approved": approved}
        await self._command(event_id, command if reason is None else {**command, "reason": reason})

    async def cancel(self) -> None:
        """Stop the chat's run."""
        await self._command("cancel", {"type": "chat.cancel"})

    async def resend(self) -> int:
        """Send again what the server has not answered, for after an error that may be retried; returns how many."""
        frames = self._outbox.frames()
        for frame in frames:
            await self.send_frame(frame)
        return len(frames)

    async def hello(self) -> None:
        """Ask to be greeted and told what was missed; only needed where the server does not greet by itself."""
        await self.send_frame(self._resume("client.hello"))

    async def send_frame(self, frame: str | dict[str, Any]) -> None:
        """Send one frame as it is, once; a frame that meets a closed socket is lost."""
        if self._closed:
            raise ChatClosedError("the client is closed")
        if self._socket is not None:
            text = frame if isinstance(frame, str) else json.dumps(frame)
            with contextlib.suppress(ConnectionClosed):  # the reader sees the same and reconnects
                await self._socket.send(text)

    async def drop(self) -> None:
        """Cut the socket without a farewell, as a network does; the client then reconnects."""
        if self._socket is not None:
            self._socket.transport.abort()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._iterate()

    async def read_until(self, *types: str, within: float | None = None) -> list[Event]:
        """Everything up to and including the next event of one of ``types``.

        Raises
        ------
        TimeoutError
            After ``within`` seconds; the message lists the types that came instead.
        ChatClosedError
            If the client was closed before.
        """
        seen: list[Event] = []
        try:
            async with asyncio.timeout(within):
                async for event in self:
                    seen.append(event)
                    if event.type in types:
                        return seen
        except TimeoutError:
            came = ", ".join(event.type for event in seen[-20:]) or "nothing"
            raise TimeoutError(f"no {' or '.join(types)} within {within} s; came: {came}") from None
        raise ChatClosedError(f"the client was closed before {' or '.join(types)} came")

    async def _iterate(self) -> AsyncIterator[Event]:
        while (event := await self._events.get()) is not None:
            yield event
        self._events.put_nowait(None)  # for every other iteration, now or later
        if self._failure is not None:
            raise self._failure

    async def _command(self, key: str, command: dict[str, Any]) -> None:
        if self._closed or self._failure is not None:
            raise ChatClosedError("the client is closed")
        await self.send_frame(self._outbox.put(key, {**command, "chat_id": self.chat_id}))

    def _resume(self, type_: str) -> dict[str, Any]:
        return {"type": type_, "chat_id": self.chat_id, "last_seq": self.last_seq, "batch": True}

    async def _open(self) -> ClientConnection:
        url = with_last_seq(self.url, self.last_seq)
        socket = await open_socket(url, token=self._token, open_timeout=self._open_timeout)
        self._greeted.clear()
        self._socket = socket
        return socket

    async def _keep_reading(self, socket: ClientConnection) -> None:
        """Read until the client is closed or the chat cannot be reached; each lost socket is replaced."""
        try:
            while True:
                await self._read(socket)
                self._on_connection(False)
                socket = await self._reconnect()
                self._on_connection(True)
        except ConnectRefusedError as error:
            self._failure = error
            self._events.put_nowait(None)

    async def _read(self, socket: ClientConnection) -> None:
        watch = asyncio.create_task(self._ask_for_missing())
        try:
            async for text in socket:
                for event in parse_frames(text):
                    self._take(event)
        except ConnectionClosed:
            pass  # how a socket ends is told by its close code, below
        finally:
            self._socket = None
            watch.cancel()
        if socket.close_code == 1008:
            reason = socket.close_reason or "policy violation"
            raise ConnectRefusedError(f"{shown(self.url)} closed the socket for good: {reason}", 1008, final=True)

    def _take(self, event: Event) -> None:
        self._greeted.set()
        self._attempt = 0
        self._outbox.heard(event)
        if event.chat_id not in (None, self.chat_id):
            self._events.put_nowait(event)
            return
        for ordered in self._order.accept(event):
            for merged in self._drafts.accept(ordered):
                self._events.put_nowait(merged)
        if self._order.gap:
            self._gap_noticed.set()

    async def _ask_for_missing(self) -> None:
        """Say hello to a silent server; then ask for what stays missing.

        A gap is given a moment first: what is merely reordered, or being replayed, mends itself.
        """
        try:
            await asyncio.wait_for(self._greeted.wait(), self._greet_seconds)
        except TimeoutError:
            await self.hello()
        pause = self._gap_seconds
        while True:
            await self._gap_noticed.wait()
            stood_at = self.last_seq
            await asyncio.sleep(pause)
            if not self._order.gap:
                self._gap_noticed.clear()
            elif self.last_seq == stood_at:
                await self.send_frame(self._resume("client.resume"))
                pause = min(pause * 2, _LONGEST_GAP_PAUSE)
                continue
            pause = self._gap_seconds

    async def _reconnect(self) -> ClientConnection:
        while True:
            if self._backoff.spent(self._attempt):
                raise ConnectRefusedError(f"lost {shown(self.url)}; gave up after {self._attempt} attempts")
            await asyncio.sleep(self._backoff.pause(self._attempt))
            self._attempt += 1
            try:
                socket = await self._open()
            except ConnectRefusedError as error:
                if error.final:
                    raise
                continue
            self.reconnects += 1
            await self.resend()
            return socket
