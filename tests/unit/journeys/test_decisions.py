"""Journeys as data: whatever happens in whatever order, groups keep theirs and one execution drives."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mozaiks.errors import MozaiksError
from mozaiks.journeys import decisions
from mozaiks.journeys.states import Journey, JourneyStatus, MemberStatus, member_chat_id, planned, progress

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENDS = [MemberStatus.COMPLETED, MemberStatus.FAILED, MemberStatus.CANCELLED, MemberStatus.TIMED_OUT]
GROUPS = [["A"], ["B", "C"], ["D"]]


def fresh() -> Journey:
    return Journey("run", "acme", "ann", "trip", planned("run", GROUPS, None, NOW), NOW, NOW, owed_since=NOW)


def end(journey: Journey, place: int, status: MemberStatus) -> Journey:
    """What the end of a member's chat does: nothing, if it is not open."""
    member = journey.members[place]
    if member.status is not MemberStatus.OPEN:
        return journey
    members = (*journey.members[:place], decisions.ended_member(member, status, NOW), *journey.members[place + 1 :])
    return decisions.owe(replace(journey, members=members), NOW)


steps = st.one_of(
    st.tuples(st.just("open"), st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.just("close"), st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.just("end"), st.integers(0, 3), st.sampled_from(ENDS)),
    st.tuples(st.just("retry"), st.just(0), st.just(0)),
    st.tuples(st.just("lost"), st.just(0), st.just(0)),
    st.tuples(st.just("cancel"), st.integers(0, 7), st.just(0)),
)


def after(journey: Journey, step: tuple[str, int, object]) -> Journey:
    """The run after a step; executions are the current one or one of the two before it."""
    name, number, more = step
    match name:
        case "open":
            return decisions.open_group(journey, journey.execution_no - int(str(more)), number, NOW)
        case "close":
            return decisions.close_group(journey, journey.execution_no - int(str(more)), number, NOW)[0]
        case "end":
            assert isinstance(more, MemberStatus)
            return end(journey, number, more)
        case "retry":
            try:
                return decisions.retry(journey, {member.chat_id: 1 for member in journey.members}, NOW)
            except MozaiksError:
                return journey
        case "lost":
            return decisions.take_over(journey, NOW + timedelta(minutes=2))
        case _:
            return decisions.cancel(journey, NOW) if number == 7 else journey


@given(st.lists(steps, max_size=40))
def test_whatever_happens_groups_keep_their_order_and_states_are_true(walk: list[tuple[str, int, object]]) -> None:
    journey = fresh()
    for step in walk:
        before, journey = journey, after(journey, step)
        assert journey.execution_no >= before.execution_no
        assert journey.group >= before.group
        for number in range(journey.groups):
            statuses = {member.status for member in journey.members_of(number)}
            if number < journey.group:
                assert statuses == {MemberStatus.COMPLETED}
            if number > journey.group:
                assert statuses == {MemberStatus.PENDING}
        if journey.status is JourneyStatus.COMPLETED:
            assert {member.status for member in journey.members} == {MemberStatus.COMPLETED}
        if journey.status is JourneyStatus.BLOCKED:
            assert decisions.group_rests(journey)
            assert not decisions.drives(journey, journey.execution_no)
        if before.status is JourneyStatus.BLOCKED and journey.status is JourneyStatus.RUNNING:
            assert journey.execution_no == before.execution_no + 1
        told = progress(journey)
        assert told["completed"] <= told["total"] == 4
        assert all((each["chat_id"] is None) == (each["status"] == "pending") for each in told["members"])


def test_a_group_that_rests_without_its_execution_is_owed_a_step() -> None:
    journey = decisions.open_group(fresh(), 1, 0, NOW)
    assert journey.owed_since is None
    assert end(journey, 0, MemberStatus.COMPLETED).owed_since == NOW


def test_an_execution_counts_as_lost_after_its_grace_and_not_before() -> None:
    journey = fresh()
    assert decisions.take_over(journey, NOW + decisions.OWED_GRACE) == journey
    taken = decisions.take_over(journey, NOW + decisions.OWED_GRACE + timedelta(seconds=1))
    assert (taken.execution_no, taken.execution_from, taken.execution_started) == (2, 0, False)


def test_the_names_of_executions_and_runs_fit_where_they_must() -> None:
    chat_id = member_chat_id("f" * 32, 99, 39, attempt=99)
    assert len(chat_id) <= 64
    assert len(f"{chat_id}-r99999") <= 80


def test_a_retry_of_one_leaves_the_others_as_they_are() -> None:
    journey = decisions.open_group(replace(fresh(), group=1), 1, 1, NOW)
    journey = end(end(journey, 1, MemberStatus.FAILED), 2, MemberStatus.TIMED_OUT)
    again = decisions.retry(journey, {"run-g1m0": 1, "run-g1m1": 4}, NOW, only="run-g1m1")
    assert again.members[1] == journey.members[1]
    assert (again.members[2].status, again.members[2].retry_of) == (MemberStatus.OPEN, 4)


def test_a_run_that_has_ended_is_neither_tried_again_nor_taken_over() -> None:
    over = decisions.cancel(fresh(), NOW)
    with pytest.raises(MozaiksError, match="cancelled"):
        decisions.retry(over, {}, NOW)
    assert decisions.reopen(over, NOW) == over
    assert decisions.take_over(over, NOW + timedelta(hours=1)) == over
