"""State machines of the template run in moto's executor, on the stack's own functions."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from mozaiks_local.stack import LocalStack

from .conftest import CREDENTIALS


def start(client: Any, arn: str, name: str | None = None, **payload: Any) -> str:
    named = {"name": name} if name is not None else {}
    started: str = client.start_execution(stateMachineArn=arn, input=json.dumps(payload), **named)["executionArn"]
    return started


@pytest.fixture
def machine(stack: LocalStack) -> str:
    return stack.template.state_machines["Machine"].arn


@pytest.fixture
def waiting(stack: LocalStack) -> str:
    return stack.template.state_machines["WaitingMachine"].arn


@pytest.fixture
def ended(step_functions: Any, eventually: Any) -> Any:
    """Give a function that waits for the end of an execution and describes it."""

    def wait(arn: str) -> Any:
        def probe() -> Any:
            described = step_functions.describe_execution(executionArn=arn)
            return described if described["status"] != "RUNNING" else None

        return eventually(probe)

    return wait


def test_an_execution_runs_the_function(step_functions: Any, machine: str, ended: Any) -> None:
    described = ended(start(step_functions, machine, str(uuid4()), do="nothing", n=1))

    assert described["status"] == "SUCCEEDED"
    assert json.loads(described["output"])["result"]["event"] == {"do": "nothing", "n": 1}


def test_an_execution_needs_no_name(step_functions: Any, machine: str, ended: Any) -> None:
    assert ended(start(step_functions, machine, do="nothing"))["status"] == "SUCCEEDED"


def test_the_functions_error_is_the_executions(step_functions: Any, machine: str, ended: Any) -> None:
    described = ended(start(step_functions, machine, str(uuid4()), do="raise"))

    assert (described["status"], described["error"]) == ("FAILED", "RuntimeError")
    assert "asked to raise" in described["cause"]


def test_a_timeout_has_lambdas_error_name(step_functions: Any, machine: str, ended: Any) -> None:
    described = ended(start(step_functions, machine, str(uuid4()), do="sleep", seconds=10))

    assert described["error"] == "Sandbox.Timedout"


def test_a_killed_worker_is_tried_again(step_functions: Any, machine: str, ended: Any, tmp_path: Path) -> None:
    described = ended(start(step_functions, machine, str(uuid4()), do="die_once", path=str(tmp_path / "died")))

    assert described["status"] == "SUCCEEDED"
    assert (tmp_path / "died").exists()


def test_the_same_name_and_input_is_one_execution(step_functions: Any, machine: str, ended: Any) -> None:
    name = str(uuid4())
    with ThreadPoolExecutor() as pool:
        tries = [pool.submit(start, step_functions, machine, name, do="sleep", seconds=0.6) for _ in range(4)]
        arns = {result.result() for result in tries}

    assert len(arns) == 1
    ended(arns.pop())


def test_the_same_name_with_another_input_is_refused(step_functions: Any, machine: str, ended: Any) -> None:
    name = str(uuid4())
    arn = start(step_functions, machine, name, do="sleep", seconds=0.3)

    with pytest.raises(step_functions.exceptions.ExecutionAlreadyExists):
        start(step_functions, machine, name, do="sleep", seconds=0.4)
    ended(arn)
    with pytest.raises(step_functions.exceptions.ExecutionAlreadyExists):
        start(step_functions, machine, name, do="sleep", seconds=0.3)


@pytest.mark.parametrize("name", ["with space", "x" * 81, "a/b"])
def test_a_name_aws_would_refuse_is_refused(step_functions: Any, machine: str, name: str) -> None:
    with pytest.raises(step_functions.exceptions.InvalidName):
        start(step_functions, machine, name, do="nothing")


def test_an_input_over_256_kilobytes_is_refused(step_functions: Any, machine: str) -> None:
    with pytest.raises(step_functions.exceptions.InvalidExecutionInput):
        start(step_functions, machine, str(uuid4()), text="x" * 262_144)


def test_a_token_answered_with_success_ends_the_wait(
    step_functions: Any, waiting: str, ended: Any, tmp_path: Path, eventually: Any
) -> None:
    path = tmp_path / "token"
    arn = start(step_functions, waiting, str(uuid4()), path=str(path))
    eventually(lambda: path.exists() and path.read_text())
    step_functions.send_task_heartbeat(taskToken=path.read_text())
    step_functions.send_task_success(taskToken=path.read_text(), output='{"outcome": "completed"}')

    assert json.loads(ended(arn)["output"]) == {"outcome": "completed"}


def test_a_token_answered_with_failure_keeps_error_and_cause(
    step_functions: Any, waiting: str, ended: Any, tmp_path: Path, eventually: Any
) -> None:
    path = tmp_path / "token"
    arn = start(step_functions, waiting, str(uuid4()), path=str(path))
    eventually(lambda: path.exists() and path.read_text())
    step_functions.send_task_failure(taskToken=path.read_text(), error="Cancelled", cause="by its user")
    described = ended(arn)

    assert (described["status"], described["error"], described["cause"]) == ("FAILED", "Cancelled", "by its user")


def test_a_token_is_answered_once(
    step_functions: Any, waiting: str, ended: Any, tmp_path: Path, eventually: Any
) -> None:
    path = tmp_path / "token"
    arn = start(step_functions, waiting, str(uuid4()), path=str(path))
    token = eventually(lambda: path.exists() and path.read_text())
    step_functions.send_task_success(taskToken=token, output='{"answer": 1}')

    with pytest.raises(step_functions.exceptions.TaskTimedOut):
        step_functions.send_task_success(taskToken=token, output='{"answer": 2}')
    assert json.loads(ended(arn)["output"]) == {"answer": 1}
    with pytest.raises(step_functions.exceptions.TaskTimedOut):
        step_functions.send_task_failure(taskToken=token)


def test_an_output_that_is_not_json_is_refused(step_functions: Any) -> None:
    with pytest.raises(step_functions.exceptions.InvalidOutput):
        step_functions.send_task_success(taskToken="any", output="{")


def test_an_unknown_token_is_refused(step_functions: Any) -> None:
    with pytest.raises(ClientError) as refused:
        step_functions.send_task_success(taskToken="nothing", output="{}")
    assert refused.value.response["Error"]["Code"] == "InvalidToken"


def test_executions_are_listed(stack: LocalStack, step_functions: Any, machine: str, ended: Any) -> None:
    arn = start(step_functions, machine, str(uuid4()), do="nothing")
    ended(arn)

    (found,) = [item for item in stack.executions() if item["executionArn"] == arn]
    assert found["status"] == "SUCCEEDED"


def test_secrets_manager_and_kms_are_there(stack: LocalStack) -> None:
    secrets = boto3.client("secretsmanager", endpoint_url=stack.sfn_endpoint, **CREDENTIALS)
    name = f"key-{uuid4()}"
    secrets.create_secret(Name=name, SecretString="hush")
    keys = boto3.client("kms", endpoint_url=stack.sfn_endpoint, **CREDENTIALS)
    key = keys.create_key()["KeyMetadata"]["KeyId"]
    context = {"app_id": "acme"}
    sealed = keys.encrypt(KeyId=key, Plaintext=b"hush", EncryptionContext=context)["CiphertextBlob"]

    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "hush"
    assert keys.decrypt(CiphertextBlob=sealed, EncryptionContext=context)["Plaintext"] == b"hush"
