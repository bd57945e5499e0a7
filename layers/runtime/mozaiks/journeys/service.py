"""The use cases of people on their journeys: start, look at, try again, cancel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mozaiks.access.principal import Principal, Tenant
from mozaiks.chats.events import new_id
from mozaiks.chats.positions import Position
from mozaiks.chats.service import ChatService
from mozaiks.chats.states import Chat, ChatStatus
from mozaiks.errors import MozaiksError
from mozaiks.journeys import decisions
from mozaiks.journeys.gating import Gates
from mozaiks.journeys.members import JourneyMembers
from mozaiks.journeys.news import JourneyNews
from mozaiks.journeys.ports import Journeys, JourneyStarter
from mozaiks.journeys.states import Journey, Member, MemberStatus, planned

if TYPE_CHECKING:
    from mozaiks.manifests import Workflows
    from mozaiks.manifests.pack_graph import Journey as Plan

__all__ = ["JourneyService", "StartedJourney", "Stopped"]


@dataclass(frozen=True, slots=True)
class StartedJourney:
    """``lead`` is the chat the user goes to first, ``chats`` are all of the first group, in the pack's order."""

    journey: Journey
    lead: Chat
    chats: tuple[Chat, ...]
    reused: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    """How many runs of journeys were ended, and how many chats were told to stop: theirs, and all others."""

    journeys: int
    chats: int


@dataclass(frozen=True, slots=True)
class JourneyService:
    journeys: Journeys
    chats: ChatService
    gates: Gates
    workflows: Callable[[], Workflows]
    members: JourneyMembers
    executions: JourneyStarter
    news: JourneyNews
    clock: Callable[[], datetime]

    def start(
        self,
        principal: Principal,
        journey_id: str,
        *,
        client_request_id: str | None = None,
        initial_message: str | None = None,
    ) -> StartedJourney:
        """Start a run of a journey of the pack, with the chats of its first group.

        The same ``client_request_id`` always finds the same run. ``initial_message`` is what the first chat begins
        with.

        Raises
        ------
        MozaiksError
            ``JOURNEY_NOT_FOUND``, ``PACK_INVALID``; ``PREREQUISITES_MISSING``, ``WORKFLOW_INVALID`` or
            ``WORKFLOW_NOT_FOUND`` for a workflow of the first group; ``RUN_START_FAILED``, after which the run is
            stored, and starts by itself within minutes or when the request is repeated.
        """
        plan = self.workflows().pack().require().journey(journey_id)
        if plan is None:
            raise MozaiksError("JOURNEY_NOT_FOUND", f"there is no journey {journey_id!r:.80} in the pack")
        return self.start_with(
            principal, plan, None, client_request_id=client_request_id, initial_message=initial_message
        )

    def start_with(
        self,
        principal: Principal,
        plan: Plan,
        workflow_name: str | None,
        *,
        client_request_id: str | None = None,
        initial_message: str | None = None,
    ) -> StartedJourney:
        """Start a run of this journey, by one workflow of its first group if that is what the user asked for.

        That one's chat is the lead, and begins as one started by itself would: when its first client connects, if it
        begins with its agent. All others begin by themselves. Raises what ``start`` raises.
        """
        if client_request_id is not None:
            earlier = self.journeys.started_by(principal.tenant, plan.name, client_request_id)
            if earlier is not None:
                return self._ready(earlier, reused=True)
        groups = [[self.workflows().declared_name(name) for name in group] for group in plan.groups]
        for name in groups[0]:
            # Before anything is stored.
            self.workflows().get(name)
            self.gates.require(principal.tenant, name)
        run_id, now = new_id(), self.clock()
        journey = self.journeys.create(
            Journey(
                journey_run_id=run_id,
                app_id=principal.app_id,
                user_id=principal.user_id,
                journey_id=plan.name,
                members=planned(run_id, groups, workflow_name, now),
                created_at=now,
                updated_at=now,
                owed_since=now,
                client_request_id=client_request_id,
                initial_message=initial_message,
                lead=0 if workflow_name is None else groups[0].index(workflow_name),
            )
        )
        return self._ready(journey, reused=journey.journey_run_id != run_id)

    def ready(self, chat: Chat) -> None:
        """Start the journey of a chat that was opened before, if its start was lost."""
        if chat.join is not None and chat.join.of == "journey":
            self._start_execution(self.journeys.get(Tenant(chat.app_id, chat.user_id), chat.join.id))

    def get(self, principal: Principal, journey_run_id: str) -> Journey:
        """The principal's run; ``JOURNEY_NOT_FOUND`` if it is not there or another's."""
        return self.journeys.get(principal.tenant, journey_run_id)

    def page(self, principal: Principal, limit: int, before: Position | None) -> Sequence[Journey]:
        """The principal's runs, the newest first, those beyond ``before``."""
        return self.journeys.page(principal.tenant, limit, before)

    def chats_of(self, journey: Journey) -> Mapping[str, Chat]:
        """The chats of the run's members that are there, by id."""
        return self.chats.chats.of_ids(Tenant(journey.app_id, journey.user_id), journey.chats_opened)

    def cancel(self, principal: Principal, journey_run_id: str) -> Journey:
        """End the run and all its chats. Safe to repeat."""
        now = self.clock()
        journey, _ = self.journeys.change(principal.tenant, journey_run_id, lambda found: decisions.cancel(found, now))
        return self.stop(journey) if journey.stopping else journey

    def stop_all(self, tenant: Tenant) -> int:
        """End every run of an app, or of one user of it, that is not over, and the chats of each; how many runs."""
        return len([self.stop(journey) for journey in self._end_all(tenant)])

    def stop_everything(self, tenant: Tenant) -> Stopped:
        """End every run and every chat of an app, or of one user of it. Safe to repeat and to interrupt."""
        # First: no chat begins because another one has ended.
        ended = self._end_all(tenant)
        chats = self.chats.stop_all(tenant)
        for journey in ended:
            self.stop(journey)
        return Stopped(len(ended), chats)

    def _end_all(self, tenant: Tenant) -> list[Journey]:
        """The runs that were not over and now are. Their chats are to be told yet; in a minute ``reconcile`` does."""
        ended: list[Journey] = []
        now, after = self.clock(), ""
        while page := self.journeys.unended(tenant, after, 100):
            for each in page:
                owner, run_id = Tenant(each.app_id, each.user_id), each.journey_run_id
                journey, mine = self.journeys.change(owner, run_id, lambda found: decisions.cancel(found, now))
                if mine:
                    ended.append(journey)
            after = page[-1].journey_run_id
        return ended

    def stop(self, journey: Journey) -> Journey:
        """Tell every chat of a cancelled run that it is over."""
        for chat_id in journey.chats_opened:
            self.members.cancel(journey, chat_id)
        last = [member.chat_id for member in journey.members_of(journey.group)]
        self.news.progress(journey, last, "cancelled")
        tenant = Tenant(journey.app_id, journey.user_id)
        return self.journeys.change(tenant, journey.journey_run_id, decisions.stopped)[0]

    def retry(self, principal: Principal, journey_run_id: str, chat_id: str | None = None) -> Journey:
        """Take up again the members that did not complete, or the one of ``chat_id``; then the run goes on.

        Raises
        ------
        MozaiksError
            ``NOT_RETRYABLE`` if there is none; ``RUN_START_FAILED``, after which it goes on by itself within minutes.
        """
        now, journey = self.clock(), self.get(principal, journey_run_id)
        numbers = {
            member.chat_id: self.chats.get(principal, member.chat_id).run_no
            for member in journey.members_of(journey.group)
            if member.status.ended and member.status is not MemberStatus.COMPLETED and member.error is None
        }
        again: list[Member] = []

        def decide(found: Journey) -> Journey:
            decided = decisions.retry(found, numbers, now, chat_id)
            again[:] = [member for member in decided.members if member not in found.members]
            return decided

        journey, _ = self.journeys.change(principal.tenant, journey_run_id, decide)
        for member in again:
            if self.members.open(journey, member) is not None:
                self.members.begin(journey, member)
        self.news.progress(journey, [member.chat_id for member in again], f"again:{journey.version}")
        self._start_execution(journey)
        return journey

    def retry_chat(self, principal: Principal, chat: Chat) -> Chat:
        """Run a chat again that failed, and let the journey go on that it belongs to, if it does.

        Raises
        ------
        MozaiksError
            What ``ChatService.retry`` and ``retry`` raise.
        """
        failed = chat.status in (ChatStatus.FAILED, ChatStatus.TIMED_OUT)
        if chat.join is None or chat.join.of != "journey" or not failed:
            return self.chats.retry(principal, chat.chat_id)
        # Its end may not be noted yet.
        self.members.ended(chat)
        self.retry(principal, chat.join.id, chat.chat_id)
        return self.chats.get(principal, chat.chat_id)

    def _ready(self, journey: Journey, *, reused: bool) -> StartedJourney:
        """The run with the chats of its first group there, and with its execution started."""
        principal = Principal(journey.app_id, journey.user_id)
        chats = dict[str, Chat]()
        for member in journey.members_of(0):
            chat = self.members.open(journey, member)
            if chat is not None:
                chats[member.chat_id] = chat
        self._start_execution(journey)
        lead = journey.members[journey.lead].chat_id
        # Missing only where it could not be opened: then the error says so.
        return StartedJourney(
            journey, chats.get(lead) or self.chats.get(principal, lead), tuple(chats.values()), reused
        )

    def _start_execution(self, journey: Journey) -> None:
        if not journey.execution_started and not journey.ended:
            self.executions.start(journey)
