"""A server that stands where AWS stands: ``@connections``, Lambda's Invoke and Step Functions' StartExecution.

The handlers' own boto3 clients talk to it over HTTP.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

__all__ = ["Aws"]


class Aws:
    """What was asked of AWS.

    Attributes
    ----------
    frames
        Connection id → the frames posted to it, in order.
    invocations
        (function, invocation type, payload) of each.
    executions
        Execution name → its input.
    gone
        Connections that answer 410.
    step_functions_down
        Step Functions refuses every call.
    answers
        (task token, output) of each answered task.
    unknown_tokens
        Tokens whose task is no more.
    """

    def __init__(self) -> None:
        self.frames: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.invocations: list[tuple[str, str, dict[str, Any]]] = []
        self.executions: dict[str, dict[str, Any]] = {}
        self.gone: set[str] = set()
        self.step_functions_down = False
        self.answers: list[tuple[str, dict[str, Any]]] = []
        self.unknown_tokens: set[str] = set()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def answer(self, path: str, headers: Any, body: bytes) -> tuple[int, dict[str, Any]]:
        if "/@connections/" in path:
            return self._post(path.rsplit("/", 1)[1], body)
        if path.startswith("/2015-03-31/functions/"):
            self.invocations.append((path.split("/")[3], headers["X-Amz-Invocation-Type"], json.loads(body)))
            return 202, {}
        if headers.get("X-Amz-Target") == "AWSStepFunctions.StartExecution":
            return self._start(json.loads(body))
        if headers.get("X-Amz-Target") == "AWSStepFunctions.SendTaskSuccess":
            return self._answer_task(json.loads(body))
        return 404, {"__type": "UnknownOperationException"}

    def _post(self, connection_id: str, body: bytes) -> tuple[int, dict[str, Any]]:
        if connection_id in self.gone:
            return 410, {}
        self.frames[connection_id].append(json.loads(body))
        return 200, {}

    def _start(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.step_functions_down:
            return 400, {"__type": "AccessDeniedException"}
        given = json.loads(asked["input"])
        if self.executions.setdefault(asked["name"], given) != given:
            return 400, {"__type": "ExecutionAlreadyExists"}
        return 200, {"executionArn": f"{asked['stateMachineArn']}:{asked['name']}", "startDate": 1731324925}

    def _answer_task(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        token = asked["taskToken"]
        if self.step_functions_down:
            return 400, {"__type": "AccessDeniedException", "message": f"not you, {token}"}
        if token in self.unknown_tokens or token in (answered for answered, _ in self.answers):
            return 400, {"__type": "TaskTimedOut", "message": f"Task Timed Out: {token}"}
        self.answers.append((token, json.loads(asked["output"])))
        return 200, {}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # boto3 drops a connection it keeps open when its client is collected.
        if not isinstance(sys.exception(), ConnectionResetError):
            super().handle_error(request, client_address)


def _handler(aws: Aws) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = aws.answer(unquote(self.path), self.headers, body)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None: ...

    return Handler
