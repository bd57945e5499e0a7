"""The demo model: an OpenAI-compatible server on the loopback interface that plays scripts."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .admin import answer_admin
from .errors import ApiError
from .faults import Fault, FaultList
from .http import Connection, Request
from .records import RequestRecord, kept_headers
from .replies import Asked, decide, spoil
from .rules import check_request
from .scripts import ScriptStore
from .sending import send_stream, send_whole
from .wire import Completion

__all__ = ["DELAY_VARIABLE", "MODEL_NAME", "DemoModel"]

MODEL_NAME = "mozaiks-demo"
DELAY_VARIABLE = "DEMO_MODEL_TOKEN_DELAY_MS"
_log = logging.getLogger(__name__)


class DemoModel:
    """A model that needs no key: plays the scripts beside the workflows, and fails when a test asks it to.

    Parameters
    ----------
    workflows_path
        Folder of the workflow folders; scripts are ``<workflow>/demo/script.yaml``.
    host, port
        Where to listen; port 0 takes a free one.
    token_delay_ms
        Pause before each token, over what scripts say. ``None``: the environment's ``DEMO_MODEL_TOKEN_DELAY_MS``,
        else the script's own.
    remember
        How many requests ``requests`` keeps.

    Attributes
    ----------
    faults
        Faults waiting to strike.
    scripts
        Scripts by workflow; ``scripts.set`` gives one without a file.
    requests
        The latest completion requests, oldest first.
    """

    def __init__(
        self,
        workflows_path: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        token_delay_ms: float | None = None,
        remember: int = 200,
    ) -> None:
        self.faults = FaultList()
        self.scripts = ScriptStore(workflows_path)
        self.requests: deque[RequestRecord] = deque(maxlen=remember)
        self.token_delay_ms = _environment_delay() if token_delay_ms is None else token_delay_ms
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()

    @property
    def url(self) -> str:
        """Base address for OpenAI clients, ``http://host:port/v1``; known once started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/v1"

    async def start(self) -> None:
        """Listen, on the running event loop.

        Raises
        ------
        OSError
            The port is taken.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._handle, self._connections), self._host, self._port
        )
        self._port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and end every answer that is being written."""
        if self._server is None:
            return
        self._server.close()
        await asyncio.gather(*(connection.stop() for connection in tuple(self._connections)))
        await self._server.wait_closed()
        self._server = None

    async def _handle(self, request: Request, connection: Connection) -> None:
        try:
            await self._route(request, connection)
        except ApiError as error:
            connection.send_json(error.status, error.body(), error.headers)
        except Exception:  # noqa: BLE001
            # A bug here must reach the client as an answer and the developer as a trace, not end as a lost task.
            _log.exception("the demo model failed on %s %s", request.method, urlsplit(request.path).path)
            bug = ApiError(500, "The demo model failed; its log has the trace.", code="demo_bug", kind="server_error")
            if connection.answering:
                connection.close()
            else:
                connection.send_json(bug.status, bug.body())

    async def _route(self, request: Request, connection: Connection) -> None:
        path = urlsplit(request.path).path.rstrip("/")
        if path == "/v1/chat/completions" and request.method == "POST":
            await self._complete(request, connection)
        elif path == "/v1/models" and request.method == "GET":
            connection.send_json(200, {"object": "list", "data": [_model(MODEL_NAME)]})
        elif path.startswith("/v1/models/") and request.method == "GET":
            connection.send_json(200, _model(path.removeprefix("/v1/models/")))
        elif path == "/health" and request.method == "GET":
            connection.send_json(200, {"status": "ok"})
        elif path.startswith("/demo/"):
            connection.send_json(200, answer_admin(self, request, path))
        else:
            raise ApiError(404, f"Unknown request URL: {request.method} {path}.", code="unknown_url")

    async def _complete(self, request: Request, connection: Connection) -> None:
        headers = request.headers
        record = RequestRecord(
            headers.get("x-mozaiks-workflow", ""),
            headers.get("x-mozaiks-agent", ""),
            headers.get("x-mozaiks-chat", ""),
            kept_headers(headers),
        )
        self.requests.append(record)
        try:
            await self._play(request, connection, record)
        except ApiError as error:
            record.status, record.rule = error.status, error.code
            raise
        finally:
            record.disconnected = request.disconnected

    async def _play(self, request: Request, connection: Connection, record: RequestRecord) -> None:
        try:
            record.body = json.loads(request.body)
        except ValueError as error:
            raise ApiError(400, f"The body is no JSON: {error}", code="body_json") from None
        check_request(record.body)
        asked = Asked(record.workflow, record.agent, record.body)
        fault = self.faults.take(record.workflow, record.agent, record.chat)
        reply = decide(asked, self.scripts.get(record.workflow))
        if self.token_delay_ms is not None:
            reply = replace(reply, delay_ms=self.token_delay_ms)
        fault = fault or reply.fault
        if fault is not None:
            record.fault = fault.kind
            _raise_refusal(fault)
            reply = spoil(reply, fault, asked)
        completion = Completion(record.body, reply, int(time.time()))
        if fault is not None and fault.kind == "garbage":
            record.status = 200
            connection.send_bytes(200, b"<html><body>Bad gateway</body></html>", "text/html")
        elif record.body.get("stream"):
            await send_stream(completion, reply, fault, connection, record)
            return
        else:
            await send_whole(completion, reply, fault, connection, record)
            return
        record.finished = True


def _environment_delay() -> float | None:
    text = os.environ.get(DELAY_VARIABLE, "").strip()
    if not text:
        return None
    try:
        delay = float(text)
    except ValueError:
        delay = math.nan
    if not 0 <= delay < math.inf:
        raise ValueError(f"{DELAY_VARIABLE} is {text!r}; expected milliseconds from 0 on")
    return delay


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1735689600, "owned_by": "mozaiks"}


def _raise_refusal(fault: Fault) -> None:
    if fault.kind == "rate_limit":
        raise ApiError(
            429,
            "Rate limit reached (injected by a demo fault).",
            code="rate_limit_exceeded",
            kind="requests",
            headers={
                "retry-after": str(math.ceil(fault.retry_after)),
                "retry-after-ms": str(round(fault.retry_after * 1000)),
            },
        )
    if fault.kind == "server_error":
        raise ApiError(
            500, "The server had an error (injected by a demo fault).", code="server_error", kind="server_error"
        )
