"""A started demo model over an empty workflows folder, and clients for it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from openai import OpenAI

from mozaiks_local.demo_model import DemoModel, run_in_thread

IDENTITY = {"x-mozaiks-workflow": "Shop", "x-mozaiks-agent": "Clerk", "x-mozaiks-chat": "chat1"}


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def model(workflows: Path) -> Iterator[DemoModel]:
    with run_in_thread(workflows) as running:
        yield running


@pytest.fixture
def client(model: DemoModel) -> Iterator[OpenAI]:
    with OpenAI(base_url=model.url, api_key="sk-secret", max_retries=0, timeout=5, default_headers=IDENTITY) as made:
        yield made


@pytest.fixture
def script(model: DemoModel) -> Callable[..., None]:
    """Give the agent ``Clerk`` of the workflow ``Shop`` these rules."""
    return lambda *rules, **rest: model.scripts.set("Shop", {"agents": {"Clerk": list(rules)}, **rest})


@pytest.fixture
def ask(client: OpenAI) -> Callable[..., Any]:
    """One completion, not streamed; texts become user messages."""

    def send(*messages: str | dict[str, Any], **options: Any) -> Any:
        listed = [{"role": "user", "content": item} if isinstance(item, str) else item for item in messages]
        return client.chat.completions.create(model="any", messages=listed, **options)

    return send


@pytest.fixture
def raw(model: DemoModel) -> Callable[..., tuple[int, dict[str, str], Any]]:
    """A request without any client library: status, headers and decoded body."""

    def send(method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], Any]:
        connection = HTTPConnection(urlsplit(model.url).netloc, timeout=5)
        try:
            data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            sent = {
                "content-type": "application/json",
                **IDENTITY,
                **{k.replace("_", "-"): v for k, v in headers.items()},
            }
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, json.loads(text)
        finally:
            connection.close()

    return send


@pytest.fixture
def stream_socket(model: DemoModel) -> Iterator[Callable[..., socket.socket]]:
    """A bare socket on which a streamed completion was asked for."""
    opened: list[socket.socket] = []

    def send(**options: Any) -> socket.socket:
        address = urlsplit(model.url)
        made = socket.create_connection((address.hostname, address.port), timeout=5)
        opened.append(made)
        body = json.dumps({"model": "any", "messages": [{"role": "user", "content": "go"}], "stream": True, **options})
        headers = {"host": "demo", **IDENTITY, "content-length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        made.sendall(f"POST /v1/chat/completions HTTP/1.1\r\n{head}\r\n{body}".encode())
        return made

    yield send
    for made in opened:
        made.close()
