"""A store, and a service that is told of usage: a real one, on a port of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from pymongo.database import Database

from mozaiks.settings import Settings
from mozaiks.store.client import connect
from mozaiks.store.indexes import ensure_indexes
from session_mongod import DatabaseServer


@dataclass
class Service:
    """What it heard, and what it answers: the statuses in turn, the last one for ever."""

    url: str = ""
    answers: list[int] = field(default_factory=lambda: [200])
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.heard.append((dict(self.headers), body))
            made.paths.append(self.path)
            status = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
            self.send_response(status)
            if status == 307:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}/usage?team=a"
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def database(mongod: DatabaseServer, database_name: str) -> Database[dict[str, Any]]:
    made = connect(Settings(mongodb_uri=mongod.uri, mongodb_db_name=database_name))  # type: ignore[arg-type]
    ensure_indexes(made)
    return made
