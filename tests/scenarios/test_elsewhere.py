"""The handlers run by something else than AWS's client in the stack's own workers; to people it is the same."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from mozaiks.bootstrap import Parts
from mozaiks.settings import Settings
from mozaiks.store.indexes import ensure_indexes
from mozaiks_local.client import ChatClient, start_chat
from mozaiks_local.demo_model import run_in_thread
from mozaiks_local.stack import LocalStack, StackConfig
from session_mongod import DatabaseServer

from .conftest import ROOT, texts, turn


class Forwarder:
    """A port that is known before the one it leads to."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.target = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.target))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    @staticmethod
    def _pump(one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            one.close()

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def config(
    mongod: DatabaseServer, database_name: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """What every stack of the product is started with."""
    parts = Parts(Settings(mongodb_uri=mongod.uri, mongodb_db_name=database_name))  # type: ignore[arg-type]
    ensure_indexes(parts.database)
    parts.database.client.close()
    with run_in_thread(ROOT / "workflows") as demo:
        yield {
            "port": 0,
            "schedule": False,
            "cache_dir": tmp_path_factory.getbasetemp().parent / "elsewhere-cache",
            "parameters": {"StageName": "local", "MongoDbName": database_name, "AuthEnabled": "false"},
            "environment": {
                "MONGODB_URI": mongod.uri,
                "DEMO_MODEL_URL": demo.url,
                "MOZAIKS_WORKFLOWS_PATH": str(ROOT / "workflows"),
            },
        }


async def conversation(url: str) -> tuple[str, str]:
    started = await start_chat(url, "acme", "HelloWorld", "ann")
    async with ChatClient(started.websocket_url) as chat:
        greeting = await turn(chat)
        answer = await turn(chat, "How do I say hello in Japanese?")
    return texts(greeting)[0][1], texts(answer)[-1][1]


def test_a_chat_goes_on_in_the_loop_in_python(config: dict[str, Any], tmp_path: Path, play: Any) -> None:
    told = StackConfig(template=ROOT / "template.yaml", data_dir=tmp_path / "data", runtime_client="python", **config)
    with LocalStack(told) as stack:
        greeting, answer = play(conversation(stack.http_url))
    assert greeting
    assert "こんにちは" in answer


def test_a_chat_goes_on_in_environments_restored_from_a_snapshot(
    config: dict[str, Any], tmp_path: Path, play: Any
) -> None:
    """AWS's own client waits for the restore after the import, runs the hooks, and takes events then."""
    variables = {**config.pop("environment"), "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}
    told = StackConfig(template=ROOT / "template.yaml", data_dir=tmp_path / "data", environment=variables, **config)
    with LocalStack(told) as stack:
        greeting, answer = play(conversation(stack.http_url))
    assert greeting
    assert "こんにちは" in answer


def test_a_chat_goes_on_in_the_functions_of_another_lambda_service(
    config: dict[str, Any], tmp_path: Path, play: Any
) -> None:
    """As with `sam local start-lambda`: that service is given nothing but the template the stack wrote for it."""
    with ExitStack() as stack:
        forwarder = Forwarder()
        stack.callback(forwarder.close)
        told = StackConfig(
            template=ROOT / "template.yaml", data_dir=tmp_path / "near", lambda_endpoint=forwarder.url,
            container_host="127.0.0.1", **config,
        )  # fmt: skip
        near = stack.enter_context(LocalStack(told))
        assert near.workers("OrchestrateFunction") == []
        there = {**config, "environment": {"MOZAIKS_WORKFLOWS_PATH": str(ROOT / "workflows")}}
        written = tmp_path / "near" / "sam-local" / "template.json"
        far = stack.enter_context(LocalStack(StackConfig(template=written, data_dir=tmp_path / "far", **there)))
        forwarder.target = int(far.lambda_endpoint.rpartition(":")[2])
        greeting, answer = play(conversation(near.http_url))
        assert greeting
        assert "こんにちは" in answer
        assert far.describe()["functions"]["OrchestrateFunction"]["invocations"] >= 2
        assert far.executions() == [], "runs are driven by the stack, not by the service"
        end = time.monotonic() + 20
        while {each["status"] for each in near.executions()} != {"SUCCEEDED"}:
            assert time.monotonic() < end
            time.sleep(0.05)
