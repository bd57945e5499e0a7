"""Lambda's Runtime API, spoken in Python alone: where AWS's own runtime client has no wheel, as on macOS.

It does what the handlers need of that client: events and their context, results, errors with their stack traces.
``worker_main`` runs it in the workers, so it needs the standard library only.
"""

from __future__ import annotations

import base64
import http.client
import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

__all__ = ["LoopContext", "run"]

_BASE = "/2018-06-01/runtime"


class LoopContext:
    """What Lambda tells a handler of its invocation."""

    def __init__(self, request_id: str, arn: str, deadline_ms: int, client_context: Any) -> None:
        self.aws_request_id = request_id
        self.invoked_function_arn = arn
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.client_context = client_context
        self.identity = None
        self._deadline_ms = deadline_ms

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""
        return max(0, self._deadline_ms - int(time.time() * 1000))


class _Service:
    """The Runtime API at ``AWS_LAMBDA_RUNTIME_API``, over one connection."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address)  # no time-out: the next event may be hours away

    def get(self, path: str) -> tuple[http.client.HTTPMessage, bytes]:
        return self._ask("GET", path, None)

    def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        self._ask("POST", path, body, headers)

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPMessage, bytes]:
        self._connection.request(method, f"{_BASE}/{path}", body, headers or {})
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= 400 and response.status != 413:  # an answer that is too large has been told of
            raise ConnectionError(f"the Runtime API answered {response.status} to {method} {path}")
        return response.headers, answer


def _error(error: BaseException, request_id: str | None = None) -> bytes:
    """The error document, without the frames of this loop."""
    frames = traceback.extract_tb(error.__traceback__)
    told = [frame for frame in frames if frame.filename != __file__]
    document = {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request_id or "",
        "stackTrace": traceback.format_list(told),
    }
    return json.dumps(document, ensure_ascii=False).encode()


def _handler(name: str) -> Callable[[Any, LoopContext], Any]:
    module_name, _, function = name.rpartition(".")
    module = importlib.import_module(module_name.replace("/", "."))
    handler: Callable[[Any, LoopContext], Any] = getattr(module, function)
    return handler


def run(handler_name: str) -> NoReturn:
    """Import the handler and give it events until the process is ended.

    Parameters
    ----------
    handler_name
        ``module.function``, found on ``sys.path``.
    """
    service = _Service(os.environ["AWS_LAMBDA_RUNTIME_API"])
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    try:
        handler = _handler(handler_name)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told and ends the worker
        kind = "Runtime.ImportModuleError" if isinstance(error, ImportError) else type(error).__name__
        document = json.loads(_error(error)) | {"errorType": kind}
        traceback.print_exc()
        service.post("init/error", json.dumps(document).encode(), {"Lambda-Runtime-Function-Error-Type": kind})
        sys.exit(1)
    while True:
        _one(service, handler)


def _one(service: _Service, handler: Callable[[Any, LoopContext], Any]) -> None:
    headers, payload = service.get("invocation/next")
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id", "")
    try:
        told = headers.get("Lambda-Runtime-Client-Context")
        context = LoopContext(
            request_id,
            headers["Lambda-Runtime-Invoked-Function-Arn"],
            int(headers["Lambda-Runtime-Deadline-Ms"]),
            json.loads(base64.b64decode(told)) if told else None,
        )
        answer = json.dumps(handler(json.loads(payload), context), ensure_ascii=False).encode()
    except Exception as error:  # noqa: BLE001
        # The handler's own error, or an answer that is no JSON: both are the invocation's end, not the worker's.
        traceback.print_exc()
        service.post(f"invocation/{request_id}/error", _error(error, request_id))
        return
    service.post(f"invocation/{request_id}/response", answer, {"Content-Type": "application/json"})
