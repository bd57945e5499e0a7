"""Finds what was left half done, and does the other half."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from mozaiks.chats.ports import RunStarter
from mozaiks.chats.repairing import Repairing
from mozaiks.chats.service import ChatService
from mozaiks.chats.states import Chat
from mozaiks.errors import MozaiksError

__all__ = ["ExpiredConnections", "Reconciler", "Unfinished"]

log = logging.getLogger("mozaiks.reconcile")

LOST_AFTER: Final = timedelta(seconds=30)
"""A claimed run that no worker took up for so long was not started, or its start was lost."""

TOLD_AFTER: Final = timedelta(seconds=30)
"""Whoever ended a chat tells of it at once; after so long, nobody does any more."""

ERASING_SECONDS: Final = 25.0
"""What an erasure may take with its last transaction: it is begun only where so much time is left."""

BATCH: Final = 200
"""Of each kind, at most. What is left is found the next time."""


class Unfinished(Protocol):
    def lost_starts(self, before: datetime, limit: int) -> Sequence[Chat]: ...

    def repeat_start(self, chat: Chat, before: datetime, now: datetime) -> bool: ...

    def stalled_runs(self, now: datetime, limit: int) -> Sequence[Chat]: ...

    def due_requests(self, now: datetime, limit: int) -> Sequence[Chat]: ...

    def unsettled_ends(self, before: datetime, limit: int) -> Sequence[Chat]: ...


class ExpiredConnections(Protocol):
    def delete_expired(self, now: datetime, limit: int) -> int: ...


class Interrupted(Protocol):
    def go_on(self, limit: int) -> int:
        """Finish what was interrupted, as time allows; how much was finished."""
        ...


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Repairs in batches, and stops in time for the function that runs it (``budget_seconds``)."""

    unfinished: Unfinished
    service: ChatService
    runs: RunStarter
    connections: ExpiredConnections
    eraser: Interrupted
    clock: Callable[[], datetime]
    budget_seconds: float = 45.0

    def run(self) -> dict[str, int]:
        """Repair once. However many do it at the same time, each thing is repaired, and counted, by one of them.

        Returns
        -------
        dict
            What was done, by kind: ``lost_starts``, ``stalled_runs``, ``expired_requests``, ``untold_ends``,
            ``expired_connections``, ``erasures``; and how often it ``failed``.
        """
        round_ = Repairing(self.budget_seconds)
        now = self.clock()
        return {
            "stalled_runs": round_.each(self.unfinished.stalled_runs(now, BATCH), self._take_over),
            "lost_starts": round_.each(self.unfinished.lost_starts(now - LOST_AFTER, BATCH), self._start),
            "expired_requests": round_.each(self.unfinished.due_requests(now, BATCH), self.service.expire_due),
            "untold_ends": round_.each(self.unfinished.unsettled_ends(now - TOLD_AFTER, BATCH), self._settle),
            "expired_connections": self.connections.delete_expired(now, BATCH),
            "erasures": self._go_on_erasing(round_),
            "failed": round_.failed,
        }

    def _go_on_erasing(self, round_: Repairing) -> int:
        if round_.seconds < ERASING_SECONDS:
            return 0
        try:
            return self.eraser.go_on(BATCH)
        except MozaiksError as error:
            log.warning("An erasure failed and is tried again: %s", error.code)
            round_.failed += 1
            return 0

    def _start(self, chat: Chat) -> int:
        now = self.clock()
        if not self.unfinished.repeat_start(chat, now - LOST_AFTER, now):
            return 0
        self.runs.start(chat.app_id, chat.chat_id, chat.run_no)
        return 1

    def _settle(self, chat: Chat) -> int:
        return int(self.service.settle(chat))

    def _take_over(self, chat: Chat) -> int:
        return int(self.service.take_over(chat.app_id, chat.chat_id, chat.run_no))
