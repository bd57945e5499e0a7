"""Where the journey of a chat stands, for whoever greets that chat's connections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mozaiks.access.principal import Tenant
from mozaiks.chats.events import JourneyProgress
from mozaiks.chats.states import Chat
from mozaiks.errors import MozaiksError

if TYPE_CHECKING:
    from mozaiks.journeys.ports import Journeys

__all__ = ["JourneyStanding"]


@dataclass(frozen=True, slots=True)
class JourneyStanding:
    journeys: Callable[[], Journeys]

    def of(self, chat: Chat) -> JourneyProgress | None:
        """The progress of the journey ``chat`` is a member of; ``None`` if it is of none."""
        if chat.join is None or chat.join.of != "journey":
            return None
        # Imported here: most chats are members of no journey.
        from mozaiks.journeys.states import progress

        try:
            return progress(self.journeys().get(Tenant(chat.app_id, chat.user_id), chat.join.id))
        except MozaiksError as error:
            # Erased, while the chat is still there for a moment.
            if error.code != "JOURNEY_NOT_FOUND":
                raise
            return None
