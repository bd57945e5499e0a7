"""Functions that another Lambda service runs, as `sam local start-lambda` does. Here it is that of a second stack."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from websockets.asyncio.client import connect

from mozaiks_local.client import call_api
from mozaiks_local.stack import LocalStack, StackConfig
from mozaiks_local.stack.sam_local import container_environment, write_template
from mozaiks_local.stack.transform import load

from .conftest import CREDENTIALS, TEMPLATE


@pytest.fixture
def near(stack: LocalStack, tmp_path: Path, cache_dir: Path) -> Iterator[LocalStack]:
    """A stack whose functions the other one runs."""
    config = StackConfig(
        template=TEMPLATE, data_dir=tmp_path / "near", port=0, schedule=False, cache_dir=cache_dir,
        environment={"MONGODB_URI": "mongodb://127.0.0.1:27017/?replicaSet=rs0"},
        lambda_endpoint=stack.lambda_endpoint, container_host="host.docker.internal",
    )  # fmt: skip
    with LocalStack(config) as running:
        yield running


def count(stack: LocalStack, function: str) -> int:
    return int(stack.describe()["functions"][function]["invocations"])


def test_http_requests_are_answered_by_the_other_service(near: LocalStack, stack: LocalStack) -> None:
    before = count(stack, "EchoFunction")
    answer = asyncio.run(call_api(near.http_url, "GET", "/items/7"))
    assert answer
    assert count(stack, "EchoFunction") == before + 1
    assert near.workers("EchoFunction") == []


def test_frames_of_sockets_go_to_the_other_service(near: LocalStack, record: Path, eventually: Any) -> None:
    async def scenario() -> None:
        async with connect(near.socket_url) as socket:
            await socket.send('{"type":"note","text":"from near"}')

    asyncio.run(scenario())
    assert eventually(lambda: "from near" in record.read_text(encoding="utf-8"))


def test_errors_come_back_as_lambda_tells_them(near: LocalStack) -> None:
    client = boto3.client("lambda", endpoint_url=near.lambda_endpoint, **CREDENTIALS)
    answer = client.invoke(FunctionName="PartsFunction", Payload=b'{"do":"raise"}')
    assert answer["FunctionError"] == "Unhandled"
    assert json.load(answer["Payload"])["errorMessage"] == "asked to raise"


def test_executions_run_their_tasks_there(near: LocalStack, stack: LocalStack, eventually: Any) -> None:
    machine = near.template.state_machines["Machine"].arn
    client = boto3.client("stepfunctions", endpoint_url=near.sfn_endpoint, **CREDENTIALS)
    before = {name: count(stack, name) for name in stack.template.functions}
    client.start_execution(stateMachineArn=machine, name="from-near", input='{"loops": 1, "n": 0, "limit": 1}')
    assert eventually(lambda: any(count(stack, name) > before[name] for name in before))


def test_a_service_that_is_not_there_fails_the_event_and_says_where(tmp_path: Path, cache_dir: Path) -> None:
    config = StackConfig(
        template=TEMPLATE, data_dir=tmp_path / "alone", port=0, schedule=False, cache_dir=cache_dir,
        lambda_endpoint="http://127.0.0.1:9",
    )  # fmt: skip
    with LocalStack(config) as alone:
        result = alone.invoke("EchoFunction", {})
        assert result.error == "Unhandled"
        assert "http://127.0.0.1:9 does not answer" in result.json()["errorMessage"]


def test_the_template_for_containers_names_every_variable_and_is_the_owners_alone(near: LocalStack) -> None:
    file = near.config.data_dir / "sam-local" / "template.json"
    assert file.stat().st_mode & 0o077 == 0
    document = json.loads(file.read_text())
    variables = document["Resources"]["EchoFunction"]["Properties"]["Environment"]["Variables"]
    port = near.http_url.rpartition(":")[2]
    assert variables["CALLBACK_URL"] == f"http://host.docker.internal:{port}/dev"
    assert variables["MONGODB_URI"] == (
        "mongodb://host.docker.internal:27017/?replicaSet=rs0&directConnection=true"
    )  # fmt: skip
    assert variables["AWS_ENDPOINT_URL_LAMBDA"].startswith("http://host.docker.internal:")
    assert Path(document["Resources"]["EchoFunction"]["Properties"]["CodeUri"]).is_dir()


def test_folders_of_this_machine_are_not_those_of_a_container() -> None:
    made = container_environment(
        {"MOZAIKS_WORKFLOWS_PATH": "/opt/workflows"}, {}, {"MOZAIKS_WORKFLOWS_PATH": "/here/workflows"}, "host"
    )
    assert made == {"MOZAIKS_WORKFLOWS_PATH": "/opt/workflows"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("mongodb://u:p@localhost:27017", "mongodb://u:p@host:27017/?directConnection=true"),
        ("mongodb://localhost:27017/db?w=1", "mongodb://host:27017/db?w=1&directConnection=true"),
        ("mongodb+srv://cluster.example.net/", "mongodb+srv://cluster.example.net/"),
        ("https://models.example.net/localhost", "https://models.example.net/localhost"),
        ("http://127.0.0.1:9000/v1", "http://host:9000/v1"),
    ],
)
def test_addresses_of_this_machine_are_told_as_a_container_knows_them(given: str, told: str) -> None:
    assert container_environment({"X": given}, {}, {}, "host") == {"X": told}


def test_a_template_with_short_forms_can_be_written(tmp_path: Path) -> None:
    write_template(TEMPLATE, {}, tmp_path / "template.json")
    assert (
        json.loads((tmp_path / "template.json").read_text())["Resources"].keys() == load(TEMPLATE)["Resources"].keys()
    )
