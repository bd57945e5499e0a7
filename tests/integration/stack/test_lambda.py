"""Functions run in AWS's own runtime client, with Lambda's errors, limits and environment."""

from __future__ import annotations

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from mozaiks_local.stack import LambdaLimits, LocalStack, StackConfig, UnknownFunctionError

from .conftest import TEMPLATE


def call(client: Any, function: str, **payload: Any) -> tuple[str | None, Any]:
    answer = client.invoke(FunctionName=function, Payload=json.dumps(payload).encode())
    return answer.get("FunctionError"), json.load(answer["Payload"])


def test_the_context_is_the_templates(stack: LocalStack) -> None:
    context = stack.invoke("EchoFunction", {"do": "context"}).json()

    assert context["name"] == "EchoFunction"
    assert context["arn"].endswith(":function:EchoFunction")
    assert context["memory"] == "128"
    assert 0 < context["left"] <= 10_000


def test_a_worker_is_used_again(stack: LocalStack) -> None:
    first = stack.invoke("PartsFunction", {}).json()
    second = stack.invoke("PartsFunction", {}).json()

    assert (second["pid"], second["calls"]) == (first["pid"], first["calls"] + 1)


def test_functions_are_found_by_name_and_arn(lambda_client: Any, stack: LocalStack) -> None:
    arn = stack.template.functions["PartsFunction"].arn

    for name in ("PartsFunction", arn, f"{arn}:live", "123456789012:function:PartsFunction"):
        assert call(lambda_client, name)[0] is None


def test_an_unknown_function_is_named(lambda_client: Any, stack: LocalStack) -> None:
    with pytest.raises(lambda_client.exceptions.ResourceNotFoundException, match="Nobody"):
        lambda_client.invoke(FunctionName="Nobody")
    with pytest.raises(UnknownFunctionError, match="Nobody"):
        stack.invoke("Nobody", {})


def test_a_handlers_exception_is_the_answer(lambda_client: Any) -> None:
    error, payload = call(lambda_client, "PartsFunction", do="raise")

    assert error == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("RuntimeError", "asked to raise")
    assert any("app.py" in line for line in payload["stackTrace"])


def test_a_module_that_cannot_be_imported_is_named(lambda_client: Any) -> None:
    error, payload = call(lambda_client, "BrokenFunction")

    assert error == "Unhandled"
    assert payload["errorType"] == "Runtime.ImportModuleError"
    assert "a_module_that_does_not_exist" in payload["errorMessage"]


def test_a_worker_that_exits_fails_its_event(lambda_client: Any) -> None:
    error, payload = call(lambda_client, "PartsFunction", do="exit")

    assert (error, payload["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert "exit status 3" in payload["errorMessage"]
    assert call(lambda_client, "PartsFunction")[0] is None


def test_a_timeout_kills_the_process_and_what_it_started(lambda_client: Any, tmp_path: Path, eventually: Any) -> None:
    error, payload = call(lambda_client, "PartsFunction", do="child", path=str(tmp_path / "child"), seconds=20)

    assert (error, payload["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert "Task timed out after 2.00 seconds" in payload["errorMessage"]
    child = int((tmp_path / "child").read_text())
    eventually(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


def test_a_killed_worker_fails_its_event_and_is_replaced(stack: LocalStack, eventually: Any) -> None:
    with ThreadPoolExecutor() as pool:
        running = pool.submit(stack.invoke, "PartsFunction", {"do": "sleep", "seconds": 1.5})
        eventually(lambda: any(worker["state"] == "busy" for worker in stack.workers("PartsFunction")))
        killed = stack.kill_workers("PartsFunction")
        result = running.result()

    assert result.error == "Unhandled"
    assert "signal: kill" in result.json()["errorMessage"]
    assert stack.invoke("PartsFunction", {}).json()["pid"] not in killed


def test_events_run_at_once_in_several_workers(stack: LocalStack) -> None:
    with ThreadPoolExecutor() as pool:
        results = [pool.submit(stack.invoke, "PartsFunction", {"do": "sleep", "seconds": 0.8}) for _ in range(3)]
        pids = {result.result().json()["pid"] for result in results}

    assert len(pids) == 3


def test_events_beyond_the_last_worker_wait(tmp_path: Path, cache_dir: Path) -> None:
    limits = LambdaLimits(max_workers_per_function=1)
    config = StackConfig(
        TEMPLATE, tmp_path, port=0, prewarm=False, schedule=False, cache_dir=cache_dir, lambda_limits=limits
    )
    with LocalStack(config) as stack, ThreadPoolExecutor() as pool:
        payload = {"do": "sleep", "seconds": 0.05}
        results = [pool.submit(stack.invoke, "PartsFunction", payload) for _ in range(4)]
        assert {result.result().error for result in results} == {None}
        assert len(stack.workers("PartsFunction")) == 1


def test_reserved_concurrency_throttles(lambda_client: Any, stack: LocalStack, eventually: Any) -> None:
    with ThreadPoolExecutor() as pool:
        running = pool.submit(call, lambda_client, "ReservedFunction", do="sleep", seconds=1)
        eventually(lambda: stack.describe()["functions"]["ReservedFunction"]["busy"])
        with pytest.raises(ClientError) as refused:
            stack_client_without_retries(stack).invoke(FunctionName="ReservedFunction")
        assert running.result()[0] is None

    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


def stack_client_without_retries(stack: LocalStack) -> Any:
    import boto3
    from botocore.config import Config

    from .conftest import CREDENTIALS

    once = Config(retries={"total_max_attempts": 1})
    return boto3.client("lambda", endpoint_url=stack.lambda_endpoint, config=once, **CREDENTIALS)


def test_an_asynchronous_event_is_tried_three_times(lambda_client: Any, tmp_path: Path, eventually: Any) -> None:
    path = tmp_path / "tries"
    payload = json.dumps({"do": "append", "path": str(path), "line": "try", "fail": True}).encode()

    answer = lambda_client.invoke(FunctionName="PartsFunction", InvocationType="Event", Payload=payload)

    assert answer["StatusCode"] == 202
    eventually(lambda: path.exists() and path.read_text().count("try") == 3)
    time.sleep(0.3)
    assert path.read_text().count("try") == 3


def test_payloads_over_the_limits_are_refused(stack: LocalStack) -> None:
    client = stack_client_without_retries(stack)
    six, one = json.dumps("x" * 6 * 1024 * 1024).encode(), json.dumps("x" * 1024 * 1024).encode()

    for kind, payload in (("RequestResponse", six), ("Event", one)):
        with pytest.raises(ClientError) as refused:
            client.invoke(FunctionName="PartsFunction", InvocationType=kind, Payload=payload)
        assert refused.value.response["Error"]["Code"] == "RequestTooLargeException"


def test_an_answer_over_six_megabytes_is_an_error(lambda_client: Any) -> None:
    error, payload = call(lambda_client, "PartsFunction", do="large", size=6 * 1024 * 1024)

    assert (error, payload["errorType"]) == ("Unhandled", "Function.ResponseSizeTooLarge")
    assert call(lambda_client, "PartsFunction")[0] is None


def test_what_is_not_json_is_refused(stack: LocalStack) -> None:
    with pytest.raises(ClientError) as refused:
        stack_client_without_retries(stack).invoke(FunctionName="PartsFunction", Payload=b"{not json")
    assert refused.value.response["Error"]["Code"] == "InvalidRequestContentException"


def test_the_environment_is_lambdas_and_the_templates_only(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.kill_workers("EchoFunction")
    monkeypatch.setenv("A_SECRET_OF_THE_DEVELOPER", "1")
    seen = stack.invoke("EchoFunction", {"do": "environment"}).json()

    assert "A_SECRET_OF_THE_DEVELOPER" not in seen
    assert seen["GREETING"] == "hello"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "EchoFunction"
    assert seen["CALLBACK_URL"] == f"{stack.http_url}/dev"
    assert seen["PUBLIC_URL"] == stack.socket_url
    assert seen["MACHINE_ARN"] == stack.template.state_machines["Machine"].arn
    assert seen["AWS_ENDPOINT_URL_SFN"] == stack.sfn_endpoint
    assert seen["AWS_CONFIG_FILE"] == os.devnull


def test_nothing_is_written_beside_the_sources(stack: LocalStack, cache_dir: Path) -> None:
    stack.invoke("EchoFunction", {})

    assert not list((TEMPLATE.parent / "functions").rglob("__pycache__"))
    assert list((cache_dir / "pycache").rglob("app.*.pyc"))


def test_what_a_handler_writes_reaches_its_log(stack: LocalStack, eventually: Any) -> None:
    stack.invoke("PartsFunction", {"do": "say", "text": "a line for the log"})

    log = stack.config.data_dir / "logs" / "PartsFunction.log"
    eventually(lambda: log.exists() and "a line for the log" in log.read_text())


def test_changed_code_runs_after_reload(tmp_path: Path, cache_dir: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "app.py").write_text("def handler(event, context): return 'before'\n")
    (tmp_path / "template.yaml").write_text(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n"
        "    Properties: {CodeUri: code, Handler: app.handler, Runtime: python3.11}\n"
    )
    config = StackConfig(tmp_path / "template.yaml", tmp_path / "data", port=0, cache_dir=cache_dir)
    with LocalStack(config) as stack:
        assert stack.invoke("F", {}).json() == "before"
        (code / "app.py").write_text("def handler(event, context): return 'and after'\n")
        stack.reload()
        assert stack.invoke("F", {}).json() == "and after"


def test_a_frozen_worker_stands_still_between_events(tmp_path: Path, cache_dir: Path, eventually: Any) -> None:
    config = StackConfig(
        TEMPLATE, tmp_path, port=0, prewarm=False, schedule=False, cache_dir=cache_dir,
        lambda_limits=LambdaLimits(freeze=True),
    )  # fmt: skip
    with LocalStack(config) as stack:
        pid = stack.invoke("PartsFunction", {}).json()["pid"]
        eventually(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        assert stack.invoke("PartsFunction", {}).json()["pid"] == pid


def test_a_worker_killed_while_idle_is_replaced(stack: LocalStack, eventually: Any) -> None:
    pid = stack.invoke("PartsFunction", {}).json()["pid"]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: pid not in [worker["pid"] for worker in stack.workers("PartsFunction")])

    assert stack.invoke("PartsFunction", {}).json()["pid"] != pid
