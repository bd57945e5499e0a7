"""What stands around the runtime: API Gateway's ``@connections``, and the model's."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from .promise import Posted

__all__ = ["ConnectionsApi"]

Answer = tuple[int, float]
"""HTTP status, and the seconds before it comes."""


class ConnectionsApi:
    """Takes posts and keeps them by connection.

    ``answer_to`` decides on each; ``is_stored`` is asked of a durable frame when it arrives.
    """

    def __init__(self, is_stored: Callable[[dict[str, Any]], bool]) -> None:
        self.posted: dict[str, list[Posted]] = defaultdict(list)
        self.answer_to: Callable[[str, dict[str, Any]], Answer] = lambda _connection, _frame: (200, 0.0)
        self._lock = threading.Lock()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                connection_id = unquote(self.path.rsplit("/", 1)[1])
                frame = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                stored = "seq" not in frame or is_stored(frame)
                status, seconds = api.answer_to(connection_id, frame)
                if status == 200:
                    # A post that is answered late has arrived all the same.
                    with api._lock:
                        api.posted[connection_id].append(Posted(frame, stored))
                time.sleep(seconds)
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True  # the worker was killed, or would not wait

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionResetError:
                    return

            def log_message(self, format: str, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/dev"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
