"""One running stack for the tests that do not need one of their own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from mozaiks_local.stack import LambdaLimits, LocalStack, StackConfig

TEMPLATE = Path(__file__).with_name("template.yaml")
CREDENTIALS = {"region_name": "us-east-1", "aws_access_key_id": "local", "aws_secret_access_key": "local"}


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file in which the socket's handler notes every event it gets."""
    return tmp_path_factory.mktemp("record") / "events.jsonl"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, record: Path) -> Iterator[LocalStack]:
    config = StackConfig(
        template=TEMPLATE,
        data_dir=tmp_path_factory.mktemp("data"),
        port=0,
        environment={"RECORD": str(record)},
        prewarm=False,
        schedule=False,
        cache_dir=cache_dir,
        lambda_limits=LambdaLimits(event_retry_delays=(0.05, 0.05)),
        time_scale=0.05,
    )
    with LocalStack(config) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "stack" in request.fixturenames:
        request.getfixturevalue("stack").gateway.faults.clear()


@pytest.fixture(scope="session")
def lambda_client(stack: LocalStack) -> Any:
    return boto3.client("lambda", endpoint_url=stack.lambda_endpoint, **CREDENTIALS)


@pytest.fixture(scope="session")
def connections(stack: LocalStack) -> Any:
    return boto3.client("apigatewaymanagementapi", endpoint_url=f"{stack.http_url}/dev", **CREDENTIALS)


@pytest.fixture(scope="session")
def step_functions(stack: LocalStack) -> Any:
    return boto3.client("stepfunctions", endpoint_url=stack.sfn_endpoint, **CREDENTIALS)


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Give a function that waits until its argument returns something true, and gives that."""

    def wait(probe: Callable[[], Any], seconds: float = 10.0) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = probe()
            if found:
                return found
            time.sleep(0.01)
        raise AssertionError(f"nothing came within {seconds} s")

    return wait


@pytest.fixture
def recorded(record: Path) -> Callable[[str], list[dict[str, Any]]]:
    """Give a function that lists the events of one connection the handler got so far."""

    def read(connection_id: str) -> list[dict[str, Any]]:
        events = [json.loads(line) for line in record.read_text().splitlines()]
        return [event for event in events if event["requestContext"]["connectionId"] == connection_id]

    return read
