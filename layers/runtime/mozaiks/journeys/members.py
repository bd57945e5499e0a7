"""Opens, begins and retries the chats of a journey's members, and hears of their ends. Safe to repeat, all of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from mozaiks.access.principal import Principal, Tenant
from mozaiks.chats.events import NewEvent
from mozaiks.chats.service import ChatService
from mozaiks.chats.states import Chat, ChatStatus, Join
from mozaiks.errors import MozaiksError
from mozaiks.journeys import decisions
from mozaiks.journeys.gating import Gates
from mozaiks.journeys.news import JourneyNews
from mozaiks.journeys.ports import Journeys, JourneyStarter
from mozaiks.journeys.states import Journey, JourneyStatus, Member, MemberStatus, progress

if TYPE_CHECKING:
    from mozaiks.manifests import Workflows

__all__ = ["JourneyMembers"]

_NOT_OPENED: Final = frozenset(
    {"WORKFLOW_NOT_FOUND", "WORKFLOW_INVALID", "PREREQUISITES_MISSING", "PACK_INVALID", "VALIDATION"}
)
"""What is wrong with the workflow or its place, not with the moment: trying again by itself helps nobody."""


@dataclass(frozen=True, slots=True)
class JourneyMembers:
    journeys: Journeys
    chats: ChatService
    gates: Gates
    workflows: Callable[[], Workflows]
    executions: JourneyStarter
    news: JourneyNews
    clock: Callable[[], datetime]

    def open(self, journey: Journey, member: Member) -> Chat | None:
        """The chat of a member whose group is open.

        Returns
        -------
        Chat or None
            ``None``: it cannot be opened, and the member counts as failed, with the reason's code.
        """
        # Imported here: with the loader it costs a tenth of a second, and most invocations open nothing.
        from mozaiks.chats.greeting import facts_of

        principal = Principal(journey.app_id, journey.user_id)
        try:
            return self.chats.get(principal, member.chat_id)
        except MozaiksError as error:
            if error.code != "CHAT_NOT_FOUND":
                raise
        lead = journey.place_of(member.chat_id) == journey.lead
        try:
            self.gates.require(principal.tenant, member.workflow_name)
            return self.chats.open(
                principal,
                facts_of(self.workflows().get(member.workflow_name).spec),
                member.chat_id,
                join=Join("journey", journey.journey_run_id),
                client_request_id=journey.client_request_id if member.begins == "connect" else None,
                initial_message=journey.initial_message if lead else None,
                first=(NewEvent("chat.journey_progress", progress(journey)),),
            )
        except MozaiksError as error:
            if error.code not in _NOT_OPENED:
                raise
            self._not_opened(journey, member, error.code)
            return None

    def begin(self, journey: Journey, member: Member) -> None:
        """Start what the member's chat owes: its first run, or the one that is to be tried again."""
        principal = Principal(journey.app_id, journey.user_id)
        chat = self.chats.get(principal, member.chat_id)
        if member.retry_of is not None and chat.run_no == member.retry_of and chat.ended:
            try:
                self.chats.retry(principal, member.chat_id)
            except MozaiksError as error:
                # Somebody else was faster.
                if error.code != "NOT_RETRYABLE":
                    raise
        elif chat.status is ChatStatus.CREATED and member.begins == "open":
            self.chats.begin(principal, member.chat_id)

    def cancel(self, journey: Journey, chat_id: str) -> None:
        """Stop a member's chat."""
        try:
            self.chats.cancel(Principal(journey.app_id, journey.user_id), chat_id)
        except MozaiksError as error:
            # It was erased, or never came to be.
            if error.code != "CHAT_NOT_FOUND":
                raise

    def ended(self, chat: Chat) -> None:
        """Note the end of a member's chat, and tell of it. Called for every chat that ends and belongs to a journey."""
        if chat.join is None or not chat.ended:
            return
        tenant, run_id = Tenant(chat.app_id, chat.user_id), chat.join.id
        try:
            journey = self.journeys.get(tenant, run_id)
        except MozaiksError as error:
            if error.code != "JOURNEY_NOT_FOUND":
                raise
            # Its user was erased, and with the user the journey.
            return
        place = journey.place_of(chat.chat_id)
        if place is None:
            # Another chat has taken its place.
            return
        status, now = MemberStatus.of(chat.status), self.clock()
        member = journey.members[place]
        if member.retry_of is not None and member.retry_of == chat.run_no and chat.status is not ChatStatus.COMPLETED:
            # The end that is to be retried, told once more.
            return
        if member.status.ended and member.status is not status:
            # It was tried again behind the journey's back.
            journey, _ = self.journeys.change(
                tenant, run_id, lambda found: decisions.correct(found, chat.chat_id, status, now)
            )
        elif member.status is not status:
            noted = self.journeys.set_member(tenant, run_id, place, decisions.ended_member(member, status, now))
            journey = noted or self.journeys.get(tenant, run_id)
        if decisions.owe(journey, now) != journey:
            journey, _ = self.journeys.change(tenant, run_id, lambda found: decisions.owe(found, now))
        self.news.progress(journey, [chat.chat_id], f"ended:{chat.chat_id}:{chat.run_no}")
        if journey.status is JourneyStatus.BLOCKED and self._all_completed(journey):
            # By such a retry. Nothing is in the way any more.
            journey, mine = self.journeys.change(tenant, run_id, lambda found: decisions.unblock(found, now))
            if mine:
                self.executions.start(journey)

    @staticmethod
    def _all_completed(journey: Journey) -> bool:
        return all(member.status is MemberStatus.COMPLETED for member in journey.members_of(journey.group))

    def _not_opened(self, journey: Journey, member: Member, code: str) -> None:
        tenant, now = Tenant(journey.app_id, journey.user_id), self.clock()
        place = journey.place_of(member.chat_id)
        if place is not None:
            self.journeys.set_member(
                tenant, journey.journey_run_id, place, decisions.member_not_opened(member, code, now)
            )
        self.journeys.change(tenant, journey.journey_run_id, lambda found: decisions.owe(found, now))
