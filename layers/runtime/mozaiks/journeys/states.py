"""A journey's run as data, and what of it people are told. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from mozaiks.chats.events import JourneyMember, JourneyProgress
from mozaiks.chats.states import ChatStatus

__all__ = [
    "Begins",
    "Journey",
    "JourneyStatus",
    "Member",
    "MemberStatus",
    "member_chat_id",
    "planned",
    "progress",
]


class JourneyStatus(StrEnum):
    RUNNING = "running"
    BLOCKED = "blocked"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class MemberStatus(StrEnum):
    """``pending``: its group is not open yet. ``open``: its chat is there and has not ended. Else as its chat ended."""

    PENDING = "pending"
    OPEN = "open"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"

    @classmethod
    def of(cls, chat: ChatStatus) -> MemberStatus:
        """What a chat's state means to its journey."""
        return _OF_CHAT.get(chat, cls.OPEN)

    @property
    def ended(self) -> bool:
        return self not in (MemberStatus.PENDING, MemberStatus.OPEN)


_OF_CHAT: Final = {
    ChatStatus.COMPLETED: MemberStatus.COMPLETED,
    ChatStatus.FAILED: MemberStatus.FAILED,
    ChatStatus.CANCELLED: MemberStatus.CANCELLED,
    ChatStatus.TIMED_OUT: MemberStatus.TIMED_OUT,
}

Begins = Literal["open", "connect"]
"""When a chat that begins with its agent does: as soon as its group is open, or when its first client connects."""


@dataclass(frozen=True, slots=True)
class Member:
    """One workflow of one group.

    ``attempt`` counts its chats: one that was cancelled is replaced by another when it is tried again. ``retry_of`` is
    the number of the run that failed and is to be gone on with. ``error`` is a code, where its chat could not be
    opened. Times are UTC.
    """

    group: int
    workflow_name: str
    chat_id: str
    status: MemberStatus = MemberStatus.PENDING
    attempt: int = 1
    begins: Begins = "open"
    retry_of: int | None = None
    error: str | None = None
    opened_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def duration_ms(self) -> int | None:
        """From the opening of its chat to its end; ``None`` before that."""
        if self.opened_at is None or self.ended_at is None:
            return None
        return max(0, int((self.ended_at - self.opened_at).total_seconds() * 1000))


@dataclass(frozen=True, slots=True)
class Journey:
    """One run of a journey for one user, with the groups it had in the pack when it was started.

    ``group`` is the number (from 0) of the group that is open, or the number of groups once all have completed.
    ``lead`` is the place among ``members`` of the one whose chat the user goes to first, and that begins with
    ``initial_message``. ``execution_no`` counts the executions that drove it, ``execution_from`` is the group the
    current one began with. ``owed_since``: since when a step of the execution is due; ``None`` while chats are waited
    for, or nothing is due. ``stopping``: it was cancelled and not every chat has been told. ``version`` counts its
    changes. Times are UTC.
    """

    journey_run_id: str
    app_id: str
    user_id: str
    journey_id: str
    members: tuple[Member, ...]
    created_at: datetime
    updated_at: datetime
    status: JourneyStatus = JourneyStatus.RUNNING
    group: int = 0
    execution_no: int = 1
    execution_from: int = 0
    execution_started: bool = False
    owed_since: datetime | None = None
    stopping: bool = False
    ended_at: datetime | None = None
    client_request_id: str | None = None
    initial_message: str | None = None
    lead: int = 0
    version: int = 1

    @property
    def groups(self) -> int:
        """How many groups it has."""
        return 1 + max(member.group for member in self.members)

    @property
    def ended(self) -> bool:
        return self.status in (JourneyStatus.COMPLETED, JourneyStatus.CANCELLED)

    def members_of(self, group: int) -> tuple[Member, ...]:
        """The members of a group; those of the last one, where all groups have completed."""
        shown = min(group, self.groups - 1)
        return tuple(member for member in self.members if member.group == shown)

    def place_of(self, chat_id: str) -> int | None:
        """The place of the chat's member among ``members``; ``None`` if it is no member's chat (any more)."""
        return next((place for place, member in enumerate(self.members) if member.chat_id == chat_id), None)

    @property
    def chats_opened(self) -> tuple[str, ...]:
        """Ids of the chats that are there."""
        return tuple(member.chat_id for member in self.members if member.opened_at is not None)


def member_chat_id(journey_run_id: str, group: int, place: int, attempt: int = 1) -> str:
    """The id of a member's chat: the same whoever opens it, so that it is opened once.

    Examples
    --------
    >>> member_chat_id("5f0c", 1, 0)
    '5f0c-g1m0'
    >>> member_chat_id("5f0c", 1, 0, attempt=2)
    '5f0c-g1m0-2'
    """
    again = f"-{attempt}" if attempt > 1 else ""
    return f"{journey_run_id}-g{group}m{place}{again}"


def planned(
    journey_run_id: str, groups: Sequence[Sequence[str]], lead: str | None, now: datetime
) -> tuple[Member, ...]:
    """The members of a new run, those of its first group open.

    Parameters
    ----------
    groups
        Names of the workflows of each group, in order.
    lead
        The workflow whose start began the journey, if one did: its chat begins as one started by itself would.
    """
    members = [
        Member(group=number, workflow_name=name, chat_id=member_chat_id(journey_run_id, number, place))
        for number, names in enumerate(groups)
        for place, name in enumerate(names)
    ]
    return tuple(
        replace(member, status=MemberStatus.OPEN, opened_at=now, begins=_begins(member, lead))
        if member.group == 0
        else member
        for member in members
    )


def _begins(member: Member, lead: str | None) -> Begins:
    return "connect" if member.workflow_name == lead else "open"


def progress(journey: Journey) -> JourneyProgress:
    """What connections are told of the journey: where it stands, and the group that is open."""
    shown = journey.members_of(journey.group)
    return {
        "journey_run_id": journey.journey_run_id,
        "journey_id": journey.journey_id,
        "status": journey.status.value,
        "group": shown[0].group,
        "groups": journey.groups,
        "completed": sum(member.status is MemberStatus.COMPLETED for member in journey.members),
        "total": len(journey.members),
        "members": [_told(member) for member in shown],
    }


def _told(member: Member) -> JourneyMember:
    return {
        "workflow_name": member.workflow_name,
        "chat_id": None if member.opened_at is None else member.chat_id,
        "status": member.status.value,
    }
