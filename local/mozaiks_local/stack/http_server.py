"""A small HTTP/1.1 server on asyncio and h11: whole requests in, whole responses out, sockets handed over."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import parse_qsl, unquote

import h11

from .errors import PortTakenError, StackError

__all__ = ["HttpProtocol", "HttpRequest", "HttpResponse", "HttpServer", "error_response", "listening_socket"]

_LOG = logging.getLogger(__name__)
_LINGER_SECONDS = 2.0
_BACKLOG = 512


@dataclass(frozen=True)
class HttpRequest:
    """One request, its body complete.

    ``target`` is as it stood on the wire; ``headers`` keep order, repeats and spelling.
    """

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    client: str

    @property
    def raw_path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def path(self) -> str:
        """The path, percent-decoded."""
        return unquote(self.raw_path)

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def query_pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query, keep_blank_values=True)

    def header(self, name: str, default: str = "") -> str:
        """The first value of a header, whatever its spelling."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), default)


@dataclass(frozen=True)
class HttpResponse:
    """One response. ``Content-Length`` is added; ``body`` is sent as it is."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)


def error_response(status: int, kind: str, body: bytes) -> HttpResponse:
    """Give an AWS JSON error: the kind stands in ``x-amzn-errortype``, where AWS's clients look for it."""
    return HttpResponse(status, body, [("Content-Type", "application/json"), ("x-amzn-errortype", kind)])


Handle = Callable[[HttpRequest], Awaitable[HttpResponse]]
Upgrade = Callable[[HttpRequest, asyncio.Transport, bytes], asyncio.Protocol]


class HttpProtocol(asyncio.Protocol):
    """One client connection. Requests on it are answered one after the other."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=65536)
        self._request: h11.Request | None = None
        self._body: list[bytes] = []
        self._size = 0
        self._task: asyncio.Task[None] | None = None
        self._deaf = False
        self._transport: asyncio.Transport
        self._client = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        raw = transport.get_extra_info("socket")
        if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = (transport.get_extra_info("peername") or ("",))[0]
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._http.receive_data(data)
        self._advance()

    def eof_received(self) -> bool:
        if self._task is not None:
            return True  # a client that only shut its sending side still wants the answer
        self._transport.close()
        return False

    def _advance(self) -> None:
        try:
            while True:
                event = self._http.next_event()
                if isinstance(event, h11.Request):
                    self._request, self._body, self._size = event, [], 0
                    if self._http.they_are_waiting_for_100_continue:
                        self._transport.write(self._send(h11.InformationalResponse(status_code=100, headers=[])))
                elif isinstance(event, h11.Data):
                    self._size += len(event.data)
                    if self._size > self._server.max_body:
                        self._refuse(self._server.too_large())
                        return
                    self._body.append(bytes(event.data))
                elif isinstance(event, h11.EndOfMessage):
                    self._complete()
                    return
                else:  # more data needed, or the other request is still being answered
                    return
        except h11.RemoteProtocolError as error:
            body = b'{"message":"Bad Request"}'
            self._refuse(HttpResponse(error.error_status_hint, body, [("Content-Type", "application/json")]))

    def _complete(self) -> None:
        assert self._request is not None  # noqa: S101 - h11 gives the request before its end
        head = self._request
        request = HttpRequest(
            method=head.method.decode("ascii"),
            target=head.target.decode("latin-1"),
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers.raw_items()],
            body=b"".join(self._body),
            client=self._client,
        )
        if self._server.upgrade is not None and request.header("upgrade").lower() == "websocket":
            leftover, _ = self._http.trailing_data
            self._server.connections.discard(self)
            protocol = self._server.upgrade(request, self._transport, leftover)
            self._transport.set_protocol(protocol)
            return
        self._task = asyncio.create_task(self._answer(request))

    async def _answer(self, request: HttpRequest) -> None:
        try:
            response = await self._server.handle(request)
        except asyncio.CancelledError:
            self._transport.abort()
            raise
        except Exception:  # noqa: BLE001 - logged, and answered as API Gateway would
            _LOG.exception("%s %s failed inside the local stack", request.method, request.raw_path)
            response = HttpResponse(500, b'{"message":"Internal Server Error"}', [("Content-Type", "application/json")])
        self._task = None
        if self._transport.is_closing():
            return
        self._write(request.method, response)
        if self._http.our_state is h11.MUST_CLOSE:
            self._transport.close()
            return
        self._http.start_next_cycle()
        self._advance()

    def _write(self, method: str, response: HttpResponse) -> None:
        bodiless = response.status in (204, 304)
        headers = [*response.headers] if bodiless else [*response.headers, ("Content-Length", str(len(response.body)))]
        out = self._send(h11.Response(status_code=response.status, headers=headers, reason=b""))
        if response.body and method != "HEAD" and not bodiless:
            out += self._send(h11.Data(data=response.body))
        out += self._send(h11.EndOfMessage())
        self._transport.write(out)

    def _send(self, event: h11.Event) -> bytes:
        return self._http.send(event) or b""

    def _refuse(self, response: HttpResponse) -> None:
        """Answer at once and read on without listening: a reset would take the answer from the client."""
        self._deaf = True
        head = f"HTTP/1.1 {response.status} \r\nConnection: close\r\nContent-Length: {len(response.body)}\r\n"
        lines = "".join(f"{name}: {value}\r\n" for name, value in response.headers)
        self._transport.write(f"{head}{lines}\r\n".encode("latin-1") + response.body)
        asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._transport.close)


class HttpServer:
    """A listening port.

    Parameters
    ----------
    handle
        Answers one request.
    max_body
        Bytes of the largest body; a larger one is answered by ``too_large`` without being read.
    upgrade
        Takes over connections that ask for a WebSocket.
    """

    def __init__(
        self,
        handle: Handle,
        *,
        max_body: int,
        upgrade: Upgrade | None = None,
        too_large: Callable[[], HttpResponse] = lambda: HttpResponse(413, b'{"message":"Request Entity Too Large"}'),
    ) -> None:
        self.handle = handle
        self.max_body = max_body
        self.upgrade = upgrade
        self.too_large = too_large
        self.connections: set[HttpProtocol] = set()
        self._server: asyncio.Server | None = None
        self._socket: socket.socket | None = None

    def bind(self, host: str, port: int) -> int:
        """Take the port (chosen by the system when ``port`` is 0) and give its number; clients wait until ``serve``.

        Raises
        ------
        PortTakenError
            If another program listens there.
        """
        self._socket = listening_socket(host, port)
        taken: int = self._socket.getsockname()[1]
        return taken

    async def serve(self) -> None:
        """Answer clients, those that came since ``bind`` first."""
        assert self._socket is not None  # noqa: S101 - bind comes first
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: HttpProtocol(self), sock=self._socket, backlog=_BACKLOG)

    async def stop(self) -> None:
        """Close the port and every connection."""
        for connection in list(self.connections):
            connection.close()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        elif self._socket is not None:
            self._socket.close()
        self._server = self._socket = None


def listening_socket(host: str, port: int) -> socket.socket:
    """Give a TCP socket that listens already.

    Raises
    ------
    PortTakenError
        If another program listens there.
    StackError
        If the address cannot be used for another reason.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
        taken.listen(_BACKLOG)
        taken.setblocking(False)
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(host, port) from error
        raise StackError(f"the local stack cannot listen on {host} port {port}: {error.strerror}") from error
    return taken
