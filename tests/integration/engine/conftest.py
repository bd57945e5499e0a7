"""The engine in this process, on a real database and a real HTTP model server that plays scripts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from mozaiks.access.principal import Principal, Tenant
from mozaiks.bootstrap import Parts
from mozaiks.chats.commands import SubmitInput
from mozaiks.chats.events import Event
from mozaiks.chats.greeting import facts_of
from mozaiks.chats.states import Chat
from mozaiks.engine.slice import Outcome, SliceRunner
from mozaiks.errors import MozaiksError
from mozaiks.manifests import Workflows
from mozaiks.settings import Settings
from mozaiks.store.indexes import ensure_indexes
from mozaiks_local.demo_model import DemoModel, run_in_thread
from session_mongod import DatabaseServer

ANN = Principal("acme", "ann")


class NoStepFunctions:
    """The engine is driven by the test itself; a started run is noted, the test runs its slices."""

    def __init__(self) -> None:
        self.started: list[int] = []

    def start(self, app_id: str, chat_id: str, run_no: int) -> None:
        self.started.append(run_no)


class Bench:
    """Workflows in a folder of their own, a model that plays what the test says, and slices one by one."""

    def __init__(self, root: Path, uri: str, database: str, demo: DemoModel) -> None:
        self.root, self.demo = root, demo
        self._base = {"mongodb_uri": uri, "mongodb_db_name": database, "demo_model_url": demo.url}
        self.loop = asyncio.Runner()
        self.parts = self._parts({})
        ensure_indexes(self.parts.database)
        self.slices = self.loop.run(self._made(self.parts))
        self.workflow_name = "Play"
        self.ann = ANN

    def _parts(self, settings: dict[str, Any]) -> Parts:
        config = Settings(
            **{
                **self._base,
                "mozaiks_workflows_path": self.root,
                "websocket_callback_url": "http://127.0.0.1:9/none",
                "model_http_retries": 0,
                "model_timeout_seconds": 1.0,
                "slice_reserve_seconds": 0.1,
                **settings,
            }
        )
        parts = Parts(config)
        self.executions = parts.runs = NoStepFunctions()  # type: ignore[assignment]
        object.__setattr__(parts.service, "runs", self.executions)
        return parts

    async def _made(self, parts: Parts) -> SliceRunner:
        return parts.slices()

    def configure(self, **settings: Any) -> None:
        """Go on as another worker with other settings."""
        self.parts = self._parts(settings)
        self.slices = self.loop.run(self._made(self.parts))

    def workflow(
        self,
        agents: dict[str, Any],
        *,
        tools: str = "",
        code: str = "",
        handoffs: str = "",
        context: str = "",
        outputs: str = "",
        hooks: str = "",
        hook_file: str = "",
        hook_code: str = "",
        agent_fields: dict[str, Any] | None = None,
        agents_of: list[str] | None = None,
        **top: Any,
    ) -> None:
        """Write the workflow ``Play``.

        ``agents`` are the scripts by agent; ``agents_of`` names the agents where scripts hold others too. Sections are
        YAML, ``code`` is ``tools/code.py``.
        """
        folder = self.root / self.workflow_name
        (folder / "tools").mkdir(parents=True, exist_ok=True)
        orchestrator = {"human_in_the_loop": True, "startup_mode": "UserDriven", **top}
        (folder / "orchestrator.yaml").write_text(yaml.safe_dump(orchestrator))
        (folder / "agents.yaml").write_text(
            yaml.safe_dump(
                {
                    "agents": {
                        name: {"system_message": f"You are {name}.", **(agent_fields or {}).get(name, {})}
                        for name in agents_of or agents
                    }
                },
                sort_keys=False,
            )
        )
        if hook_file:
            (folder / "hooks").mkdir(exist_ok=True)
            (folder / "hooks" / f"{hook_file}.py").write_text(hook_code)
        sections = {
            "tools": tools,
            "handoffs": handoffs,
            "context_variables": context,
            "structured_outputs": outputs,
            "hooks": hooks,
        }
        for name, text in sections.items():
            if text:
                (folder / f"{name}.yaml").write_text(text)
        (folder / "tools" / "code.py").write_text(code)
        self.demo.scripts.set(self.workflow_name, {"agents": agents})

    def start(self, text: str = "hello") -> str:
        """A new chat in which the user said ``text``; its run is claimed."""
        spec = Workflows(self.root).get(self.workflow_name).spec
        return self.parts.service.start(ANN, facts_of(spec), initial_message=text, force_new=True).chat.chat_id

    def say(self, chat_id: str, text: str, **fields: Any) -> None:
        self.parts.service.submit(ANN, chat_id, SubmitInput(type="user.input.submit", text=text, **fields))

    def slice(self, chat_id: str, seconds: float = 60.0) -> Outcome:
        """One slice, as Step Functions would run it next."""
        return self.loop.run(self.slice_async(chat_id, seconds))

    async def slice_async(self, chat_id: str, seconds: float = 60.0) -> Outcome:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        return await self.slices.run("acme", chat_id, self.chat(chat_id).run_no, lambda: end - loop.time())

    def run(self, chat_id: str) -> Outcome:
        """Slices until the run waits or ends."""
        for _ in range(40):
            outcome = self.slice(chat_id)
            if outcome["outcome"] not in ("continue", "backoff"):
                return outcome
        raise AssertionError("the run does not end")

    def chat(self, chat_id: str) -> Chat:
        return self.parts.service.get(ANN, chat_id)

    def log(self, chat_id: str) -> list[Event]:
        events = list(self.parts.events.after(Tenant("acme"), chat_id, 0, 1000))
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        return events

    def types(self, chat_id: str) -> list[str]:
        return [event.type.removeprefix("chat.") for event in self.log(chat_id)]

    def said(self, chat_id: str) -> list[tuple[str | None, str]]:
        """Every text of the log as (agent or ``None`` for the user, content)."""
        return [(each.data["agent"], each.data["content"]) for each in self.log(chat_id) if each.type == "chat.text"]

    def errors(self, chat_id: str) -> list[tuple[str, str]]:
        return [(e.data["severity"], e.data["code"]) for e in self.log(chat_id) if e.type == "chat.error"]

    def told(self, agent: str) -> list[dict[str, Any]]:
        """The messages of the newest model call of ``agent``."""
        newest = [request for request in self.demo.requests if request.agent == agent][-1]
        return list(newest.body["messages"])

    def die_at_write(self, number: int) -> None:
        """Let the worker be no more when it is about to write for the ``number``-th time."""
        store, transact, writes = self.slices.store, self.slices.store.transact, 0

        async def dying(*arguments: Any) -> Any:
            nonlocal writes
            writes += 1
            if writes == number:
                raise MozaiksError("LEASE_LOST", "the worker is no more")
            return await transact(*arguments)

        store.transact = dying  # type: ignore[method-assign]

    def revive(self, chat_id: str) -> None:
        """Go on as another worker, once the dead one's lease is over."""
        self.configure()
        self.parts.database["chat_sessions"].update_one({"_id": chat_id}, {"$set": {"lease": None}})

    def close(self) -> None:
        self.loop.run(self.slices.models.close())
        self.loop.close()
        self.parts.database.client.close()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[DemoModel]:
    (tmp_path / "workflows").mkdir()
    with run_in_thread(tmp_path / "workflows") as model:
        yield model


@pytest.fixture
def bench(tmp_path: Path, mongod: DatabaseServer, database_name: str, demo: DemoModel) -> Iterator[Bench]:
    made = Bench(tmp_path / "workflows", mongod.uri, database_name, demo)
    yield made
    with suppress(RuntimeError):
        made.close()


@pytest.fixture
def one_agent(bench: Bench) -> Callable[..., str]:
    """A chat with one agent that follows the given rules; returns its id."""

    def make(*rules: dict[str, Any], text: str = "hello", **parts: Any) -> str:
        bench.workflow({"Host": list(rules)}, **parts)
        return bench.start(text)

    return make
