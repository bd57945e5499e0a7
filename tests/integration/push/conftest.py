"""A sender on a real database, posting over HTTP to a server that stands where API Gateway stands."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pytest
from pymongo.database import Database

from mozaiks.bootstrap import now
from mozaiks.chats.states import Chat, ChatStatus, Greeting
from mozaiks.push.connections import Connection
from mozaiks.push.gateway import ApiGateway
from mozaiks.push.sender import ChatSender, Pace
from mozaiks.settings import Settings
from mozaiks.store.client import connect
from mozaiks.store.connections import MongoConnections
from mozaiks.store.drafts import MongoDrafts
from mozaiks.store.indexes import ensure_indexes
from session_mongod import DatabaseServer


class ConnectionsApi:
    """Takes ``@connections`` posts, keeps them by connection, and answers as it is told."""

    def __init__(self) -> None:
        self.frames: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.answers: dict[str, list[int]] = defaultdict(list)
        self.delays: dict[str, float] = {}
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                connection_id = unquote(self.path.rsplit("/", 1)[1])
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(api.delays.get(connection_id, 0))
                status = api.answers[connection_id].pop(0) if api.answers[connection_id] else 200
                if status == 200:
                    api.frames[connection_id].append(json.loads(body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/dev"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ConnectionsApi]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    made = ConnectionsApi()
    yield made
    made.close()


@pytest.fixture
def database(mongod: DatabaseServer, database_name: str) -> Database[dict[str, Any]]:
    made = connect(Settings(mongodb_uri=mongod.uri, mongodb_db_name=database_name))  # type: ignore[arg-type]
    ensure_indexes(made)
    return made


@pytest.fixture
def connections(database: Database[dict[str, Any]]) -> MongoConnections:
    return MongoConnections(database)


@pytest.fixture
def join(connections: MongoConnections) -> Callable[..., Connection]:
    """Connects somebody to the chat; ``age`` in seconds."""

    def make(connection_id: str, *, age: float = 60, scopes: tuple[str, ...] = ("chat",)) -> Connection:
        made = Connection(
            connection_id,
            "acme",
            "ann",
            "c1",
            frozenset(scopes),
            now() - timedelta(seconds=age),
            now() + timedelta(hours=1),
        )
        connections.add(made)
        return made

    return make


@pytest.fixture
def chat() -> Chat:
    return Chat(
        chat_id="c1",
        app_id="acme",
        user_id="ann",
        workflow_name="W",
        workflow_version="v",
        greeting=Greeting("AgentDriven", "Host", visual_agents=("Host",)),
        cache_seed=1,
        created_at=now(),
        updated_at=now(),
        status=ChatStatus.RUNNING,
    )


@pytest.fixture
def sender(
    api: ConnectionsApi, connections: MongoConnections, database: Database[dict[str, Any]], chat: Chat
) -> Iterator[ChatSender]:
    made = ChatSender(
        chat,
        gateway=ApiGateway(api.url, 3.0),
        connections=connections,
        drafts=MongoDrafts(database),
        clock=now,
        pace=Pace(coalesce_seconds=0.05, drain_seconds=3.0, post_seconds=2.0),
    )
    yield made
    made.close()
