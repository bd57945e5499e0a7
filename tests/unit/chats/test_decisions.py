"""What each command does to a chat in each state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mozaiks.chats import answering, decisions
from mozaiks.chats.changes import Change
from mozaiks.chats.decisions import IDLE_GRACE, LEASE_GRACE, START_GRACE
from mozaiks.chats.states import FINAL, Chat, ChatStatus, Lease
from mozaiks.errors import MozaiksError

from .chats import NOW, approval, chat, form, question, submit
from .chats import waiting as waiting_for


def waiting(*requests: str) -> Chat:
    return waiting_for(*map(question, requests))


def test_an_agent_driven_chat_begins_with_its_hidden_message() -> None:
    change = decisions.begin(chat(), NOW)
    assert change.fields["status"] is ChatStatus.RUNNING
    assert change.fields["run_no"] == 1
    (event,) = change.events
    assert (event.concealed, event.data["content"], change.says) == (True, "begin", 0)


@pytest.mark.parametrize("status", [status for status in ChatStatus if status is not ChatStatus.CREATED])
def test_a_chat_that_has_begun_does_not_begin_again(status: ChatStatus) -> None:
    change = decisions.begin(chat(status), NOW)
    assert (dict(change.fields), change.events) == ({}, ())


def test_a_user_driven_chat_opens_with_its_greeting_and_waits() -> None:
    change = decisions.opening(chat(mode="UserDriven"), NOW, None)
    assert change.fields["status"] is ChatStatus.WAITING
    assert [event.type for event in change.events] == ["chat.text", "chat.input_request"]


def test_a_user_driven_chat_opened_with_a_message_runs_at_once_and_keeps_its_greeting() -> None:
    change = decisions.opening(chat(mode="UserDriven"), NOW, "hello")
    assert change.fields["status"] is ChatStatus.RUNNING
    assert "pending" not in change.fields
    assert [event.data["content"] for event in change.events] == ["Welcome", "hello"]
    assert change.says == 1


def test_a_backend_only_chat_runs_without_anybody_connecting() -> None:
    assert decisions.opening(chat(mode="BackendOnly"), NOW, None).fields["status"] is ChatStatus.RUNNING


def test_a_plain_message_answers_the_only_open_request() -> None:
    change = answering.submit_input(waiting("r1"), submit(), "m1", NOW)
    assert change.fields["status"] is ChatStatus.RUNNING
    assert change.fields["run_no"] == 4
    assert change.fields["pending"] == ()
    assert [event.type for event in change.events] == ["chat.input_ack", "chat.text"]
    assert change.says == 1


def test_with_several_open_requests_the_named_one_is_answered_and_the_others_stay() -> None:
    change = answering.submit_input(waiting("r1", "r2"), submit(request_id="r2"), "m1", NOW)
    assert [each["request_id"] for each in change.fields["pending"]] == ["r1"]
    assert "status" not in change.fields, "it still waits"


def test_an_answer_to_a_request_that_is_not_open_is_refused() -> None:
    with pytest.raises(MozaiksError) as caught:
        answering.submit_input(waiting("r1"), submit(request_id="r9"), "m1", NOW)
    assert caught.value.code == "REQUEST_NOT_OPEN"


def test_a_message_during_a_run_is_queued_and_starts_no_other_run() -> None:
    change = answering.submit_input(chat(ChatStatus.RUNNING, run_no=2), submit(), "m1", NOW)
    assert "status" not in change.fields
    assert "run_no" not in change.fields
    assert change.command is not None
    assert change.command.answer["queued"] is True


def test_a_client_may_ask_for_a_refusal_during_a_run() -> None:
    with pytest.raises(MozaiksError) as caught:
        answering.submit_input(chat(ChatStatus.RUNNING, run_no=2), submit(on_busy="reject"), "m1", NOW)
    assert caught.value.code == "CHAT_BUSY"
    assert caught.value.retryable


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_chat_that_ended_takes_no_message(status: ChatStatus) -> None:
    with pytest.raises(MozaiksError) as caught:
        answering.submit_input(chat(status), submit(), "m1", NOW)
    assert caught.value.code == "CHAT_ENDED"


def test_a_backend_only_chat_takes_no_message() -> None:
    with pytest.raises(MozaiksError) as caught:
        answering.submit_input(chat(ChatStatus.RUNNING, mode="BackendOnly"), submit(), "m1", NOW)
    assert caught.value.code == "NO_USER_INPUT"


def test_cancelling_a_waiting_chat_ends_it_at_once() -> None:
    change = decisions.cancel(waiting("r1"), NOW)
    assert change.fields["status"] is ChatStatus.CANCELLED
    assert [event.type for event in change.events] == ["chat.run_complete"]


def test_cancelling_puts_the_components_away_that_nobody_will_answer() -> None:
    change = decisions.cancel(waiting_for(question(), form(), approval()), NOW)
    assert [event.type for event in change.events] == ["chat.ui_tool_dismiss"] * 2 + ["chat.run_complete"]
    assert change.fields["pending"] == ()


def test_cancelling_a_running_chat_leaves_its_end_to_the_worker() -> None:
    change = decisions.cancel(chat(ChatStatus.RUNNING, run_no=1), NOW)
    assert dict(change.fields) == {"cancel_requested": True}


@pytest.mark.parametrize("status", sorted(FINAL))
def test_cancelling_an_ended_chat_changes_nothing(status: ChatStatus) -> None:
    assert decisions.cancel(chat(status), NOW).events == ()


def test_a_run_that_was_given_up_ends_as_failed_with_an_error() -> None:
    change = decisions.fail(chat(ChatStatus.RUNNING, run_no=2), 2, NOW, "States.Timeout")
    assert change.fields["status"] is ChatStatus.FAILED
    assert [event.type for event in change.events] == ["chat.error", "chat.run_complete"]


@pytest.mark.parametrize(
    "other", [chat(ChatStatus.RUNNING, run_no=3), chat(ChatStatus.COMPLETED, run_no=2), replace(waiting("r"), run_no=2)]
)
def test_a_late_report_of_failure_does_not_touch_another_run_or_an_ended_one(other: Chat) -> None:
    assert decisions.fail(other, 2, NOW, "late").events == ()


# --- another try ---


@pytest.mark.parametrize("status", [ChatStatus.FAILED, ChatStatus.TIMED_OUT])
def test_a_failed_chat_is_handed_to_its_next_run(status: ChatStatus) -> None:
    change = decisions.retry(chat(status, run_no=3, cancel_requested=True), NOW)
    assert (change.fields["status"], change.fields["run_no"]) == (ChatStatus.RUNNING, 4)
    assert (change.fields["run_started"], change.fields["cancel_requested"]) == (False, False)


@pytest.mark.parametrize(
    "status", [status for status in ChatStatus if status not in (ChatStatus.FAILED, ChatStatus.TIMED_OUT)]
)
def test_what_did_not_fail_is_not_tried_again(status: ChatStatus) -> None:
    with pytest.raises(MozaiksError) as caught:
        decisions.retry(chat(status, run_no=3), NOW)
    assert caught.value.code == "NOT_RETRYABLE"


# --- runs that nobody works on ---

LITTLE = timedelta(seconds=1)


def running(**fields: object) -> Chat:
    return chat(ChatStatus.RUNNING, **{"run_no": 2, "run_started": True, "run_claimed_at": NOW, **fields})


DEAD = {
    "worker died": running(lease=Lease("t", NOW - LEASE_GRACE - LITTLE)),
    "execution died between two slices": running(lease_left_at=NOW - IDLE_GRACE - LITTLE),
    "stored before the time was noted": running(updated_at=NOW - IDLE_GRACE - LITTLE),
    "execution died before its first slice": running(run_started=False, run_claimed_at=NOW - START_GRACE - LITTLE),
}
ALIVE = {
    "at work": running(lease=Lease("t", NOW + LITTLE)),
    "lease just ran out": running(lease=Lease("t", NOW - LEASE_GRACE)),
    "between two slices": running(lease_left_at=NOW - IDLE_GRACE, updated_at=NOW - timedelta(days=1)),
    "just claimed": running(run_started=False, run_claimed_at=NOW - START_GRACE),
}


@pytest.mark.parametrize("case", DEAD)
def test_a_run_that_nobody_works_on_goes_to_a_new_execution(case: str) -> None:
    change = decisions.take_over(DEAD[case], 2, NOW)
    assert (change.fields["run_no"], change.fields["run_started"], change.fields["lease"]) == (3, False, None)
    assert change.events == ()


@pytest.mark.parametrize("case", ALIVE)
def test_a_run_that_shows_signs_of_life_is_left_alone(case: str) -> None:
    assert decisions.take_over(ALIVE[case], 2, NOW) == Change()


@pytest.mark.parametrize("case", DEAD)
def test_a_run_is_taken_over_once(case: str) -> None:
    taken = replace(DEAD[case], **decisions.take_over(DEAD[case], 2, NOW).fields)
    assert decisions.take_over(taken, 2, NOW) == Change()
    assert decisions.take_over(taken, 3, NOW) == Change()


def test_a_dead_run_that_was_to_be_cancelled_is() -> None:
    dead = replace(DEAD["worker died"], cancel_requested=True, pending=(form(),))
    change = decisions.take_over(dead, 2, NOW)
    assert change.fields["status"] is ChatStatus.CANCELLED
    assert [event.type for event in change.events] == ["chat.ui_tool_dismiss", "chat.run_complete"]
