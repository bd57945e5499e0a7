"""The HTTP API over the real database and the example workflows; Step Functions is moto's, which only keeps starts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from fastapi.testclient import TestClient
from moto import mock_aws

from mozaiks.bootstrap import Parts
from mozaiks.settings import Settings
from mozaiks.store.indexes import ensure_indexes
from mozaiks.web.app import create_app
from session_mongod import DatabaseServer

ROLE = "arn:aws:iam::123456789012:role/states"
SOCKET = "wss://chat.example.com/dev"

MakeParts = Callable[..., Parts]
Start = Callable[..., dict[str, Any]]


@pytest.fixture
def state_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """ARN of a state machine whose executions are recorded and do nothing."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    definition = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
    with mock_aws():
        machine = boto3.client("stepfunctions").create_state_machine(
            name="run", definition=json.dumps(definition), roleArn=ROLE
        )
        yield machine["stateMachineArn"]


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    """A folder of workflows: one that waits for the user, one that speaks first, one that is broken."""
    root = tmp_path / "workflows"
    for name, text in {
        "Greeter/orchestrator.yaml": (
            "workflow_name: Greeter\ndescription: Says hello.\nstartup_mode: UserDriven\n"
            "initial_message_to_user: What is your name?\nvisual_agents: [Host]\n"
        ),
        "Greeter/agents.yaml": "Host:\n  system_message: Be kind.\nAide:\n  system_message: Help the host.\n",
        "Speaker/orchestrator.yaml": "workflow_name: Speaker\nstartup_mode: AgentDriven\ninitial_message: Begin.\n",
        "Speaker/agents.yaml": "Host:\n  system_message: Be kind.\n",
        "Broken/orchestrator.yaml": "workflow_name: Broken\nmax_turnz: 3\n",
        "Broken/agents.yaml": "Host:\n  system_message: Be kind.\n",
        "_shared/x.py": "",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def make_parts(mongod: DatabaseServer, database_name: str, workflows: Path, state_machine: str) -> MakeParts:
    """Parts of the settings a test names."""

    def make(**settings: Any) -> Parts:
        return Parts(
            Settings.model_validate(
                {
                    "mongodb_uri": mongod.uri,
                    "mongodb_db_name": database_name,
                    "mozaiks_workflows_path": workflows,
                    "websocket_public_url": SOCKET,
                    "run_state_machine_arn": state_machine,
                    **settings,
                }
            )
        )

    return make


@pytest.fixture
def parts(make_parts: MakeParts) -> Iterator[Parts]:
    made = make_parts()
    ensure_indexes(made.database)
    yield made
    made.database.client.close()


@pytest.fixture
def api(parts: Parts) -> TestClient:
    return TestClient(create_app(parts))


@pytest.fixture
def start(api: TestClient) -> Start:
    """Opens a chat and gives the answer."""

    def open_chat(workflow: str = "Greeter", app: str = "acme", **body: Any) -> dict[str, Any]:
        answer = api.post(f"/api/chats/{app}/{workflow}/start", json={"user_id": "ann", **body})
        assert answer.status_code == 200, answer.text
        return answer.json()

    return open_chat
