"""Journeys in this process, on the real database; Step Functions is a server that notes what it is asked.

What ``journey.asl.json`` would do next, a test does with ``Drive``; the machine itself is tested in the local executor.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integration.handlers.aws import Aws
from mozaiks import bootstrap
from mozaiks.access.principal import Principal, Tenant
from mozaiks.bootstrap import Parts
from mozaiks.chats.changes import Change
from mozaiks.chats.events import Event
from mozaiks.chats.states import Chat, ChatStatus
from mozaiks.journeys.states import Journey
from mozaiks.settings import Settings
from mozaiks.store.indexes import ensure_indexes
from session_mongod import DatabaseServer

ANN = Principal("acme", "ann")
PACK = {
    "workflows": [{"id": "Last", "dependencies": [{"id": "First", "reason": "It begins there."}]}],
    "journeys": [
        {"id": "trip", "steps": ["First", ["Left", "Right"], "Last"]},
        {"id": "pair", "steps": [["Left", "Right"]]},
    ],
}
MODES = {
    "First": "startup_mode: UserDriven\ninitial_message_to_user: Where to?\n",
    "Left": "startup_mode: AgentDriven\ninitial_message: Begin.\n",
    "Right": "startup_mode: UserDriven\ninitial_message_to_user: And you?\n",
    "Last": "startup_mode: BackendOnly\ninitial_message: Finish.\n",
}


class Drive:
    """The newest execution of a run, step by step."""

    def __init__(self, parts: Parts, aws: Aws, journey: Journey) -> None:
        self.parts, self.aws, self.run_id = parts, aws, journey.journey_run_id
        self.given: dict[str, Any] = aws.executions[f"{self.run_id}-e{journey.execution_no}"]

    def do(self, action: str, group: int, **more: Any) -> dict[str, Any]:
        ids = {key: self.given[key] for key in ("app_id", "journey_run_id", "execution_no")}
        return self.parts.journey_tasks.carry_out({"action": f"journey_{action}", **ids, "group": group, **more})

    def open(self, group: int) -> list[str]:
        """Open a group, and have the end of each chat waited for."""
        opened = self.do("open_group", group)
        for chat_id in opened["chats"]:
            self.do("open_member", group, chat_id=chat_id, token=self.token(chat_id))
        return list(opened["chats"])

    def token(self, chat_id: str) -> str:
        return f"task-token-canary-{self.given['execution_no']}-{chat_id}"

    def close(self, group: int) -> str:
        return str(self.do("close_group", group)["outcome"])


class World:
    """A place where journeys run, and what a test wants to do there."""

    def __init__(self, parts: Parts, aws: Aws) -> None:
        self.parts, self.aws, self.ahead = parts, aws, 0.0

    def start(self, journey_id: str = "trip", principal: Principal = ANN, **options: Any) -> Journey:
        return self.parts.journeys.start(principal, journey_id, **options).journey

    def drive(self, journey: Journey) -> Drive:
        return Drive(self.parts, self.aws, self.get(journey))

    def get(self, journey: Journey) -> Journey:
        return self.parts.journeys.journeys.get(Tenant(journey.app_id), journey.journey_run_id)

    def chat(self, chat_id: str) -> Chat:
        return self.parts.chats.get(Tenant("acme"), chat_id)

    def end(self, chat_id: str, status: ChatStatus = ChatStatus.COMPLETED) -> Chat:
        """What a worker writes and does when a chat ends."""
        applied = self.parts.chats.transact(
            Tenant("acme"), chat_id, lambda chat: Change({"status": status, "pending": (), "lease": None})
        )
        self.parts.service.settle(applied.chat)
        return applied.chat

    def through(self, journey: Journey, groups: int) -> Drive:
        """Complete the first groups of a run."""
        drive = self.drive(journey)
        for group in range(groups):
            for chat_id in drive.open(group):
                self.end(chat_id)
            assert drive.close(group) == "next"
        return drive

    def log(self, chat_id: str) -> list[Event]:
        events = list(self.parts.events.after(Tenant("acme"), chat_id, 0, 1000))
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        return events

    def told(self, chat_id: str, type_: str) -> list[dict[str, Any]]:
        return [event.data for event in self.log(chat_id) if event.type == type_]

    def now(self) -> datetime:
        return _real_now() + timedelta(seconds=self.ahead)


_real_now = bootstrap.now


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    root = tmp_path / "workflows"
    for name, mode in MODES.items():
        (root / name).mkdir(parents=True)
        (root / name / "orchestrator.yaml").write_text(f"workflow_name: {name}\n{mode}")
        (root / name / "agents.yaml").write_text("Host:\n  system_message: Be kind.\n")
    (root / "_pack").mkdir()
    (root / "_pack" / "workflow_graph.json").write_text(json.dumps(PACK))
    return root


@pytest.fixture
def world(
    mongod: DatabaseServer, database_name: str, workflows: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    aws = Aws()
    environment = {
        "AWS_ENDPOINT_URL_SFN": aws.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    made: list[World] = []
    monkeypatch.setattr(bootstrap, "now", lambda: made[0].now() if made else _real_now())
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:"
    parts = Parts(
        Settings.model_validate(
            {
                "mongodb_uri": mongod.uri,
                "mongodb_db_name": database_name,
                "mozaiks_workflows_path": workflows,
                "websocket_callback_url": f"{aws.url}/dev",
                "websocket_public_url": "wss://chat.example.com/dev",
                "run_state_machine_arn": f"{machine}runs",
                "journey_state_machine_arn": f"{machine}journeys",
            }
        )
    )
    ensure_indexes(parts.database)
    made.append(World(parts, aws))
    yield made[0]
    parts.database.client.close()
    aws.close()


@pytest.fixture
def connect(world: World) -> Callable[..., None]:
    """Opens a socket to a chat."""
    from mozaiks.push.connections import Connection

    def make(chat_id: str, connection_id: str) -> None:
        now = world.now()
        world.parts.connections.add(
            Connection(
                connection_id,
                "acme",
                "ann",
                chat_id,
                frozenset({"chat"}),
                now - timedelta(minutes=1),
                now + timedelta(hours=1),
            )
        )

    return make
