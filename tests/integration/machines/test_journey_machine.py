"""``journey.asl.json``: every branch, every Retry and Catch, and what goes in and out of each task."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .conftest import Play

Journey = Callable[..., Play]
OVER = {"outcome": "over", "chats": []}


def opened(*chats: str) -> dict[str, Any]:
    return {"outcome": "opened", "chats": list(chats)}


def closed(outcome: str) -> dict[str, Any]:
    return {"outcome": outcome}


def two_groups() -> dict[str, list[dict[str, Any]]]:
    return {
        "journey_open_group 0": [opened("a")],
        "journey_open_group 1": [opened("b", "c")],
        "journey_close_group 0": [closed("next")],
        "journey_close_group 1": [closed("next")],
    }


def test_groups_follow_each_other_and_the_end_succeeds(journey: Journey) -> None:
    play = journey(two_groups(), [0, 1])
    play.answer("journey_open_member 0 a")
    play.answer("journey_open_member 1 b")
    play.answer("journey_open_member 1 c")
    assert play.ended()["status"] == "SUCCEEDED"
    assert play.calls[:4] == [
        "journey_open_group 0",
        "journey_open_member 0 a",
        "journey_close_group 0",
        "journey_open_group 1",
    ]
    assert sorted(play.calls[4:6]) == ["journey_open_member 1 b", "journey_open_member 1 c"]
    assert play.calls[6:] == ["journey_close_group 1"]


def test_the_next_group_waits_for_every_member(journey: Journey) -> None:
    play = journey(two_groups(), [1])
    play.answer("journey_open_member 1 b")
    play.asked("journey_open_member 1 c")
    assert "journey_close_group 1" not in play.calls
    play.answer("journey_open_member 1 c")
    assert play.ended()["status"] == "SUCCEEDED"


def test_payloads_carry_ids_only_and_each_member_a_token_of_its_own(journey: Journey) -> None:
    play = journey(two_groups(), [1])
    member, other = play.asked("journey_open_member 1 b"), play.asked("journey_open_member 1 c")
    ids = {"app_id": "acme", "journey_run_id": play.run, "execution_no": 3, "group": 1}
    noted = {"key", "at"}
    assert {key: value for key, value in play.asked("journey_open_group 1").items() if key not in noted} == {
        "action": "journey_open_group",
        **ids,
    }
    assert {key: value for key, value in member.items() if key not in noted | {"token"}} == {
        "action": "journey_open_member",
        **ids,
        "chat_id": "b",
    }
    assert member["token"] != other["token"]
    for key in ("journey_open_member 1 b", "journey_open_member 1 c"):
        play.answer(key)
    play.ended()


def test_a_group_without_a_chat_to_wait_for_is_closed_at_once(journey: Journey) -> None:
    script = {"journey_open_group 0": [opened()], "journey_close_group 0": [closed("blocked")]}
    play = journey(script, [0])
    assert play.ended()["status"] == "FAILED"
    assert play.calls == ["journey_open_group 0", "journey_close_group 0"]


def test_a_blocked_group_fails_the_execution_and_opens_no_other(journey: Journey) -> None:
    play = journey({**two_groups(), "journey_close_group 0": [closed("blocked")]}, [0, 1])
    play.answer("journey_open_member 0 a", "failed")
    ended = play.ended()
    assert (ended["status"], ended["error"]) == ("FAILED", "JourneyBlocked")
    assert "journey_open_group 1" not in play.calls


def test_a_group_taken_up_again_is_opened_once_more(journey: Journey) -> None:
    script = {
        "journey_open_group 0": [opened("a", "b"), opened("a")],
        "journey_close_group 0": [closed("again"), closed("next")],
    }
    play = journey(script, [0])
    play.answer("journey_open_member 0 a", "failed")
    play.answer("journey_open_member 0 b")
    play.answer("journey_open_member 0 a", times=2)
    assert play.ended()["status"] == "SUCCEEDED"
    assert play.calls.count("journey_open_member 0 b") == 1


def test_a_group_that_is_not_to_be_opened_ends_the_execution_in_peace(journey: Journey) -> None:
    play = journey({**two_groups(), "journey_open_group 0": [OVER]}, [0, 1])
    assert play.ended()["status"] == "SUCCEEDED"
    assert play.calls == ["journey_open_group 0"]


def test_a_journey_that_was_cancelled_meanwhile_ends_the_execution_in_peace(journey: Journey) -> None:
    play = journey({**two_groups(), "journey_close_group 0": [closed("over")]}, [0, 1])
    play.answer("journey_open_member 0 a", "cancelled")
    assert play.ended()["status"] == "SUCCEEDED"
    assert play.calls[-1] == "journey_close_group 0"


def test_an_outcome_nobody_knows_ends_the_execution_in_peace(journey: Journey) -> None:
    play = journey({**two_groups(), "journey_close_group 0": [closed("surprise")]}, [0, 1])
    play.answer("journey_open_member 0 a")
    assert play.ended()["status"] == "SUCCEEDED"
    assert "journey_open_group 1" not in play.calls


def test_every_task_is_tried_again(journey: Journey) -> None:
    failing = {"raise": "not yet"}
    script = {
        "journey_open_group 0": [failing, opened("a")],
        "journey_open_member 0 a": [failing, failing, {}],
        "journey_close_group 0": [failing, closed("next")],
    }
    play = journey(script, [0])
    play.answer("journey_open_member 0 a", times=3)
    assert play.ended()["status"] == "SUCCEEDED"
    assert [play.calls.count(key) for key in script] == [2, 3, 2]


def test_a_function_that_runs_out_of_time_is_tried_again(journey: Journey) -> None:
    script = {**two_groups(), "journey_open_group 0": [{"sleep": 5}, opened("a")]}
    play = journey(script, [0])
    play.answer("journey_open_member 0 a")
    assert play.ended()["status"] == "SUCCEEDED"
    assert play.calls.count("journey_open_group 0") == 2


def test_a_task_that_never_works_fails_the_execution(journey: Journey) -> None:
    play = journey({**two_groups(), "journey_open_group 0": [{"raise": "never"}]}, [0, 1])
    ended = play.ended()
    assert (ended["status"], ended["error"]) == ("FAILED", "RuntimeError")
    assert play.calls == ["journey_open_group 0"] * 9


def test_what_a_task_answers_does_not_pile_up(journey: Journey) -> None:
    play = journey(two_groups(), [0])
    play.answer("journey_open_member 0 a")
    output = json.loads(play.ended()["output"])
    assert output == {
        "app_id": "acme",
        "journey_run_id": play.run,
        "execution_no": 3,
        "groups": [0],
        "closed": [{}],
    }
