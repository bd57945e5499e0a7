"""The tasks of ``journey.asl.json``. Each is safe to repeat: Step Functions tries again what it got no answer to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mozaiks.access.principal import Tenant
from mozaiks.chats.endings import Endings
from mozaiks.chats.ports import TaskTokens
from mozaiks.chats.states import Join
from mozaiks.errors import MozaiksError
from mozaiks.journeys import decisions
from mozaiks.journeys.decisions import Closed
from mozaiks.journeys.members import JourneyMembers
from mozaiks.journeys.news import JourneyNews
from mozaiks.journeys.ports import Journeys
from mozaiks.journeys.states import Journey, JourneyStatus, MemberStatus

__all__ = ["ACTIONS", "JourneyTasks"]

ACTIONS: Final = frozenset({"journey_open_group", "journey_open_member", "journey_close_group"})


@dataclass(frozen=True, slots=True)
class JourneyTasks:
    journeys: Journeys
    members: JourneyMembers
    endings: Endings
    tokens: TaskTokens
    news: JourneyNews
    clock: Callable[[], datetime]

    def carry_out(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a task of the state machine asks for, and say what is to follow.

        Parameters
        ----------
        event
            ``action``, ``app_id``, ``journey_run_id``, ``execution_no``, ``group``; for a member also ``chat_id`` and
            the task's ``token``.

        Raises
        ------
        MozaiksError
            ``JOURNEY_NOT_FOUND``, ``VALIDATION`` for an unknown action, ``DATABASE_UNAVAILABLE``.
        """
        tenant, run_id, no = Tenant(event["app_id"]), event["journey_run_id"], int(event["execution_no"])
        match event["action"]:
            case "journey_open_group":
                return self.open_group(tenant, run_id, no, int(event["group"]))
            case "journey_open_member":
                self.open_member(tenant, run_id, no, event["chat_id"], event["token"])
                return {}
            case "journey_close_group":
                return {"outcome": self.close_group(tenant, run_id, no, int(event["group"]))}
            case action:
                raise MozaiksError("VALIDATION", f"the action {action!r:.40} is not known; expected {sorted(ACTIONS)}")

    def open_group(self, tenant: Tenant, run_id: str, execution_no: int, group: int) -> dict[str, Any]:
        """Open the chats of a group, and carry the connections of the group before along.

        Returns
        -------
        dict
            ``outcome``: ``opened``, with the ``chats`` whose ends are to be waited for, or ``over``.
        """
        now = self.clock()
        journey, _ = self.journeys.change(
            tenant, run_id, lambda found: decisions.open_group(found, execution_no, group, now)
        )
        if not decisions.drives(journey, execution_no) or journey.group != group:
            return {"outcome": "over", "chats": []}
        # First: who is carried along hears of a chat from its first event on.
        self.news.carry_along(journey)
        opened = [member for member in journey.members_of(group) if member.status is MemberStatus.OPEN]
        there = [member.chat_id for member in opened if self.members.open(journey, member) is not None]
        if len(there) < len(opened):
            journey = self.journeys.get(tenant, run_id)
            self.news.progress(journey, there, f"opened:{group}:{execution_no}")
        self.news.switched(journey)
        if self.journeys.get(tenant, run_id).status is JourneyStatus.CANCELLED:
            # Whoever cancelled it may have looked before these chats were there.
            for chat_id in there:
                self.members.cancel(journey, chat_id)
        return {"outcome": "opened", "chats": there}

    def open_member(self, tenant: Tenant, run_id: str, execution_no: int, chat_id: str, token: str) -> None:
        """Have the task answered when the chat ends, and let the chat begin; at once, if nothing is waited for."""
        journey = self.journeys.get(tenant, run_id)
        place = journey.place_of(chat_id)
        if place is None or not decisions.drives(journey, execution_no):
            self.tokens.succeed(token, {"outcome": "over", "chat_id": chat_id})
            return
        member = journey.members[place]
        if member.retry_of is not None:
            # Before the task is tied to its end: the end that was is not the one that is waited for.
            self.members.begin(journey, member)
        self.endings.attach(journey.app_id, chat_id, Join("journey", run_id, token))
        if member.retry_of is None:
            self.members.begin(journey, member)

    def close_group(self, tenant: Tenant, run_id: str, execution_no: int, group: int) -> Closed:
        """Decide what follows a group whose chats were waited for, and tell it."""
        now = self.clock()
        said: list[Closed] = []

        def decide(found: Journey) -> Journey:
            journey, outcome = decisions.close_group(found, execution_no, group, now)
            said.append(outcome)
            return journey

        journey, _ = self.journeys.change(tenant, run_id, decide)
        outcome = said[-1]
        if outcome == "blocked" or (outcome == "next" and journey.status is JourneyStatus.COMPLETED):
            last = [member.chat_id for member in journey.members_of(group)]
            self.news.progress(journey, last, f"{journey.status.value}:{execution_no}")
        return outcome
