"""One worker process and the Lambda Runtime API it talks to."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol
from uuid import uuid4

from .http_server import HttpRequest, HttpResponse, HttpServer

__all__ = ["MAX_SYNC_BYTES", "Invocation", "InvokeResult", "RuntimeClient", "Worker", "WorkerOwner"]

MAX_SYNC_BYTES = 6 * 1024 * 1024
"""Lambda's limit for a request and for a response (bytes)."""

_RUNTIME = "/2018-06-01/runtime/"
_ACCEPTED = HttpResponse(202, b'{"status":"OK"}\n', [("Content-Type", "application/json")])
RuntimeClient = Literal["aws", "python"]
"""What speaks Lambda's Runtime API in a worker."""

_SCRIPT = Path(__file__).with_name("worker_main.py")


@dataclass(frozen=True)
class InvokeResult:
    """What an invocation gave.

    ``payload`` is JSON; with ``error`` (Lambda's ``X-Amz-Function-Error``) it is the error document
    ``{"errorType", "errorMessage", …}``.
    """

    payload: bytes
    request_id: str
    error: str | None = None

    def json(self) -> Any:
        """The payload, parsed."""
        return json.loads(self.payload) if self.payload else None


class Invocation:
    """One event on its way through a worker. ``done`` resolves to its ``InvokeResult``."""

    def __init__(self, payload: bytes, client_context: str = "") -> None:
        self.request_id = str(uuid4())
        self.payload = payload
        self.client_context = client_context
        self.queued_at = time.monotonic()
        self.done: asyncio.Future[InvokeResult] = asyncio.get_running_loop().create_future()

    def succeed(self, payload: bytes) -> None:
        if not self.done.done():
            self.done.set_result(InvokeResult(payload, self.request_id))

    def fail(self, payload: bytes) -> None:
        if not self.done.done():
            self.done.set_result(InvokeResult(payload, self.request_id, "Unhandled"))

    def fail_with(self, kind: str, message: str) -> None:
        """Fail as Lambda itself does; ``message`` follows the request id."""
        text = f"RequestId: {self.request_id} Error: {message}"
        self.fail(json.dumps({"errorType": kind, "errorMessage": text}).encode())


class WorkerOwner(Protocol):
    """What a worker tells its owner."""

    def worker_ready(self, worker: Worker) -> None:
        """It polls for its next event."""

    def worker_gone(self, worker: Worker, reason: str) -> None:
        """Its process ended."""

    def worker_said(self, worker: Worker, text: bytes) -> None:
        """It wrote whole lines to stdout or stderr."""


class Worker:
    """A process running one handler, one event at a time.

    Parameters
    ----------
    owner
        Hears what becomes of it.
    handler, cwd, environment
        What it runs. ``AWS_LAMBDA_RUNTIME_API`` is added.
    arn
        The function's ARN, which the handler's context shows.
    timeout
        Seconds an event may take; then the process and all it started are killed.
    init_timeout
        Seconds until its first poll.
    freeze
        Stop the process (SIGSTOP) between events, as Lambda does.
    python
        The interpreter; it must have ``awslambdaric`` if ``client`` is ``aws``.
    client
        AWS's own runtime client, or the loop in Python alone.
    """

    def __init__(
        self,
        owner: WorkerOwner,
        *,
        handler: str,
        cwd: Path,
        environment: Mapping[str, str],
        arn: str,
        timeout: float,
        init_timeout: float,
        freeze: bool = False,
        python: str = sys.executable,
        client: RuntimeClient = "aws",
    ) -> None:
        self.state: Literal["starting", "idle", "busy", "gone"] = "starting"
        self.current: Invocation | None = None
        self.idle_since = 0.0
        self.init_error: bytes | None = None
        self.pid: int | None = None
        self.settled = asyncio.Event()  # it has polled once, or is gone
        self._owner = owner
        self._handler = handler
        self._cwd = cwd
        self._environment = dict(environment)
        self._arn = arn
        self._timeout = timeout
        self._init_timeout = init_timeout
        self._freeze = freeze
        self._python = python
        self._client = client
        self._next: asyncio.Future[HttpResponse] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._server = HttpServer(
            self._runtime_api, max_body=MAX_SYNC_BYTES + 65536, too_large=self._response_too_large
        )
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the process; its first poll is reported by ``worker_ready``."""
        port = self._server.bind("127.0.0.1", 0)
        await self._server.serve()
        process = await asyncio.create_subprocess_exec(
            self._python, "-P", str(_SCRIPT), str(os.getpid()), self._handler, self._client,
            cwd=self._cwd,
            env={**self._environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        self.pid = process.pid
        if self.state == "gone":  # killed while it was being started
            self._signal(signal.SIGKILL)
        self._deadline = asyncio.get_running_loop().call_later(self._init_timeout, self._init_timed_out)
        self._watch = asyncio.create_task(self._wait(process))

    def deliver(self, invocation: Invocation) -> None:
        """Give it an event; it must be idle."""
        assert self._next is not None  # noqa: S101 - only an idle worker polls
        self.state, self.current = "busy", invocation
        deadline = int((time.time() + self._timeout) * 1000)
        headers = [
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", invocation.request_id),
            ("Lambda-Runtime-Deadline-Ms", str(deadline)),
            ("Lambda-Runtime-Invoked-Function-Arn", self._arn),
            ("Lambda-Runtime-Trace-Id", f"Root=1-{int(time.time()):08x}-{uuid4().hex[:24]};Sampled=0"),
        ]
        if invocation.client_context:
            headers.append(("Lambda-Runtime-Client-Context", invocation.client_context))
        if self._freeze:
            self._signal(signal.SIGCONT)
        self._deadline = asyncio.get_running_loop().call_later(self._timeout, self._timed_out)
        self._next.set_result(HttpResponse(200, invocation.payload, headers))
        self._next = None

    def kill(self) -> None:
        """SIGKILL the process and everything it started. An event in it fails with ``Runtime.ExitError``."""
        self.state = "gone"
        self._signal(signal.SIGKILL)

    async def gone(self) -> None:
        """Wait until the process has ended and its port is closed."""
        if self._watch is not None:
            await self._watch
        await self._server.stop()

    def _signal(self, number: int) -> None:
        if self.pid is None:
            return
        try:
            os.killpg(self.pid, number)  # it leads a session, so its group has its id
        except ProcessLookupError:
            return

    def _init_timed_out(self) -> None:
        text = f"Init timed out after {self._init_timeout:.2f} seconds"
        self.init_error = json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": text}).encode()
        self.kill()

    def _timed_out(self) -> None:
        if self.current is not None:
            self.current.fail_with("Sandbox.Timedout", f"Task timed out after {self._timeout:.2f} seconds")
        self.kill()

    async def _wait(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - asked for above
        said = asyncio.create_task(self._listen(process.stdout))
        code = await process.wait()
        self._signal(signal.SIGKILL)  # what it started in its group must not outlive it
        await asyncio.wait([said], timeout=0.5)
        said.cancel()
        self._stop_clock()
        self.state = "gone"
        if self._next is not None:
            self._next.cancel()
        reason = (
            f"signal: {signal.Signals(-code).name.removeprefix('SIG').lower()}" if code < 0 else f"exit status {code}"
        )
        if self.current is not None:
            self.current.fail_with("Runtime.ExitError", f"Runtime exited with error: {reason}")
            self.current = None
        await self._server.stop()
        self._owner.worker_gone(self, reason)
        self.settled.set()

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        left = b""
        while text := await stream.read(65536):
            whole, newline, left = (left + text).rpartition(b"\n")
            if newline:
                self._owner.worker_said(self, whole + newline)
            elif len(left) > 65536:
                self._owner.worker_said(self, left + b"\n")
                left = b""
        if left:
            self._owner.worker_said(self, left + b"\n")

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    async def _runtime_api(self, request: HttpRequest) -> HttpResponse:
        if self.state == "gone":  # these are the last words of a process that is being killed
            return HttpResponse(403, b"{}")
        action = request.raw_path.removeprefix(_RUNTIME)
        if action == "invocation/next":
            self._stop_clock()
            self.current = None
            self._next = asyncio.get_running_loop().create_future()
            waiting = self._next
            self._owner.worker_ready(self)
            self.settled.set()
            if self._freeze and self.state == "idle":
                self._signal(signal.SIGSTOP)
            return await waiting
        if action == "restore/next":  # the snapshot was taken, and this is the environment made of it
            return HttpResponse(200, b"")
        if action == "init/error":
            self.init_error = request.body
            return _ACCEPTED
        parts = action.split("/")
        if len(parts) != 3 or parts[0] != "invocation" or parts[2] not in ("response", "error"):
            return HttpResponse(404, b"{}")
        if self.current is None or parts[1] != self.current.request_id:
            body = b'{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}'
            return HttpResponse(400, body, [("Content-Type", "application/json")])
        self._stop_clock()
        if parts[2] == "error":
            self.current.fail(request.body)
        elif len(request.body) > MAX_SYNC_BYTES:
            return self._response_too_large()
        else:
            self.current.succeed(request.body)
        return _ACCEPTED

    def _response_too_large(self) -> HttpResponse:
        self._stop_clock()
        if self.current is not None:
            text = f"Response payload size exceeded maximum allowed payload size ({MAX_SYNC_BYTES} bytes)."
            self.current.fail(json.dumps({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": text}).encode())
        return HttpResponse(413, b'{"errorType":"RequestEntityTooLarge"}', [("Content-Type", "application/json")])
