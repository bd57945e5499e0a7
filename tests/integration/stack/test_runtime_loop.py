"""The runtime client in Python alone, for machines that AWS's own has no wheel for, forced here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from mozaiks_local.stack import LocalStack, StackConfig

from .conftest import CREDENTIALS, TEMPLATE


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with boto3 and without AWS's runtime client."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"):
        source = Path(__import__(name).__file__)
        source = source if source.name == "six.py" else source.parent
        (packages / source.name).symlink_to(source)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def looped(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, bare: Path) -> Iterator[LocalStack]:
    config = StackConfig(
        template=TEMPLATE, data_dir=tmp_path_factory.mktemp("data"), port=0, prewarm=False, schedule=False,
        cache_dir=cache_dir, runtime_client="python", python=bare,
    )  # fmt: skip
    with LocalStack(config) as running:
        yield running


@pytest.fixture(scope="module")
def client(looped: LocalStack) -> Any:
    return boto3.client("lambda", endpoint_url=looped.lambda_endpoint, **CREDENTIALS)


def call(client: Any, function: str, **payload: Any) -> tuple[str | None, Any]:
    answer = client.invoke(FunctionName=function, Payload=json.dumps(payload).encode())
    return answer.get("FunctionError"), json.load(answer["Payload"])


def test_the_stack_says_which_client_runs_the_handlers(looped: LocalStack, bare: Path) -> None:
    assert looped.describe()["runtime_client"] == "python"
    found = "import importlib.util as u; print(u.find_spec('awslambdaric'))"
    assert subprocess.run([bare, "-c", found], capture_output=True, text=True, check=True).stdout == "None\n"


def test_the_context_is_that_of_awss_client(looped: LocalStack, stack: LocalStack) -> None:
    here, there = (each.invoke("EchoFunction", {"do": "context"}).json() for each in (looped, stack))
    assert 0 < here.pop("left") <= 10_000
    there.pop("left")
    assert {**here, "id": ""} == {**there, "id": ""}


def test_a_worker_is_used_again(looped: LocalStack) -> None:
    first, second = (looped.invoke("PartsFunction", {}).json() for _ in range(2))
    assert (second["pid"], second["calls"]) == (first["pid"], first["calls"] + 1)


def test_a_handlers_exception_is_the_answer(client: Any) -> None:
    error, payload = call(client, "PartsFunction", do="raise")
    assert error == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("RuntimeError", "asked to raise")
    assert any("app.py" in line for line in payload["stackTrace"])
    assert not any("runtime_loop" in line for line in payload["stackTrace"])


def test_a_module_that_cannot_be_imported_is_named(client: Any) -> None:
    error, payload = call(client, "BrokenFunction")
    assert (error, payload["errorType"]) == ("Unhandled", "Runtime.ImportModuleError")
    assert "a_module_that_does_not_exist" in payload["errorMessage"]


def test_a_worker_that_exits_fails_its_event(client: Any) -> None:
    error, payload = call(client, "PartsFunction", do="exit")
    assert (error, payload["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert call(client, "PartsFunction")[0] is None


def test_a_timeout_ends_the_worker(client: Any, tmp_path: Path) -> None:
    error, payload = call(client, "PartsFunction", do="child", path=str(tmp_path / "child"), seconds=20)
    assert (error, payload["errorType"]) == ("Unhandled", "Sandbox.Timedout")
