"""``run.asl.json``: every branch, every Retry and Catch, time-outs, and what goes in and out of each task."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Play

Run = Callable[..., Play]
FAILING = {"raise": "not yet"}


def outcome(name: str, wait_seconds: int = 0) -> dict[str, Any]:
    return {"outcome": name, "wait_seconds": wait_seconds}


def listed(*children: str, seconds: int = 99_999_999) -> dict[str, Any]:
    return {"children": list(children), "seconds": seconds}


def family(*children: str, **more: Any) -> dict[str, list[dict[str, Any]]]:
    """A chat that asks for children in its first slice and is done in its second."""
    return {
        "slice": [outcome("children"), outcome("completed")],
        "children": [listed(*children)],
        "join": [outcome("continue")],
        **more,
    }


@pytest.mark.parametrize("end", ["waiting", "completed", "cancelled", "surprise"])
def test_a_slice_that_ends_the_run_ends_the_execution_in_peace(run: Run, end: str) -> None:
    play = run({"slice": [outcome(end)]})
    assert play.ended()["status"] == "SUCCEEDED"
    assert play.calls == ["slice"]


def test_a_failed_chat_fails_the_execution(run: Run) -> None:
    ended = (play := run({"slice": [outcome("failed")]})).ended()
    assert (ended["status"], ended["error"]) == ("FAILED", "RunFailed")
    assert play.calls == ["slice"]


def test_slices_follow_each_other(run: Run) -> None:
    play = run({"slice": [outcome("continue"), outcome("backoff", 1), outcome("waiting")]})
    assert play.ended()["status"] == "SUCCEEDED"
    assert play.calls == ["slice"] * 3


def test_a_slice_is_tried_again(run: Run) -> None:
    play = run({"slice": [FAILING, {"sleep": 5}, outcome("waiting")]})
    assert play.ended()["status"] == "SUCCEEDED"
    assert play.calls == ["slice"] * 3


def test_a_slice_that_never_works_has_the_chat_marked_as_failed(run: Run) -> None:
    play = run({"slice": [FAILING], "fail": [FAILING, outcome("failed")]})
    ended = play.ended()
    assert (ended["status"], ended["error"]) == ("FAILED", "RunFailed")
    assert play.calls == ["slice"] * 9 + ["fail"] * 2
    assert play.asked("fail")["error"] == "RuntimeError"


def test_a_mark_that_never_works_fails_the_execution(run: Run) -> None:
    play = run({"slice": [FAILING], "fail": [FAILING]})
    assert play.ended()["status"] == "FAILED"
    assert play.calls.count("fail") == 7


def test_children_run_at_once_and_the_next_slice_comes_after_all(run: Run) -> None:
    play = run(family("a", "b", "c"))
    for child in ("a", "b", "c"):
        play.asked(f"open_child {child}")
    assert "join" not in play.calls
    for child in ("c", "a", "b"):
        play.answer(f"open_child {child}")
    assert play.ended()["status"] == "SUCCEEDED"
    assert play.calls[:2] == ["slice", "children"]
    assert play.calls[-2:] == ["join", "slice"]


def test_payloads_carry_ids_only_and_each_child_a_token_of_its_own(run: Run) -> None:
    play = run(family("a", "b"))
    one, two = play.asked("open_child a"), play.asked("open_child b")
    ids = {"app_id": "acme", "chat_id": play.run, "run_no": 7}
    told = {key: value for key, value in one.items() if key not in ("key", "at", "token")}
    assert told == {"action": "open_child", **ids, "child_id": "a"}
    assert one["token"] != two["token"]
    for child in ("a", "b"):
        play.answer(f"open_child {child}")
    output = json.loads(play.ended()["output"])
    assert output == {**ids, "slice": outcome("completed"), "batch": listed("a", "b")}


def test_a_chat_without_children_to_wait_for_is_joined_at_once(run: Run) -> None:
    play = run(family())
    assert play.ended()["status"] == "SUCCEEDED"
    assert play.calls == ["slice", "children", "join", "slice"]


def test_a_task_answered_before_its_function_returned_counts(run: Run) -> None:
    play = run(family("a", **{"open_child a": [{"sleep": 1}]}))
    play.answer("open_child a")
    assert play.ended()["status"] == "SUCCEEDED"


def test_children_that_are_still_to_come_are_waited_for(run: Run) -> None:
    script = {**family(), "children": [listed("a"), listed("b")], "join": [outcome("children"), outcome("continue")]}
    play = run(script)
    play.answer("open_child a")
    play.answer("open_child b")
    assert play.ended()["status"] == "SUCCEEDED"
    assert play.calls.count("join") == 2


@pytest.mark.parametrize(
    ("end", "status"), [("cancelled", "SUCCEEDED"), ("waiting", "SUCCEEDED"), ("failed", "FAILED")]
)
def test_a_join_may_end_the_execution(run: Run, end: str, status: str) -> None:
    play = run({**family("a"), "join": [outcome(end)]})
    play.answer("open_child a", "cancelled")
    assert play.ended()["status"] == status
    assert play.calls.count("slice") == 1


def test_a_child_past_its_time_is_told_of_and_the_others_are_waited_for(run: Run) -> None:
    play = run({**family(), "children": [listed("a", "b", seconds=2)], "child_late b": [FAILING, {}]})
    play.answer("open_child a")
    assert play.ended()["status"] == "SUCCEEDED"
    assert play.calls.count("child_late b") == 2
    assert "child_late a" not in play.calls


def test_a_child_that_cannot_be_opened_is_told_of(run: Run) -> None:
    play = run({**family("a", "b"), "open_child a": [FAILING], "child_lost a": [FAILING, {}]})
    play.answer("open_child b")
    assert play.ended()["status"] == "SUCCEEDED"
    assert play.calls.count("open_child a") == 9
    assert play.calls.count("child_lost a") == 2


def test_opening_a_child_is_tried_again(run: Run) -> None:
    play = run(family("a", **{"open_child a": [FAILING, {}]}))
    play.answer("open_child a", times=2)
    assert play.ended()["status"] == "SUCCEEDED"
    assert play.calls.count("open_child a") == 2


@pytest.mark.parametrize("step", ["children", "join"])
def test_the_steps_around_children_are_tried_again(run: Run, step: str) -> None:
    script = family("a")
    play = run({**script, step: [FAILING, *script[step]]})
    play.answer("open_child a")
    assert play.ended()["status"] == "SUCCEEDED"
    assert play.calls.count(step) == 2


@pytest.mark.parametrize("step", ["children", "join", "child_late a", "child_lost a"])
def test_a_step_that_never_works_has_the_chat_marked_as_failed(run: Run, step: str) -> None:
    script = {**family("a"), step: [FAILING]}
    if step == "child_late a":
        script["children"] = [listed("a", seconds=1)]
    if step == "child_lost a":
        script["open_child a"] = [FAILING]
    play = run(script)
    if step == "join":
        play.answer("open_child a")
    ended = play.ended()
    assert (ended["status"], ended["error"]) == ("FAILED", "RunFailed")
    assert play.calls[-1] == "fail"
