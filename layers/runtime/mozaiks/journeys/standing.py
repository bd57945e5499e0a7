"""Where the journey of a chat stands, for whoever greets that chat's connections."""

from __future__ import annotations

from dataclasses import dataclass

from mozaiks.access.principal import Tenant
from mozaiks.chats.events import JourneyProgress
from mozaiks.chats.states import Chat
from mozaiks.errors import MozaiksError
from mozaiks.journeys.ports import Journeys
from mozaiks.journeys.states import progress

__all__ = ["JourneyStanding"]


@dataclass(frozen=True, slots=True)
class JourneyStanding:
    journeys: Journeys

    def of(self, chat: Chat) -> JourneyProgress | None:
        """The progress of the journey ``chat`` is a member of; ``None`` if it is of none."""
        if chat.join is None or chat.join.of != "journey":
            return None
        try:
            return progress(self.journeys.get(Tenant(chat.app_id, chat.user_id), chat.join.id))
        except MozaiksError as error:
            # Erased, while the chat is still there for a moment.
            if error.code != "JOURNEY_NOT_FOUND":
                raise
            return None
