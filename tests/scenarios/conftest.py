"""The whole local stack: real handlers under AWS's runtime client, real sockets, real database, scripted model."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mozaiks.access.principal import Tenant
from mozaiks.bootstrap import Parts
from mozaiks.chats.events import Event as Stored
from mozaiks.settings import Settings
from mozaiks.store.indexes import ensure_indexes
from mozaiks_local.client import ChatClient, Event, Started, start_chat
from mozaiks_local.demo_model import DemoModel, run_in_thread
from mozaiks_local.stack import LambdaLimits, LocalStack, StackConfig
from session_mongod import DatabaseServer

ROOT = Path(__file__).parents[2]


class House:
    """A running product, and what a test wants to do with it."""

    def __init__(self, stack: LocalStack, demo: DemoModel, parts: Parts, workflows: Path) -> None:
        self.stack, self.demo, self.parts, self.workflows = stack, demo, parts, workflows

    def workflow(self, name: str, agents: dict[str, Any], *, tools: str = "", code: str = "", **top: Any) -> None:
        """Drop a workflow into the folder, as a user would."""
        folder = self.workflows / name
        (folder / "tools").mkdir(parents=True, exist_ok=True)
        (folder / "orchestrator.yaml").write_text(
            yaml.safe_dump({"human_in_the_loop": True, "startup_mode": "AgentDriven", "initial_message": "go", **top})
        )
        spoken = {name: {"system_message": f"You are {name}."} for name in agents}
        (folder / "agents.yaml").write_text(yaml.safe_dump({"agents": spoken}, sort_keys=False))
        if tools:
            (folder / "tools.yaml").write_text(tools)
            (folder / "tools" / "code.py").write_text(code)
        self.demo.scripts.set(name, {"agents": agents})

    async def start(self, workflow: str, *, app: str = "acme", user: str = "ann", **options: Any) -> Started:
        return await start_chat(self.stack.http_url, app, workflow, user, force_new=True, **options)

    def log(self, chat_id: str, app: str = "acme") -> list[Stored]:
        """The stored log; gapless, or the test fails here."""
        events = list(self.parts.events.after(Tenant(app), chat_id, 0, 5000))
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        return events

    def said(self, chat_id: str) -> list[tuple[str | None, str]]:
        return [(e.data["agent"], e.data["content"]) for e in self.log(chat_id) if e.type == "chat.text"]

    def execution(self, chat_id: str, run_no: int) -> str:
        """The state of a run's execution."""
        name = f"{chat_id}-r{run_no}"
        return next(each["status"] for each in self.stack.executions() if each["name"] == name)

    @staticmethod
    def eventually(probe: Callable[[], Any], within: float = 20.0) -> Any:
        end = time.monotonic() + within
        while not (found := probe()):
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.02)
        return found


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory, mongod: DatabaseServer) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    workflows = folder / "workflows"
    shutil.copytree(ROOT / "workflows", workflows, ignore=shutil.ignore_patterns("__pycache__"))
    name = f"house_{folder.name}_{time.time_ns()}"
    with run_in_thread(workflows) as demo:
        environment = {
            "MONGODB_URI": mongod.uri,
            "MOZAIKS_WORKFLOWS_PATH": str(workflows),
            "DEMO_MODEL_URL": demo.url,
            "LEASE_SECONDS": "2",
            "MODEL_HTTP_RETRIES": "0",
            "MODEL_TIMEOUT_SECONDS": "1.5",
            "MODEL_BACKOFF_SECONDS": "0.5",
        }
        parts = Parts(Settings(mongodb_uri=mongod.uri, mongodb_db_name=name))  # type: ignore[arg-type]
        ensure_indexes(parts.database)
        config = StackConfig(
            template=ROOT / "template.yaml",
            data_dir=folder / "data",
            port=0,
            parameters={
                "StageName": "local",
                "MongoDbName": name,
                "AuthEnabled": "false",
            },
            environment=environment,
            schedule=False,
            cache_dir=tmp_path_factory.getbasetemp().parent / "stack-cache",
            lambda_limits=LambdaLimits(event_retry_delays=(0.2, 0.2)),
            time_scale=0.5,
        )
        with LocalStack(config) as stack:
            yield House(stack, demo, parts, workflows)


@pytest.fixture(autouse=True)
def _no_faults_left(house: House) -> Iterator[None]:
    yield
    house.demo.faults.clear()
    house.stack.gateway.faults.clear()


@pytest.fixture
def play() -> Callable[[Awaitable[Any]], Any]:
    """Runs an asynchronous scenario."""

    def run(scenario: Awaitable[Any]) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(60):
                return await scenario

        return asyncio.run(bounded())

    return run


def texts(events: list[Event]) -> list[tuple[str | None, str]]:
    """What was said, as (agent or ``None``, content)."""
    return [(each.data["agent"], each.data["content"]) for each in events if each.type == "chat.text"]


def streamed(events: list[Event]) -> dict[str, str]:
    """The deltas of each message, merged by their offsets."""
    merged: dict[str, str] = {}
    for each in events:
        if each.type == "chat.print":
            so_far = merged.get(each.data["message_id"], "")
            assert each.data["offset"] == len(so_far.encode("utf-16-le")) // 2
            merged[each.data["message_id"]] = so_far + each.data["content"]
    return merged


async def turn(chat: ChatClient, text: str | None = None) -> list[Event]:
    """Say something (or nothing) and read until the run is over."""
    if text is not None:
        await chat.send(text)
    return await chat.read_until("chat.run_complete", within=30)
