"""``orchestrate`` and ``reconcile``: what Step Functions and the schedule call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from mozaiks.access.principal import Tenant
from mozaiks.bootstrap import Parts
from mozaiks.errors import MozaiksError
from mozaiks_local.demo_model import DemoModel

from .aws import Aws
from .conftest import ANN, CONNECTION, Call, Read

Start = Callable[..., str]
Log = Callable[[str], list[str]]


@pytest.fixture
def environment(environment: dict[str, str], demo: DemoModel, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("DEMO_MODEL_URL", demo.url)
    return environment


def test_a_slice_runs_the_agent_and_streams_to_the_connection(
    call: Call, event: Read, start: Start, aws: Aws, log: Log, parts: Parts
) -> None:
    chat_id = start()
    call("connect", event("socket-connect", chat_id=chat_id))
    call("message", event("message-greet"))
    outcome = call("orchestrate", event("orchestrate-slice", chat_id=chat_id))
    assert outcome == {"outcome": "waiting", "wait_seconds": 0}
    assert parts.service.get(ANN, chat_id).waiting_for == "input"

    frames = aws.frames[CONNECTION]
    deltas = "".join(frame["data"]["content"] for frame in frames if frame["type"] == "chat.print")
    (text,) = (frame["data"] for frame in frames if frame["type"] == "chat.text" and frame["data"]["agent"])
    assert deltas == text["content"] != ""
    assert [frame["seq"] for frame in frames if "seq" in frame] == list(range(1, len(log(chat_id)) + 1))


def test_a_slice_of_a_run_that_is_over_does_nothing(call: Call, event: Read, start: Start, log: Log) -> None:
    chat_id = start()
    outcome = call("orchestrate", event("orchestrate-slice", chat_id=chat_id))
    assert outcome["outcome"] not in ("continue", "backoff", "failed")
    assert log(chat_id) == []


def test_a_run_that_gave_up_is_marked_as_failed_once(
    call: Call, event: Read, start: Start, log: Log, parts: Parts
) -> None:
    chat_id = start()
    parts.service.begin(ANN, chat_id)
    for _ in range(2):
        call("orchestrate", event("orchestrate-fail", chat_id=chat_id))
    assert parts.service.get(ANN, chat_id).status == "failed"
    assert log(chat_id)[-2:] == ["chat.error", "chat.run_complete"]
    assert log(chat_id).count("chat.error") == 1


def test_an_unknown_action_is_refused(call: Call, event: Read) -> None:
    with pytest.raises(MozaiksError, match="'fly' is not known"):
        call("orchestrate", {**event("orchestrate-slice"), "action": "fly"})


def test_a_lost_start_is_started_again(call: Call, event: Read, start: Start, aws: Aws, parts: Parts) -> None:
    chat_id = start()
    aws.step_functions_down = True
    with pytest.raises(MozaiksError, match="could not be started"):
        parts.service.begin(ANN, chat_id)
    aws.step_functions_down = False
    assert call("reconcile", event("reconcile-schedule"))["lost_starts"] == 0, "too young to count as lost"
    long_ago = parts.service.clock() - timedelta(minutes=2)
    parts.database["chat_sessions"].update_one({"_id": chat_id}, {"$set": {"run_claimed_at": long_ago}})

    assert call("reconcile", event("reconcile-schedule"))["lost_starts"] == 1
    assert list(aws.executions) == [f"{chat_id}-r1"]
    assert parts.chats.get(Tenant("acme"), chat_id).status == "running"
