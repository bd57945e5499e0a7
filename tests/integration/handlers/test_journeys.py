"""The tasks of a journey's execution, through the handler that Step Functions calls."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mozaiks.bootstrap import Parts
from mozaiks.chats.states import ChatStatus
from mozaiks.errors import MozaiksError
from mozaiks.journeys.states import Journey, planned

from .aws import Aws
from .conftest import ANN, CHAT, Call, Read


@pytest.fixture
def environment(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:journeys"
    monkeypatch.setenv("JOURNEY_STATE_MACHINE_ARN", machine)
    return environment


@pytest.fixture
def run(parts: Parts) -> Journey:
    """The run that the events are about."""
    now = parts.service.clock()
    members = planned(CHAT, [["ValueEngine"], ["DesignDocs", "BrandKit"]], None, now)
    return parts.journeys.journeys.create(
        Journey(CHAT, ANN.app_id, ANN.user_id, "build", members, now, now, owed_since=now)
    )


def test_a_group_is_opened_waited_for_and_closed(
    call: Call, event: Read, parts: Parts, run: Journey, aws: Aws, log: Callable[[str], list[str]]
) -> None:
    chat_id = run.members[0].chat_id
    opened = call("orchestrate", event("orchestrate-journey-open-group"))
    assert opened == {"outcome": "opened", "chats": [chat_id]}
    assert call("orchestrate", event("orchestrate-journey-open-member")) == {}
    assert call("orchestrate", event("orchestrate-journey-close-group")) == {"outcome": "again"}
    parts.service.cancel(ANN, chat_id)
    token = event("orchestrate-journey-open-member")["token"]
    assert aws.answers == [(token, {"outcome": "cancelled", "chat_id": chat_id})]
    assert call("orchestrate", event("orchestrate-journey-close-group")) == {"outcome": "blocked"}
    assert log(chat_id)[0] == "chat.journey_progress"
    assert parts.service.get(ANN, chat_id).status is ChatStatus.CANCELLED


def test_a_run_that_is_not_there_is_an_error_of_the_task(call: Call, event: Read) -> None:
    with pytest.raises(MozaiksError) as missing:
        call("orchestrate", event("orchestrate-journey-open-group"))
    assert missing.value.code == "JOURNEY_NOT_FOUND"


def test_reconcile_counts_journeys_beside_chats(call: Call, event: Read, parts: Parts, run: Journey) -> None:
    before = {"owed_since": run.created_at.replace(year=2020)}
    parts.database["journeys"].update_one({"_id": run.journey_run_id}, {"$set": before})
    repaired = call("reconcile", event("reconcile-schedule"))
    assert (repaired["lost_journeys"], repaired["half_stopped_journeys"], repaired["failed"]) == (1, 0, 0)
    assert call("reconcile", event("reconcile-schedule"))["lost_journeys"] == 0
