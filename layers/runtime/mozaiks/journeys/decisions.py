"""What each step does to a journey's run in each state. Pure: takes a run, returns it as it is after the step.

A run that a step changes nothing of is returned as it is. One execution drives a run at a time: whoever acts for one
brings its number, and a number that is not the run's own belongs to an execution that was given up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Literal

from mozaiks.errors import MozaiksError
from mozaiks.journeys.states import Journey, JourneyStatus, Member, MemberStatus, member_chat_id

__all__ = [
    "OWED_GRACE",
    "Closed",
    "cancel",
    "close_group",
    "correct",
    "drives",
    "ended_member",
    "group_rests",
    "member_not_opened",
    "open_group",
    "owe",
    "reopen",
    "retry",
    "stopped",
    "take_over",
    "unblock",
]

OWED_GRACE: Final = timedelta(seconds=60)
"""So long a step of the execution may be due; then the execution counts as lost. It takes seconds, if it lives."""

Closed = Literal["next", "again", "blocked", "over"]
"""What follows for an execution: the next group, the same one once more, or nothing."""


def drives(journey: Journey, execution_no: int) -> bool:
    """Whether this execution may still act for the run."""
    return journey.status is JourneyStatus.RUNNING and journey.execution_no == execution_no


def open_group(journey: Journey, execution_no: int, group: int, now: datetime) -> Journey:
    """Let the chats of the group be there. Nothing, where the group is not the one that is due."""
    if not drives(journey, execution_no) or journey.group != group:
        return journey
    members = tuple(
        replace(member, status=MemberStatus.OPEN, opened_at=now)
        if member.group == group and member.status is MemberStatus.PENDING
        else member
        for member in journey.members
    )
    return replace(journey, members=members, execution_started=True, owed_since=None)


def ended_member(member: Member, status: MemberStatus, now: datetime) -> Member:
    """A member whose chat has ended."""
    return replace(member, status=status, ended_at=now, retry_of=None, error=None)


def correct(journey: Journey, chat_id: str, status: MemberStatus, now: datetime) -> Journey:
    """Another end of a chat than the one that is noted."""
    members = tuple(
        ended_member(member, status, now) if member.chat_id == chat_id and member.status is not status else member
        for member in journey.members
    )
    return replace(journey, members=members)


def member_not_opened(member: Member, code: str, now: datetime) -> Member:
    """A member whose chat could not be opened: its workflow is broken, or waits for something outside the journey."""
    return replace(member, status=MemberStatus.FAILED, opened_at=None, ended_at=now, error=code)


def group_rests(journey: Journey) -> bool:
    """Whether every member of the group that is open has ended, so that the next step is the execution's."""
    return all(member.status.ended for member in journey.members_of(journey.group))


def owe(journey: Journey, now: datetime) -> Journey:
    """Note that a step of the execution is due, if one is and it is not noted."""
    if journey.status is not JourneyStatus.RUNNING or journey.owed_since is not None or not group_rests(journey):
        return journey
    return replace(journey, owed_since=now)


def close_group(journey: Journey, execution_no: int, group: int, now: datetime) -> tuple[Journey, Closed]:
    """Go on to the next group where all of this one have completed; block where one has ended otherwise.

    A group blocks when all its members have ended, not before: nothing is waited for then, so that a blocked run has no
    execution, and a running one has exactly one.
    """
    if journey.execution_no != execution_no:
        return journey, "over"
    if journey.group > group:
        # A repeated call, after the first one's answer was lost.
        return journey, "next"
    if journey.status is JourneyStatus.BLOCKED:
        return journey, "blocked"
    if journey.status is not JourneyStatus.RUNNING:
        return journey, "over"
    members = journey.members_of(group)
    if not all(member.status.ended for member in members):
        return journey, "again"
    if any(member.status is not MemberStatus.COMPLETED for member in members):
        return replace(journey, status=JourneyStatus.BLOCKED, owed_since=None), "blocked"
    following = group + 1
    if following < journey.groups:
        return replace(journey, group=following, owed_since=now), "next"
    done = replace(journey, group=following, status=JourneyStatus.COMPLETED, owed_since=None, ended_at=now)
    return done, "next"


def retry(journey: Journey, run_numbers: Mapping[str, int], now: datetime, only: str | None = None) -> Journey:
    """Take up again the members of the open group that did not complete, and no others.

    A chat that failed or timed out goes on from its last safe point; in the place of one that was cancelled, or that
    could not be opened, another is opened.

    Parameters
    ----------
    run_numbers
        By chat, the number of its last run.
    only
        The one chat to take up again; ``None``: all that can be.

    Raises
    ------
    MozaiksError
        ``NOT_RETRYABLE`` if there is none.
    """
    again = {
        member.chat_id
        for member in journey.members_of(journey.group)
        if member.status.ended and member.status is not MemberStatus.COMPLETED and only in (None, member.chat_id)
    }
    if journey.ended or not again:
        raise MozaiksError(
            "NOT_RETRYABLE",
            f"the journey is {journey.status}, with no member that failed; expected one that failed, timed out or was "
            "cancelled",
            status=journey.status.value,
        )
    places = {member.chat_id: place for place, member in enumerate(journey.members_of(journey.group))}
    members = tuple(
        _again(journey, member, places[member.chat_id], run_numbers.get(member.chat_id), now)
        if member.chat_id in again
        else member
        for member in journey.members
    )
    changed = replace(journey, members=members)
    return reopen(changed, now) if journey.status is JourneyStatus.BLOCKED else replace(changed, owed_since=None)


def _again(journey: Journey, member: Member, place: int, run_no: int | None, now: datetime) -> Member:
    if member.status in (MemberStatus.FAILED, MemberStatus.TIMED_OUT) and run_no is not None:
        return replace(member, status=MemberStatus.OPEN, ended_at=None, retry_of=run_no, begins="open")
    attempt = member.attempt + 1
    return Member(
        group=member.group,
        workflow_name=member.workflow_name,
        chat_id=member_chat_id(journey.journey_run_id, member.group, place, attempt),
        status=MemberStatus.OPEN,
        attempt=attempt,
        opened_at=now,
    )


def reopen(journey: Journey, now: datetime) -> Journey:
    """Hand the run to a new execution, which begins with the group that is open. Nothing, where the run has ended."""
    if journey.ended:
        return journey
    return replace(
        journey,
        status=JourneyStatus.RUNNING,
        execution_no=journey.execution_no + 1,
        execution_from=journey.group,
        execution_started=False,
        owed_since=now,
    )


def unblock(journey: Journey, now: datetime) -> Journey:
    """Hand a blocked run to a new execution, because every member of its group has completed after all."""
    completed = all(member.status is MemberStatus.COMPLETED for member in journey.members_of(journey.group))
    return reopen(journey, now) if completed and journey.status is JourneyStatus.BLOCKED else journey


def take_over(journey: Journey, now: datetime) -> Journey:
    """Hand a run to a new execution whose own is gone: a step was due for longer than an execution that lives takes."""
    if journey.status is not JourneyStatus.RUNNING or journey.owed_since is None:
        return journey
    return reopen(journey, now) if journey.owed_since < now - OWED_GRACE else journey


def cancel(journey: Journey, now: datetime) -> Journey:
    """End the run: no further chat is opened, and those that are open are to be told. Nothing, where it has ended."""
    if journey.ended:
        return journey
    return replace(journey, status=JourneyStatus.CANCELLED, owed_since=None, stopping=True, ended_at=now)


def stopped(journey: Journey) -> Journey:
    """Note that every chat of a cancelled run was told."""
    return replace(journey, stopping=False) if journey.stopping else journey
