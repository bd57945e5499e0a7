"""A stack starts whole, stops whole, and leaves no process behind however it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from mozaiks_local.stack import LocalStack, PortTakenError, StackConfig, StackError, TemplateError
from mozaiks_local.stack.schedule import period_seconds

from .conftest import TEMPLATE

LOCAL = Path(__file__).parents[3] / "local"

PROGRAM = """
    import sys, json, signal, threading
    # A shell that runs the tests in the background has them ignore SIGINT, and so their children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from pathlib import Path
    from mozaiks_local.stack import LocalStack, StackConfig
    config = StackConfig(Path(sys.argv[1]), Path(sys.argv[2]), port=0, cache_dir=Path(sys.argv[3]), schedule=False)
    with LocalStack(config) as stack:
        threading.Thread(target=stack.invoke, args=("EchoFunction", {}), daemon=True).start()
        print(json.dumps(stack.describe()), flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
"""


@pytest.fixture
def config(tmp_path: Path, cache_dir: Path) -> StackConfig:
    return StackConfig(TEMPLATE, tmp_path / "data", port=0, prewarm=False, schedule=False, cache_dir=cache_dir)


def test_it_runs_in_the_callers_event_loop(config: StackConfig) -> None:
    async def scenario() -> Any:
        async with LocalStack(config) as stack:
            with pytest.raises(StackError, match="async form"):
                stack.invoke("EchoFunction", {})
            described = stack.describe_now()
            answer = await stack.invoke_async("EchoFunction", {"do": "context"})
            return described["state"], answer.json()["name"]

    assert asyncio.run(scenario()) == ("ready", "EchoFunction")


def test_describe_names_what_does_not_run(stack: LocalStack) -> None:
    described = stack.describe()

    assert described["ignored"] == ["Table (AWS::DynamoDB::Table)"]
    assert described["step_functions"]["alive"]
    assert set(described["functions"]) == set(stack.template.functions)


def test_a_tick_is_eventbridges_scheduled_event(stack: LocalStack) -> None:
    event = json.loads(stack.tick("EchoFunction").json()["body"])

    assert event["source"] == "aws.events"
    assert event["detail-type"] == "Scheduled Event"
    assert event["resources"] == [stack.template.schedules[0].arn]
    with pytest.raises(StackError, match="no schedule"):
        stack.tick("PartsFunction")


def test_rates_are_periods_and_cron_is_refused() -> None:
    assert period_seconds("rate(1 minute)") == 60
    assert period_seconds("rate(2 hours)") == 7200
    with pytest.raises(TemplateError, match="cron"):
        period_seconds("cron(0 12 * * ? *)")


def test_a_taken_port_is_one_sentence(config: StackConfig, tmp_path: Path, cache_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        stack = LocalStack(StackConfig(TEMPLATE, tmp_path, port=port, cache_dir=cache_dir))
        with pytest.raises(PortTakenError, match=f"port {port} on 127.0.0.1 is taken"):
            stack.start()
        stack.stop()
    assert not [child for child in psutil.Process().children() if "worker_main" in " ".join(child.cmdline())
                and str(port) in " ".join(child.cmdline())]  # fmt: skip


def test_two_stacks_do_not_meet(config: StackConfig, stack: LocalStack, tmp_path: Path) -> None:
    with LocalStack(config) as other:
        assert other.http_url != stack.http_url
        assert other.executions() == []


def test_stopping_leaves_no_process(config: StackConfig) -> None:
    with LocalStack(config) as stack:
        worker = stack.invoke("PartsFunction", {}).json()["pid"]
        process = stack.describe()["step_functions"]["pid"]
        assert psutil.pid_exists(worker)
        assert psutil.pid_exists(process)
    assert not psutil.pid_exists(worker)
    assert not psutil.pid_exists(process)
    stack.stop()


def test_a_stack_starts_once(config: StackConfig) -> None:
    stack = LocalStack(config)
    with stack:
        pass
    with pytest.raises(StackError, match="starts once"):
        stack.start()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_the_stack(how: signal.Signals, tmp_path: Path, cache_dir: Path, eventually: Any) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(TEMPLATE), str(tmp_path / "data"), str(cache_dir)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(LOCAL)},
    )
    try:
        assert program.stdout is not None
        json.loads(program.stdout.readline())
        children = psutil.Process(program.pid).children(recursive=True)
        assert len(children) >= 4
        program.send_signal(how)
        program.wait(timeout=10)
    finally:
        program.kill()
        program.wait()
        assert program.stdout is not None
        program.stdout.close()
    eventually(lambda: not [child for child in children if child.is_running() and child.status() != "zombie"])


def test_workers_reload_when_their_code_changes(tmp_path: Path, cache_dir: Path, eventually: Any) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "app.py").write_text("def handler(event, context): return 1\n")
    (tmp_path / "template.yaml").write_text(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n"
        "    Properties: {CodeUri: code, Handler: app.handler, Runtime: python3.11}\n"
    )
    said: list[str] = []
    config = StackConfig(
        tmp_path / "template.yaml", tmp_path / "data", port=0, cache_dir=cache_dir, watch=True,
        log_sink=lambda function, line: said.append(f"{function}: {line}"),
    )  # fmt: skip
    with LocalStack(config) as stack:
        assert stack.invoke("F", {}).json() == 1

        def changed() -> bool:
            (code / "app.py").write_text(f"def handler(event, context): return 22  # {len(said)}\n")
            return bool(stack.invoke("F", {}).json() == 22)

        eventually(changed)
        assert any(line.startswith("stack: app.py changed") for line in said)


def test_the_port_answers_as_soon_as_the_stack_is_ready(config: StackConfig) -> None:
    with LocalStack(config) as stack:
        assert httpx.get(f"{stack.http_url}/x").status_code == 200
