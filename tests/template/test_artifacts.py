"""What ``sam build`` makes is what Lambda can run."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mozaiks.bootstrap import Parts
from mozaiks.settings import Settings
from mozaiks.store.indexes import ensure_indexes
from mozaiks_local.client import ChatClient, Event, Started, start_chat
from mozaiks_local.demo_model import run_in_thread
from mozaiks_local.packaging.sizes import BUDGET_BYTES, size_of
from mozaiks_local.stack import LocalStack, StackConfig
from session_mongod import DatabaseServer

from .conftest import ARCHITECTURE, ROOT, RUNTIME

MACHINES = {"x86_64": 62, "arm64": 183}
UNCHECKED_HASH = 1


@pytest.fixture
def layer(built: Path) -> Path:
    return built / "layers" / "runtime" / "python"


def test_the_runtime_layer_is_within_its_budget(layer: Path) -> None:
    assert 20_000_000 < size_of(layer) <= BUDGET_BYTES


def test_what_the_managed_runtime_has_is_not_in_the_layer(layer: Path) -> None:
    assert not [name for name in ("boto3", "botocore", "s3transfer", "awslambdaric") if (layer / name).exists()]


def test_the_layer_holds_no_development_code(built: Path, layer: Path) -> None:
    assert not [name for name in ("pytest", "moto", "mozaiks_local", "installer", "bin") if (layer / name).exists()]
    assert not list((built / "workflows").rglob("demo"))
    assert not list((built / "workflows").rglob("Makefile"))


def test_every_module_is_compiled_for_the_runtime_and_needs_no_look_at_its_source(layer: Path) -> None:
    sources = list((layer / "mozaiks").rglob("*.py"))
    compiled = [Path(importlib.util.cache_from_source(str(source))) for source in sources]
    compiled += [path for path in layer.rglob("*.pyc") if path.parent.name != "__pycache__"]
    assert len(compiled) > 1000
    for path in compiled:
        header = path.read_bytes()[:8]
        assert header == importlib.util.MAGIC_NUMBER + UNCHECKED_HASH.to_bytes(4, "little"), path


def test_sources_stay_of_the_package_alone(layer: Path) -> None:
    assert {path.relative_to(layer).parts[0] for path in layer.rglob("*.py")} == {"mozaiks"}


def test_compiled_libraries_name_the_place_where_lambda_has_them(layer: Path) -> None:
    assert b"/opt/python/ag2/agent.py" in (layer / "ag2" / "agent.pyc").read_bytes()


def test_native_code_is_for_the_architecture(layer: Path) -> None:
    natives = list(layer.rglob("*.so"))
    assert natives
    for path in natives:
        assert int.from_bytes(path.read_bytes()[18:20], "little") == MACHINES[ARCHITECTURE], path


def test_licences_go_with_the_libraries(layer: Path) -> None:
    assert list(layer.glob("cryptography-*.dist-info/**/LICENSE*"))
    assert not list(layer.glob("*.dist-info/RECORD"))


def test_workflows_that_are_deployed_are_those_of_the_folder(built: Path) -> None:
    kept = {path.name for path in (built / "workflows" / "workflows").iterdir()}
    assert kept == {path.name for path in (ROOT / "workflows").iterdir() if path.is_dir() and path.name[0] != "."}


def test_a_workflow_that_is_not_valid_stops_the_build_with_the_reason(tmp_path: Path) -> None:
    broken = tmp_path / "project" / "workflows" / "Broken"
    shutil.copytree(ROOT / "workflows" / "HelloWorld", broken)
    (broken / "agents.yaml").write_text("agents:\n  GreeterAgent:\n    sistem_message: Hello\n")
    done = subprocess.run(
        [sys.executable, "-m", "mozaiks_local.packaging", "workflows", str(tmp_path / "out"), "--root",
         str(tmp_path / "project")],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'layers' / 'runtime'}{os.pathsep}{ROOT / 'local'}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "workflows/Broken/agents.yaml:3" in done.stderr
    assert "sistem_message" in done.stderr
    assert not (tmp_path / "out").exists()


# -- and it runs -----------------------------------------------------------------------------------------------------


@pytest.fixture
def stack(
    built: Path, bare_python: Path, mongod: DatabaseServer, tmp_path: Path, database_name: str
) -> Iterator[LocalStack]:
    if sys.platform != "linux":
        pytest.skip("the layers hold native code for Linux")
    parts = Parts(Settings(mongodb_uri=mongod.uri, mongodb_db_name=database_name))  # type: ignore[arg-type]
    ensure_indexes(parts.database)
    parts.database.client.close()
    with run_in_thread(ROOT / "workflows") as demo:
        config = StackConfig(
            template=built / "template.yaml",
            data_dir=tmp_path,
            port=0,
            parameters={
                "StageName": "local", "MongoDbName": database_name, "AuthEnabled": "false",
                "Runtime": RUNTIME, "Architecture": ARCHITECTURE,
            },
            environment={
                "MONGODB_URI": mongod.uri,
                "DEMO_MODEL_URL": demo.url,
                "MOZAIKS_WORKFLOWS_PATH": str(built / "workflows" / "workflows"),
                # The layer's own compiled code, and nothing written beside it.
                "PYTHONPYCACHEPREFIX": "",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            schedule=False,
            python=bare_python,
        )  # fmt: skip
        with LocalStack(config) as running:
            yield running


def test_the_bare_interpreter_has_nothing_but_the_managed_runtimes_own(bare_python: Path) -> None:
    probe = "import importlib.util as u; print([n for n in {!r} if u.find_spec(n)])"
    names = ["boto3", "awslambdaric", "mozaiks", "mozaiks_local", "ag2", "pydantic", "pymongo", "fastapi", "yaml"]
    answer = subprocess.run([bare_python, "-P", "-c", probe.format(names)], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == str(["boto3", "awslambdaric"])


def test_the_built_artifacts_carry_a_chat_under_awss_runtime_client(stack: LocalStack, built: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in built.rglob("*")}

    async def scenario() -> tuple[str, str]:
        started = await start_chat(stack.http_url, "acme", "HelloWorld", "ann")
        async with ChatClient(started.websocket_url) as chat:
            greeting = await chat.read_until("chat.run_complete", within=40)
            await chat.send("How do I say hello in Japanese?")
            answer = await chat.read_until("chat.run_complete", within=40)
        said = [
            next(e for e in events if e.type == "chat.text" and e.data["agent"])
            for events in (greeting, [*answer[::-1]])
        ]
        return said[0].data["content"], said[1].data["content"]

    greeting, answer = asyncio.run(scenario())
    assert greeting
    assert "こんにちは" in answer
    end = time.monotonic() + 20
    while len([each for each in stack.executions() if each["status"] == "SUCCEEDED"]) < 2:
        assert time.monotonic() < end, "the executions did not end"
        time.sleep(0.05)
    assert {path: path.stat().st_mtime_ns for path in built.rglob("*")} == before


def test_the_built_artifacts_ask_a_person_and_go_on_after_everything_was_gone(stack: LocalStack) -> None:
    """A tool, a component that waits, a client that leaves, workers that die: the chat goes on in new ones."""

    async def ask() -> tuple[Started, dict[str, Any], str]:
        started = await start_chat(stack.http_url, "acme", "BikeWorkshop", "ann")
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.input_request", within=40)
            await chat.send("My brakes squeal")
            shown = await chat.read_until("chat.run_complete", within=40)
        assert shown[-1].data["status"] == "waiting"
        (asked,) = [each for each in shown if each.type == "chat.tool_call"]
        assert asked.event_id is not None
        return started, dict(asked.data), asked.event_id

    async def go_on(started: Started, event_id: str, answer: dict[str, str]) -> tuple[list[Event], list[Event]]:
        async with ChatClient(started.websocket_url) as chat:
            replayed = await chat.read_until("chat.resume_boundary", within=40)
            await chat.answer(event_id, answer)
            return replayed, await chat.read_until("chat.run_complete", within=40)

    started, asked, event_id = asyncio.run(ask())
    assert asked["component_type"] == "DatePicker"
    for function in stack.describe()["functions"]:
        stack.kill_workers(function)
    day = asked["payload"]["days"][0]
    replayed, after = asyncio.run(go_on(started, event_id, {"date": day["date"], "time": day["times"][0]}))
    assert replayed[0].data["pending"][0]["request_id"] == event_id
    assert [each.type for each in replayed].count("chat.tool_call") == 1
    (booked,) = [
        each.data for each in after if each.type == "chat.tool_response" and each.data["tool_name"] == "pick_date"
    ]
    assert booked["content"]["booked"] is True
    assert booked["content"]["date"] == day["date"]
    assert booked["content"]["reference"] in [each for each in after if each.type == "chat.text"][-1].data["content"]
    seqs = [each.seq for each in (*replayed, *after) if each.seq is not None]
    assert seqs == list(range(seqs[0], seqs[-1] + 1))
