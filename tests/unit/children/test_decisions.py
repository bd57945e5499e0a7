"""What children do to the chat that waits for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mozaiks.chats import decisions as chat_decisions
from mozaiks.chats.batches import Batch, Child, Skipped, child_chat_id
from mozaiks.chats.changes import Change
from mozaiks.chats.states import Chat, ChatStatus, Greeting, Join
from mozaiks.children.decisions import child_ended, drop, join, reopen, waits

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BATCH = Batch(3, (Child("c0", "A"), Child("c1", "B")), (Skipped("Nope", "WORKFLOW_NOT_FOUND", "none"),), "Merger")


def parent(batch: Batch | None = BATCH, **fields: Any) -> Chat:
    return Chat(
        **{
            "chat_id": "p",
            "app_id": "acme",
            "user_id": "ann",
            "workflow_name": "P",
            "workflow_version": "v",
            "greeting": Greeting("BackendOnly", "Planner"),
            "cache_seed": 1,
            "created_at": NOW,
            "updated_at": NOW,
            "status": ChatStatus.WAITING,
            "waiting_for": "children",
            "run_no": 2,
            "state": {"last_speaker": "Planner", "speaker": "terminate", "run_no": 2},
            "batch": batch,
            **fields,
        }
    )


def ended(*statuses: str, **fields: Any) -> Batch:
    batch = replace(BATCH, **fields)
    for child, status in zip(batch.children, statuses, strict=True):
        batch = batch.with_end(child.chat_id, status)  # type: ignore[arg-type]
    return batch


def types(change: Change) -> list[str]:
    return [event.type for event in change.events]


def test_the_end_of_a_child_is_noted_and_told() -> None:
    change = child_ended(parent(), "c1", "failed", "WORKFLOW_INVALID")
    (event,) = change.events
    assert (event.data["ended"], event.data["total"], event.data["error"]) == (1, 2, "WORKFLOW_INVALID")
    assert [child.status for child in change.fields["batch"].children] == ["open", "failed"]  # type: ignore[union-attr]


def test_the_end_of_a_child_counts_once() -> None:
    assert child_ended(parent(ended("completed", "open")), "c0", "cancelled") == Change()


def test_a_stranger_is_no_child() -> None:
    assert child_ended(parent(), "somebody", "completed") == Change()


def test_a_parent_that_has_ended_notes_and_tells_nothing() -> None:
    change = child_ended(parent(status=ChatStatus.CANCELLED, waiting_for=None), "c0", "cancelled")
    assert change.events == ()
    assert change.fields


def test_a_parent_goes_on_where_its_manifest_says_with_the_results() -> None:
    change = join(parent(ended("completed", "failed")), 2, [{"n": 1}], NOW)
    assert types(change) == ["chat.workflow_resumed"]
    assert (change.fields["status"], change.fields["waiting_for"]) == (ChatStatus.RUNNING, None)
    state = change.fields["state"]
    assert (state["speaker"], state["results_for"], state["context"]) == (
        "Merger",
        "Merger",
        {"child_results": [{"n": 1}]},
    )


def test_without_a_resume_agent_whoever_would_have_spoken_does() -> None:
    state = join(parent(ended("completed", "completed", resume_agent=None)), 2, [], NOW).fields["state"]
    assert (state["speaker"], state["results_for"]) == ("terminate", "Planner")


@pytest.mark.parametrize(
    "waiting",
    [
        parent(),
        parent(ended("completed", "open")),
        parent(ended("completed", "completed"), run_no=3),
        parent(ended("completed", "completed", state="joined")),
        parent(ended("completed", "completed"), status=ChatStatus.CANCELLED, waiting_for=None),
        parent(None),
    ],
)
def test_nothing_is_joined_too_early_too_late_or_twice(waiting: Chat) -> None:
    assert join(waiting, 2, [], NOW) == Change()


def test_a_parent_that_needs_all_fails_without_one() -> None:
    change = join(parent(ended("completed", "timed_out", on_partial_failure="fail_all")), 2, [], NOW)
    assert types(change) == ["chat.error", "chat.run_complete"]
    assert change.events[0].data["code"] == "CHILDREN_FAILED"
    assert [each["chat_id"] for each in change.events[0].data["details"]["children"]] == ["c1"]


def test_a_parent_that_was_interrupted_goes_on_though_it_needs_all() -> None:
    change = join(parent(ended("completed", "cancelled", on_partial_failure="fail_all", stopping=True)), 2, [], NOW)
    assert change.fields["status"] is ChatStatus.RUNNING


def test_a_retry_begins_those_anew_that_did_not_complete() -> None:
    failed = parent(
        ended("completed", "failed", state="dropped", timeout_seconds=60.0), status=ChatStatus.FAILED, waiting_for=None
    )
    batch = chat_decisions.retry(failed, NOW).fields["batch"]
    assert batch is not None
    assert [(child.chat_id, child.status) for child in batch.children] == [
        ("c0", "completed"),
        (child_chat_id("p", 3, 1, 1), "open"),
    ]
    assert (batch.is_open, batch.attempt) == (True, 1)
    assert batch.deadline is not None
    assert (batch.deadline - NOW).total_seconds() == 60


def test_a_retry_after_the_results_came_begins_no_child() -> None:
    failed = parent(ended("completed", "failed", state="joined"), status=ChatStatus.FAILED, waiting_for=None)
    assert "batch" not in chat_decisions.retry(failed, NOW).fields


def test_a_lost_execution_is_succeeded_once() -> None:
    assert reopen(parent(), 2) == Change({"run_no": 3})
    assert reopen(parent(run_no=3), 2) == Change()


def test_only_a_waiting_chat_can_be_failed_by_its_execution_for_its_children() -> None:
    assert chat_decisions.fail(parent(), 2, NOW, "States.Timeout").fields["status"] is ChatStatus.FAILED
    assert chat_decisions.fail(parent(), 1, NOW, "States.Timeout") == Change()
    assert chat_decisions.fail(parent(waiting_for="input"), 2, NOW, "States.Timeout") == Change()


def test_children_are_dropped_by_a_parent_that_ended_alone() -> None:
    assert drop(parent()) == Change()
    dropped = drop(parent(status=ChatStatus.CANCELLED, waiting_for=None)).fields["batch"]
    assert dropped is not None
    assert not dropped.is_open


def test_a_batch_is_read_back_as_it_was_stored() -> None:
    batch = ended("completed", "failed", timeout_seconds=1.5, deadline=NOW, stopping=True, attempt=2)
    assert Batch.from_json(batch.as_json(), NOW) == batch


def test_a_join_is_never_written_out() -> None:
    assert "secret" not in repr(Join("children", "p", "secret"))


def test_waiting_for_people_is_not_waiting_for_children() -> None:
    assert not waits(parent(waiting_for="input"))
    assert waits(parent(), 2)
