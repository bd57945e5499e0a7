"""Tells people how their journey goes: in the logs of its chats, to every connection that hears of one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mozaiks.access.principal import Tenant
from mozaiks.chats.changes import Change, CommandRecord
from mozaiks.chats.events import ContextSwitched, NewEvent
from mozaiks.chats.ports import Chats, Outbox
from mozaiks.errors import MozaiksError
from mozaiks.journeys.ports import JourneyConnections
from mozaiks.journeys.states import Journey, MemberStatus, progress

__all__ = ["JourneyNews"]


@dataclass(frozen=True, slots=True)
class JourneyNews:
    """Each piece of news is stored once in a log, however often it is told: it has a key there, as a command has.

    No ``client_message_id`` has a colon, so no client can take such a key.
    """

    chats: Chats
    outbox: Outbox
    connections: JourneyConnections
    clock: Callable[[], datetime]

    def progress(self, journey: Journey, chat_ids: Iterable[str], key: str) -> None:
        """Tell where the journey stands, in the logs of ``chat_ids`` and of those chats that others listen to.

        Who listens to none of the journey's chats now finds it in the ``chat_meta`` of the next greeting.
        """
        told = tuple(dict.fromkeys(chat_ids))
        for chat_id in (*told, *self._listened_to(journey, told)):
            self._say(journey, chat_id, NewEvent("chat.journey_progress", progress(journey)), f"journey:{key}")

    def switched(self, journey: Journey) -> None:
        """Carry the connections of the group before along to the group that is open, and tell them."""
        after = [member for member in journey.members_of(journey.group) if member.opened_at is not None]
        before = [member.chat_id for member in journey.members_of(journey.group - 1)]
        if not before or not after:
            return
        first = next((member for member in after if member.status is MemberStatus.OPEN), after[0])
        for chat_id in before:
            data: ContextSwitched = {
                "journey_run_id": journey.journey_run_id,
                "journey_id": journey.journey_id,
                "group": journey.group,
                "from_chat_id": chat_id,
                "to_chat_id": first.chat_id,
                "workflow_name": first.workflow_name,
                "chats": progress(journey)["members"],
            }
            self._say(journey, chat_id, NewEvent("chat.context_switched", data), f"journey:switched:{journey.group}")

    def carry_along(self, journey: Journey) -> None:
        """Let the connections of the group before hear of the chats of the group that is being opened."""
        before = [member.chat_id for member in journey.members_of(journey.group - 1)]
        if before:
            after = [member.chat_id for member in journey.members_of(journey.group)]
            self.connections.carry_all_along(Tenant(journey.app_id, journey.user_id), before, after)

    def _listened_to(self, journey: Journey, told: Sequence[str]) -> list[str]:
        """For each connection that hears of none of the chats ``told``, one of the journey's chats it hears of."""
        tenant = Tenant(journey.app_id, journey.user_id)
        others = list[str]()
        for connection in self.connections.of_chats(tenant, journey.chats_opened, self.clock()):
            if not any(connection.hears(chat_id) for chat_id in (*told, *others)):
                others += [chat_id for chat_id in reversed(journey.chats_opened) if connection.hears(chat_id)][:1]
        return others

    def _say(self, journey: Journey, chat_id: str, event: NewEvent, key: str) -> None:
        tenant = Tenant(journey.app_id, journey.user_id)
        try:
            applied = self.chats.transact(
                tenant,
                chat_id,
                lambda _: Change(events=(event,), command=CommandRecord("journey", {})),
                command_ids=[key],
            )
        except MozaiksError as error:
            if error.code != "CHAT_NOT_FOUND":
                raise
            # It was erased, or could not be opened: there is nobody to tell.
            return
        self.outbox.publish(applied.chat, applied.events)
