"""API Gateway's HTTP API: picks a route, shapes the payload 2.0 event, turns the function's answer into a response."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from .definitions import ACCOUNT_ID, HttpRoute
from .http_server import HttpRequest, HttpResponse
from .lambda_service import LambdaService, ThrottledError

__all__ = ["HttpApi", "http_event"]

_TIMEOUT_SECONDS = 30.0  # the longest an HTTP API waits for its integration
_JSON = [("Content-Type", "application/json")]
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length"}


def _message(status: int, text: str) -> HttpResponse:
    return HttpResponse(status, json.dumps({"message": text}).encode(), _JSON)


@dataclass(frozen=True)
class _Pattern:
    route: HttpRoute
    method: str
    expression: re.Pattern[str]
    rank: tuple[int, ...]  # the smaller, the more specific


class HttpApi:
    """Answers HTTP requests from functions, by API Gateway's rules of precedence."""

    def __init__(self, routes: Iterable[HttpRoute], service: LambdaService) -> None:
        self._service = service
        self._patterns = sorted((_pattern(route) for route in routes), key=lambda pattern: pattern.rank)

    async def handle(self, request: HttpRequest) -> HttpResponse:
        found = self._match(request.method, request.path)
        if found is None:
            return _message(404, "Not Found")
        route, variables = found
        event = json.dumps(http_event(request, route, variables), separators=(",", ":")).encode()
        call = asyncio.ensure_future(self._service.invoke(route.function, event))
        done, _ = await asyncio.wait([call], timeout=_TIMEOUT_SECONDS)
        if not done:
            return _message(503, "Service Unavailable")  # the function runs on, as it does on AWS
        try:
            result = call.result()
        except ThrottledError:
            return _message(503, "Service Unavailable")
        if result.error is not None:
            return _message(500, "Internal Server Error")
        return _response(result.json())

    def _match(self, method: str, path: str) -> tuple[HttpRoute, dict[str, str]] | None:
        for pattern in self._patterns:
            match = pattern.expression.match(path)
            if match is not None and pattern.method in ("ANY", method):
                return pattern.route, {key: value for key, value in match.groupdict().items() if value is not None}
        return None


def _pattern(route: HttpRoute) -> _Pattern:
    prefix = "" if route.stage == "$default" else f"/{re.escape(route.stage)}"
    if route.key == "$default":
        return _Pattern(route, "ANY", re.compile(f"^{prefix}/?.*$", re.DOTALL), (3, 0))
    method, path = route.key.split(" ", 1)
    greedy = variables = 0
    expression = ""
    for part in re.split(r"(\{[^}]+\})", path):
        if not part.startswith("{"):
            expression += re.escape(part)
        elif part.endswith("+}"):
            greedy += 1
            expression += f"(?P<{_group(part[1:-2])}>.+)"
        else:
            variables += 1
            expression += f"(?P<{_group(part[1:-1])}>[^/]+)"
    rank = (greedy, variables, -len(path), int(method == "ANY"))
    return _Pattern(route, method, re.compile(f"^{prefix}{expression}$", re.DOTALL), rank)


def _group(name: str) -> str:
    return re.sub(r"\W", "_", name)


def http_event(request: HttpRequest, route: HttpRoute, variables: Mapping[str, str]) -> dict[str, Any]:
    """Shape a request as the payload format 2.0 event of ``route``."""
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in request.headers:
        key = name.lower()
        if key == "cookie":
            cookies.extend(item.strip() for item in value.split(";") if item.strip())
        else:
            headers[key] = f"{headers[key]},{value}" if key in headers else value
    host = headers.get("host", "localhost")
    headers.setdefault("x-forwarded-for", request.client)
    headers.setdefault("x-forwarded-proto", "http")
    headers.setdefault("x-forwarded-port", host.rpartition(":")[2] if ":" in host else "80")
    query: dict[str, str] = {}
    for key, value in request.query_pairs:
        query[key] = f"{query[key]},{value}" if key in query else value
    now = time.time()
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT_ID,
            "apiId": route.api,
            "domainName": host.rpartition(":")[0] or host,
            "domainPrefix": host.split(".", 1)[0].split(":", 1)[0],
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.client,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": str(uuid4()),
            "routeKey": route.key,
            "stage": route.stage,
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    if query:
        event["queryStringParameters"] = query
    if variables:
        event["pathParameters"] = dict(variables)
    if request.body:
        event.update(_body(request.body))
    return event


def _body(body: bytes) -> dict[str, Any]:
    try:
        return {"body": body.decode("utf-8"), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode("ascii"), "isBase64Encoded": True}


def _response(answer: Any) -> HttpResponse:
    if not isinstance(answer, dict) or "statusCode" not in answer:
        # Payload 2.0: an answer without a status code is the body of a 200.
        return HttpResponse(200, json.dumps(answer).encode(), _JSON)
    body = answer.get("body") or ""
    if not isinstance(body, str):
        return _message(500, "Internal Server Error")
    try:
        status = int(answer["statusCode"])
        data = base64.b64decode(body, validate=True) if answer.get("isBase64Encoded") else body.encode()
    except (TypeError, ValueError):
        return _message(500, "Internal Server Error")
    if not 200 <= status <= 599:
        return _message(500, "Internal Server Error")
    given = {str(key): str(value) for key, value in (answer.get("headers") or {}).items()}
    headers = [(key, value) for key, value in given.items() if key.lower() not in _HOP_BY_HOP]
    headers.extend(("Set-Cookie", str(cookie)) for cookie in answer.get("cookies") or [])
    if body and not any(key.lower() == "content-type" for key in given):
        headers.append(("Content-Type", "text/plain; charset=utf-8"))
    return HttpResponse(status, data, headers)
