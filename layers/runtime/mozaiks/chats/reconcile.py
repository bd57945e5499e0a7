"""Finds what was left half done, and does the other half."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from mozaiks.chats.ports import RunStarter
from mozaiks.chats.states import Chat
from mozaiks.errors import MozaiksError

__all__ = ["Reconciler", "Unfinished"]

log = logging.getLogger("mozaiks.reconcile")

LOST_AFTER: Final = timedelta(seconds=30)
"""A claimed run that no worker took up for so long was not started, or its start was lost."""

BATCH: Final = 200


class Unfinished(Protocol):
    def lost_starts(self, before: datetime, limit: int) -> Sequence[Chat]: ...


@dataclass(frozen=True, slots=True)
class Reconciler:
    chats: Unfinished
    runs: RunStarter
    clock: Callable[[], datetime]

    def run(self) -> dict[str, int]:
        """Repair once. Two at the same time do no harm: an execution's name lets it start once.

        Returns
        -------
        dict
            What was done, by kind, and how often it failed.
        """
        done = {"lost_starts": 0, "failed": 0}
        for chat in self.chats.lost_starts(self.clock() - LOST_AFTER, BATCH):
            try:
                self.runs.start(chat.app_id, chat.chat_id, chat.run_no)
                done["lost_starts"] += 1
            except MozaiksError as error:
                log.warning("A lost start stays lost for now: %s", error.code)
                done["failed"] += 1
        return done
