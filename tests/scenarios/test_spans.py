"""Spans of a whole stack: what a collector hears of workers that are frozen after each slice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from mozaiks.bootstrap import Parts
from mozaiks.settings import Settings
from mozaiks.store.indexes import ensure_indexes
from mozaiks_local.client import ChatClient, start_chat
from mozaiks_local.demo_model import run_in_thread
from mozaiks_local.stack import LocalStack, StackConfig
from otlp_collector import Collector
from session_mongod import DatabaseServer

from .conftest import ROOT, turn

CANARY = "canary-of-ann"


@dataclass
class Traced:
    stack: LocalStack
    collector: Collector


@pytest.fixture
def traced(tmp_path_factory: pytest.TempPathFactory, mongod: DatabaseServer) -> Iterator[Traced]:
    name = f"traced_{time.time_ns()}"
    ensure_indexes(Parts(Settings(mongodb_uri=mongod.uri, mongodb_db_name=name)).database)  # type: ignore[arg-type]
    collector = Collector()
    with run_in_thread(ROOT / "workflows") as demo:
        config = StackConfig(
            template=ROOT / "template.yaml",
            data_dir=tmp_path_factory.mktemp("traced"),
            port=0,
            parameters={
                "StageName": "local",
                "MongoDbName": name,
                "AuthEnabled": "false",
                "TracesEndpoint": collector.url,
            },
            environment={
                "MONGODB_URI": mongod.uri,
                "MOZAIKS_WORKFLOWS_PATH": str(ROOT / "workflows"),
                "DEMO_MODEL_URL": demo.url,
            },
            schedule=False,
            cache_dir=tmp_path_factory.getbasetemp().parent / "stack-cache",
        )
        with LocalStack(config) as stack:
            yield Traced(stack, collector)
    collector.close()


def test_the_parameter_brings_the_spans_of_each_run_to_a_collector(traced: Traced, play: Any) -> None:
    async def chat() -> str:
        started = await start_chat(traced.stack.http_url, "acme", "HelloWorld", "ann", force_new=True)
        async with ChatClient(started.websocket_url) as client:
            await turn(client)
            await turn(client, f"How do I greet {CANARY}?")
        return started.chat_id

    chat_id = play(chat())
    until = time.monotonic() + 30
    while len(slices := [span for span in traced.collector.spans if span["name"] == "slice"]) < 2:
        assert time.monotonic() < until, slices
        time.sleep(0.05)
    assert {span["facts"]["mozaiks.chat_id"] for span in traced.collector.spans} == {chat_id}
    assert [span["facts"]["mozaiks.run_no"] for span in slices] == [1, 2]
    assert {"invoke_agent GreeterAgent"} <= {span["name"] for span in traced.collector.spans}
    assert all(CANARY.encode() not in body for body in traced.collector.bodies)
