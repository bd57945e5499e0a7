"""API Gateway's WebSocket API: the life of sockets as events to functions."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from .definitions import SocketApi, SocketRoute
from .errors import StackError
from .http_server import HttpRequest
from .lambda_service import LambdaService
from .lambda_worker import InvokeResult
from .socket_connection import SlowClientError, SocketConnection, SocketLimits
from .socket_events import connect_event, disconnect_event, message_event, new_id, select_route

__all__ = ["Sockets"]

_LOG = logging.getLogger(__name__)
_CHAT_PATH = re.compile(r"^/ws/([^/]+)/([^/]+)/([^/]+)/([^/]+)/?$")
_JSON = [("Content-Type", "application/json")]


class Sockets:
    """Every open socket, and what happens on them.

    Parameters
    ----------
    apis
        The template's WebSocket APIs, told apart by their stages.
    service
        Runs the routes' functions.
    limits
        AWS's limits of a socket.
    """

    def __init__(self, apis: Iterable[SocketApi], service: LambdaService, limits: SocketLimits) -> None:
        self._apis = {api.stage: api for api in apis}
        self._service = service
        self._limits = limits
        self._open: dict[str, SocketConnection] = {}
        self._api_of: dict[str, SocketApi] = {}
        self._pending: set[SocketConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def stages(self) -> list[str]:
        return list(self._apis)

    @property
    def connection_ids(self) -> list[str]:
        return list(self._open)

    def find(self, stage: str, connection_id: str) -> SocketConnection | None:
        """Give an open connection of a stage."""
        connection = self._open.get(connection_id)
        if connection is None or not connection.open or self._api_of[connection_id].stage != stage:
            return None
        return connection

    def upgrade(self, request: HttpRequest, transport: asyncio.Transport, leftover: bytes) -> SocketConnection:
        """Take over a connection that asks for a WebSocket. The handshake is answered once ``$connect`` has."""
        connection = SocketConnection(transport, request, leftover, self._limits, self._message, self._closed)
        self._pending.add(connection)
        self._spawn(self._connect(connection))
        return connection

    async def stop(self) -> None:
        """Close every socket with 1001; their ``$disconnect`` is not run."""
        self._stopping = True
        for connection in [*self._open.values(), *self._pending]:
            connection.close(1001, "Going away")
        for _ in range(20):  # clients answer a close within a moment
            if not self._open:
                break
            await asyncio.sleep(0.01)
        for connection in [*self._open.values(), *self._pending]:
            connection.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _resolve(self, request: HttpRequest) -> tuple[SocketApi, list[tuple[str, str]]] | None:
        match = _CHAT_PATH.match(request.raw_path)
        if match is not None and self._apis:
            names = ("workflow", "app_id", "chat_id", "user_id")
            query = [(name, unquote(value)) for name, value in zip(names, match.groups(), strict=True)]
            return next(iter(self._apis.values())), [*query, *request.query_pairs]
        api = self._apis.get(request.path.strip("/"))
        return (api, request.query_pairs) if api is not None else None

    async def _connect(self, connection: SocketConnection) -> None:
        try:
            found = self._resolve(connection.request)
            if not connection.acceptable:
                connection.refuse_handshake()
            elif found is None:
                self._refuse(connection, 403, "Forbidden")
            else:
                await self._ask_to_connect(connection, *found)
        finally:
            self._pending.discard(connection)

    async def _ask_to_connect(self, connection: SocketConnection, api: SocketApi, query: list[tuple[str, str]]) -> None:
        route = api.routes.get("$connect")
        subprotocol = None
        if route is not None:
            event = connect_event(api, connection.id, connection.connected_at, connection.request, query)
            result = await self._call(route, event)
            answer = result.json() if result is not None and result.error is None else None
            if result is None or result.error is not None or not isinstance(answer, dict):
                self._refuse(connection, 502, "Internal server error")
                return
            status = answer.get("statusCode")
            if not isinstance(status, int) or not 200 <= status <= 299:
                valid = isinstance(status, int) and 300 <= status <= 599
                self._refuse(connection, status if valid and isinstance(status, int) else 502, None, answer.get("body"))
                return
            headers = answer.get("headers") or {}
            subprotocol = next((v for k, v in headers.items() if k.lower() == "sec-websocket-protocol"), None)
        self._open[connection.id] = connection
        self._api_of[connection.id] = api
        connection.accept(subprotocol)

    @staticmethod
    def _refuse(connection: SocketConnection, status: int, message: str | None, body: Any = None) -> None:
        text = body if isinstance(body, str) and body else None
        if text is None:
            text = json.dumps({"message": message or "Forbidden", "connectionId": connection.id, "requestId": new_id()})
        connection.refuse(status, text.encode(), _JSON)

    def _message(self, connection: SocketConnection, text: str) -> None:
        if not self._stopping:
            self._spawn(self._handle(connection, text))

    async def _handle(self, connection: SocketConnection, text: str) -> None:
        api = self._api_of[connection.id]
        key = select_route(api, text)
        if key is None:
            self._tell(connection, "Forbidden")
            return
        route = api.routes[key]
        client = connection.request.client
        event = message_event(api, connection.id, connection.connected_at, connection.host, client, key, text)
        result = await self._call(route, event)
        if result is None or result.error is not None:
            self._tell(connection, "Internal server error", event["requestContext"]["requestId"])
        elif route.answers:
            answer = result.json()
            body = answer.get("body") if isinstance(answer, dict) else None
            if isinstance(body, str) and body:
                self._send(connection, body.encode())

    async def _call(self, route: SocketRoute, event: dict[str, Any]) -> InvokeResult | None:
        """Run a route's function; ``None`` if it could not be run or took longer than the integration may."""
        payload = json.dumps(event, separators=(",", ":")).encode()
        call = asyncio.ensure_future(self._service.invoke(route.function, payload))
        done, _ = await asyncio.wait([call], timeout=route.timeout)
        if not done:
            return None
        try:
            return call.result()
        except StackError as error:
            _LOG.warning("route %s: %s", route.key, error)
            return None

    def _tell(self, connection: SocketConnection, message: str, request_id: str | None = None) -> None:
        frame = {"message": message, "connectionId": connection.id, "requestId": request_id or new_id()}
        self._send(connection, json.dumps(frame).encode())

    @staticmethod
    def _send(connection: SocketConnection, data: bytes) -> None:
        if not connection.open:
            return
        try:
            connection.send(data)
        except SlowClientError:
            _LOG.warning("connection %s reads too slowly: a frame of %d bytes is dropped", connection.id, len(data))

    def _closed(self, connection: SocketConnection, code: int, reason: str) -> None:
        self._open.pop(connection.id, None)
        api = self._api_of.pop(connection.id)
        route = api.routes.get("$disconnect")
        if route is None or self._stopping:
            return
        client = connection.request.client
        event = disconnect_event(api, connection.id, connection.connected_at, connection.host, client, code, reason)
        self._spawn(self._disconnected(route, event))

    async def _disconnected(self, route: SocketRoute, event: dict[str, Any]) -> None:
        result = await self._call(route, event)
        if result is not None and result.error is not None:
            _LOG.warning("$disconnect failed: %s", result.payload[:500].decode(errors="replace"))
