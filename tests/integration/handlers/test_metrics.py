"""What the handlers write for CloudWatch: one line in the log, in the embedded metric format."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mozaiks.metrics import TALLY, Metric
from mozaiks.settings import settings

from .conftest import Call, Read

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_NAMESPACE", "Chats")
    # A level is told again when it has changed: what an earlier test said must not be what is said here.
    TALLY.level(Metric.STUCK_CHATS, -1)
    TALLY.take(0)


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Lines:
    def read() -> list[dict[str, Any]]:
        lines = [line for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
        return [json.loads(line) for line in lines]

    return read


def test_reconcile_tells_each_minute_that_no_chat_is_stuck(call: Call, event: Read, written: Lines) -> None:
    call("reconcile", event("reconcile-schedule"))
    (line,) = written()
    (kind,) = line["_aws"]["CloudWatchMetrics"]
    assert kind["Namespace"] == "Chats"
    assert sorted(kind["Dimensions"][0]) == ["service", "stage"]
    assert (line["service"], line["stage"]) == ("mozaiks", "local")
    assert line["StuckChats"] == [0.0]
    assert line["FailedRepairs"] == [0.0]


def test_nothing_is_written_without_a_namespace(
    call: Call, event: Read, written: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("METRICS_NAMESPACE")
    settings.cache_clear()
    call("reconcile", event("reconcile-schedule"))
    assert written() == []


def test_metrics_are_written_of_an_invocation_that_fails(call: Call, event: Read, written: Lines) -> None:
    TALLY.count(Metric.PUSH_FAILURES, 2)
    with pytest.raises(KeyError):
        call("connect", {"headers": {}})
    (line,) = written()
    assert line["PushFailures"] == [2.0]
