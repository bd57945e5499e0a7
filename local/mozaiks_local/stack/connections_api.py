"""The ``@connections`` API functions answer their clients through, and the faults tests put into it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from .http_server import HttpRequest, HttpResponse, error_response
from .socket_api import Sockets
from .socket_connection import MAX_MESSAGE_BYTES, SlowClientError, SocketConnection
from .socket_events import new_id

__all__ = ["CLOSE_CODE_HEADER", "ConnectionsApi", "FaultKind", "Faults"]

CLOSE_CODE_HEADER = "x-close-code"

FaultKind = Literal["gone", "throttled", "hang"]


@dataclass
class _Fault:
    kind: FaultKind
    connection_id: str | None
    times: int
    seconds: float


class Faults:
    """Faults of ``POST @connections``, taken in the order they were injected. Safe to use from any thread."""

    def __init__(self) -> None:
        self._faults: list[_Fault] = []
        self._lock = threading.Lock()

    def inject(self, kind: FaultKind, connection_id: str | None = None, times: int = 1, seconds: float = 30.0) -> None:
        """Have the next ``times`` posts fail.

        Parameters
        ----------
        kind
            ``gone`` answers 410, ``throttled`` 429, ``hang`` nothing for ``seconds`` and 410 then.
        connection_id
            Only posts to this connection; any connection when it is ``None``.
        times
            How many posts.
        seconds
            How long a ``hang`` lasts.
        """
        with self._lock:
            self._faults.append(_Fault(kind, connection_id, times, seconds))

    def clear(self) -> None:
        """Forget the faults that were not taken."""
        with self._lock:
            self._faults.clear()

    def take(self, connection_id: str) -> tuple[FaultKind, float] | None:
        """Give the fault the next post to a connection meets, and use it up."""
        with self._lock:
            for fault in self._faults:
                if fault.connection_id in (None, connection_id):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                    return fault.kind, fault.seconds
        return None


class ConnectionsApi:
    """Answers ``POST``, ``GET`` and ``DELETE /{stage}/@connections/{id}``."""

    def __init__(self, sockets: Sockets) -> None:
        self.faults = Faults()
        self.posts: Counter[str] = Counter()
        self._sockets = sockets

    async def handle(self, request: HttpRequest, stage: str, connection_id: str) -> HttpResponse:
        if not request.header("authorization").startswith("AWS4-HMAC-SHA256 "):
            return _error(403, "MissingAuthenticationTokenException", "Missing Authentication Token", connection_id)
        connection = self._sockets.find(stage, connection_id)
        if request.method == "POST":
            return await self._post(connection, connection_id, request.body)
        if connection is None:
            return _gone(connection_id)
        if request.method == "DELETE":
            _close(connection, request.header(CLOSE_CODE_HEADER))
            return HttpResponse(204)
        if request.method == "GET":
            return _describe(connection)
        return _error(405, "MethodNotAllowedException", f"Method {request.method} is not allowed", connection_id)

    async def _post(self, connection: SocketConnection | None, connection_id: str, data: bytes) -> HttpResponse:
        fault = self.faults.take(connection_id)
        if fault is not None:
            kind, seconds = fault
            if kind == "throttled":
                return _error(429, "LimitExceededException", "Too Many Requests", connection_id)
            if kind == "hang":
                await asyncio.sleep(seconds)
            return _gone(connection_id)
        if connection is None:
            return _gone(connection_id)
        if len(data) > MAX_MESSAGE_BYTES:
            return _error(413, "PayloadTooLargeException", f"Message over {MAX_MESSAGE_BYTES} bytes", connection_id)
        try:
            connection.send(data)
        except SlowClientError:
            return _error(429, "LimitExceededException", "The client's buffer is full", connection_id)
        self.posts[connection_id] += 1
        return HttpResponse(200, b"", [("x-amzn-RequestId", new_id())])


def _close(connection: SocketConnection, wanted: str) -> None:
    """AWS closes with 1000 whatever was wanted: its API has no close code. The one a function may ask for is ours."""
    if wanted == "1008":
        connection.close(1008, "Policy violation")
    else:
        connection.close(1000, "Connection Closed Normally")


def _gone(connection_id: str) -> HttpResponse:
    return _error(410, "GoneException", "Gone", connection_id)


def _error(status: int, kind: str, message: str, connection_id: str) -> HttpResponse:
    body = json.dumps({"message": message, "connectionId": connection_id, "requestId": new_id()})
    return error_response(status, kind, body.encode())


def _describe(connection: SocketConnection) -> HttpResponse:
    def moment(seconds: float) -> str:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    body = {
        "connectedAt": moment(connection.connected_at / 1000),
        "identity": {
            "sourceIp": connection.request.client,
            "userAgent": connection.request.header("user-agent"),
        },
        "lastActiveAt": moment(connection.last_active),
    }
    return HttpResponse(200, json.dumps(body).encode(), [("Content-Type", "application/json")])
