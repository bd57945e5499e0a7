"""The workflows of the documentation and of the repository, in a folder, played by the engine and the demo model."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mozaiks.access.principal import Principal, Tenant
from mozaiks.bootstrap import Parts
from mozaiks.chats.commands import SubmitInput
from mozaiks.chats.events import Event
from mozaiks.chats.greeting import facts_of
from mozaiks.engine.slice import SliceRunner
from mozaiks.manifests import Workflows
from mozaiks.settings import Settings
from mozaiks.store.indexes import ensure_indexes
from mozaiks_local.demo_model import DELAY_VARIABLE, run_in_thread
from session_mongod import DatabaseServer

from .blocks import README, ROOT, workflow_files

ME = Principal("demo", "me")


class StartedByTest:
    """Where a run is started: here the player runs its slices itself."""

    def start(self, app_id: str, chat_id: str, run_no: int) -> None: ...


class Player:
    """Holds a conversation with a workflow, in this process."""

    def __init__(self, config: Settings) -> None:
        self.parts = Parts(config)
        object.__setattr__(self.parts.service, "runs", StartedByTest())
        ensure_indexes(self.parts.database)
        self._workflows = Workflows(config.mozaiks_workflows_path)
        self._loop = asyncio.Runner()
        self._slices = self._loop.run(self._made())

    async def _made(self) -> SliceRunner:
        return self.parts.slices()

    def play(self, workflow: str, lines: list[str]) -> list[str]:
        """What a terminal shows of the conversation in which the user says ``lines``, without the usage."""
        service = self.parts.service
        chat_id = service.start(ME, facts_of(self._workflows.get(workflow).spec), force_new=True).chat.chat_id
        service.begin(ME, chat_id)
        self._run(chat_id)
        for line in lines:
            service.submit(ME, chat_id, SubmitInput(type="user.input.submit", text=line))
            self._run(chat_id)
        return _shown(list(self.parts.events.after(Tenant("demo"), chat_id, 0, 1000)))

    def _run(self, chat_id: str) -> None:
        while (chat := self.parts.service.get(ME, chat_id)).status == "running":
            outcome = self._loop.run(self._slices.run("demo", chat_id, chat.run_no, lambda: 60.0))
            assert outcome["outcome"] in ("continue", "waiting", "completed"), outcome

    def close(self) -> None:
        self._loop.run(self._slices.models.close())
        self._loop.close()
        self.parts.database.client.close()


def _shown(events: list[Event]) -> list[str]:
    lines: list[str] = []
    speaker = None
    for event in events:
        data = event.data
        match event.type:
            case "chat.text" if not event.concealed:
                lines.append(f"{data['agent'] or 'you'}: {data['content']}")
                speaker = data["agent"] or speaker
            case "chat.tool_call":
                arguments = ", ".join(f"{name}={value}" for name, value in data["arguments"].items())
                lines.append(f"⚙ {data['tool_name']}({arguments})")
            case "chat.select_speaker":
                if speaker not in (None, data["agent"]):
                    lines.append(f"→ {data['agent']}")
                speaker = data["agent"]
    return lines


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    """The repository's workflows and those the README writes out."""
    root = tmp_path / "workflows"
    shutil.copytree(ROOT / "workflows", root, ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in workflow_files(README).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def config(workflows: Path, mongod: DatabaseServer, database_name: str) -> Settings:
    return Settings(
        mongodb_uri=mongod.uri,  # type: ignore[arg-type]
        mongodb_db_name=database_name,
        mozaiks_workflows_path=workflows,
        websocket_callback_url="http://127.0.0.1:9/none",
        websocket_public_url="ws://127.0.0.1:8000/local",
    )


@pytest.fixture
def player(config: Settings, workflows: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Player]:
    monkeypatch.setenv(DELAY_VARIABLE, "0")
    with run_in_thread(workflows) as model:
        made = Player(config.model_copy(update={"demo_model_url": model.url}))
        yield made
        made.close()
