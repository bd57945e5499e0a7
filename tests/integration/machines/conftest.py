"""The very state machines of the product in the local executor, on a function that follows a script."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from mozaiks_local.stack import LambdaLimits, LocalStack, StackConfig

TEMPLATE = Path(__file__).with_name("template.yaml")
CREDENTIALS = {"region_name": "us-east-1", "aws_access_key_id": "local", "aws_secret_access_key": "local"}

Script = dict[str, list[dict[str, Any]]]


class Play:
    """One execution, and what the function was asked during it."""

    def __init__(self, client: Any, arn: str, scripts: Path, script: Script, run: str, given: dict[str, Any]) -> None:
        self.run = run
        self._client, self._scripts = client, scripts
        (scripts / f"{run}.json").write_text(json.dumps(script))
        (scripts / f"{run}.jsonl").touch()
        self.arn = client.start_execution(stateMachineArn=arn, name=run, input=json.dumps(given))["executionArn"]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self._scripts / f"{self.run}.jsonl").read_text().splitlines()]

    @property
    def calls(self) -> list[str]:
        return [event["key"] for event in self.events]

    def asked(self, key: str, times: int = 1) -> dict[str, Any]:
        """The event of the ``times``-th call of this kind, as soon as it came."""
        return dict(
            self._until(lambda: found[times - 1] if len(found := self._of(key)) >= times else None, f"call of {key!r}")
        )

    def answer(self, key: str, outcome: str = "completed", times: int = 1) -> None:
        """Answer the task token of a call."""
        token = self.asked(key, times)["token"]
        self._client.send_task_success(taskToken=token, output=json.dumps({"outcome": outcome, "chat_id": "private"}))

    def ended(self) -> Any:
        """The execution, once it has ended."""

        def probe() -> Any:
            described = self._client.describe_execution(executionArn=self.arn)
            return described if described["status"] != "RUNNING" else None

        return self._until(probe, "end of the execution")

    def _of(self, key: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["key"] == key]

    def _until(self, probe: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + 20
        while (found := probe()) is None:
            assert time.monotonic() < deadline, f"no {what}; the calls were {self.calls}"
            time.sleep(0.01)
        return found


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scripts")


@pytest.fixture(scope="session")
def machines(tmp_path_factory: pytest.TempPathFactory, scripts: Path) -> Iterator[LocalStack]:
    config = StackConfig(
        template=TEMPLATE,
        data_dir=tmp_path_factory.mktemp("data"),
        port=0,
        environment={"SCRIPTS": str(scripts)},
        prewarm=False,
        schedule=False,
        cache_dir=tmp_path_factory.mktemp("cache"),
        lambda_limits=LambdaLimits(event_retry_delays=(0.05, 0.05)),
        time_scale=0.02,
    )
    with LocalStack(config) as running:
        yield running


@pytest.fixture
def journey(machines: LocalStack, scripts: Path) -> Callable[..., Play]:
    """Starts an execution of ``journey.asl.json`` over these groups."""
    client = boto3.client("stepfunctions", endpoint_url=machines.sfn_endpoint, **CREDENTIALS)
    arn = machines.template.state_machines["JourneyStateMachine"].arn

    def start(script: Script, groups: list[int]) -> Play:
        run = uuid4().hex
        given = {"app_id": "acme", "journey_run_id": run, "execution_no": 3, "groups": groups}
        return Play(client, arn, scripts, script, run, given)

    return start


@pytest.fixture
def run(machines: LocalStack, scripts: Path) -> Callable[..., Play]:
    """Starts an execution of ``run.asl.json``."""
    client = boto3.client("stepfunctions", endpoint_url=machines.sfn_endpoint, **CREDENTIALS)
    arn = machines.template.state_machines["RunStateMachine"].arn

    def start(script: Script) -> Play:
        chat_id = uuid4().hex
        return Play(client, arn, scripts, script, chat_id, {"app_id": "acme", "chat_id": chat_id, "run_no": 7})

    return start
