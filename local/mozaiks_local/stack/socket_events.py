"""The events API Gateway's WebSocket API gives to functions, and how it picks their route."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Mapping
from typing import Any

from .definitions import SocketApi
from .http_server import HttpRequest

__all__ = ["connect_event", "disconnect_event", "message_event", "new_id", "select_route"]


def new_id() -> str:
    """A connection, message or request id as AWS makes them: URL-safe base64 that ends with ``=``."""
    return base64.urlsafe_b64encode(os.urandom(11)).decode("ascii")


def _context(api: SocketApi, connection: str, connected_at: int, host: str, client: str, **rest: Any) -> dict[str, Any]:
    now = time.time()
    request_id = new_id()
    return {
        "extendedRequestId": request_id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "messageDirection": "IN",
        "stage": api.stage,
        "connectedAt": connected_at,
        "requestTimeEpoch": int(now * 1000),
        "identity": {"sourceIp": client},
        "requestId": request_id,
        "domainName": host,
        "connectionId": connection,
        "apiId": api.id,
        **rest,
    }


def connect_event(
    api: SocketApi, connection: str, connected_at: int, request: HttpRequest, query: list[tuple[str, str]]
) -> dict[str, Any]:
    """Shape the ``$connect`` event. ``connected_at`` is milliseconds since the epoch."""
    headers = [(_capitalized(name), value) for name, value in request.headers]
    names = {name for name, _ in headers}
    host = request.header("host", "localhost")
    added = {
        "X-Forwarded-For": request.client,
        "X-Forwarded-Port": host.rpartition(":")[2],
        "X-Forwarded-Proto": "http",
    }
    headers += [(name, value) for name, value in added.items() if name not in names]
    context = _context(
        api, connection, connected_at, host, request.client, routeKey="$connect", eventType="CONNECT"
    )  # fmt: skip
    agent = request.header("user-agent")
    if agent:
        context["identity"]["userAgent"] = agent
    event: dict[str, Any] = {
        "headers": dict(headers),
        "multiValueHeaders": _multi(headers),
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = dict(query)
        event["multiValueQueryStringParameters"] = _multi(query)
    return event


def message_event(
    api: SocketApi, connection: str, connected_at: int, host: str, client: str, route: str, body: str
) -> dict[str, Any]:
    """Shape the event of one client message."""
    context = _context(
        api, connection, connected_at, host, client, routeKey=route, eventType="MESSAGE", messageId=new_id()
    )  # fmt: skip
    return {"requestContext": context, "body": body, "isBase64Encoded": False}


def disconnect_event(
    api: SocketApi, connection: str, connected_at: int, host: str, client: str, code: int, reason: str
) -> dict[str, Any]:
    """Shape the ``$disconnect`` event with the code and reason the socket closed with."""
    headers = [("Host", host), ("x-api-key", ""), ("X-Forwarded-For", ""), ("x-restapi", "")]
    context = _context(
        api, connection, connected_at, host, client,
        routeKey="$disconnect", eventType="DISCONNECT", disconnectStatusCode=code, disconnectReason=reason,
    )  # fmt: skip
    return {
        "headers": dict(headers),
        "multiValueHeaders": _multi(headers),
        "requestContext": context,
        "isBase64Encoded": False,
    }


def select_route(api: SocketApi, body: str) -> str | None:
    """Give the key of the route a message goes to; ``None`` when none matches and there is no ``$default``."""
    expression = api.route_selection.strip().removeprefix("${").removesuffix("}").removeprefix("$")
    value: Any = None
    if expression.startswith("request.body."):
        try:
            value = json.loads(body)
        except ValueError:
            value = None
        for name in expression.removeprefix("request.body.").split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, str) and value in api.routes and not value.startswith("$"):
        return value
    return "$default" if "$default" in api.routes else None


def _capitalized(name: str) -> str:
    if name != name.lower():
        return name
    return "-".join("WebSocket" if part == "websocket" else part.capitalize() for part in name.split("-"))


def _multi(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values
