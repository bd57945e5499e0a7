"""Finds chats that wait for children in vain, and has them go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from mozaiks.chats.repairing import Repairing
from mozaiks.chats.states import Chat
from mozaiks.children.family import Family
from mozaiks.children.joining import Parents

__all__ = ["ParentRepairs", "WaitingParents"]

LOOK_EVERY: Final = timedelta(seconds=60)
"""So often the execution of a chat that waits for children is looked for."""
LATE_AFTER: Final = timedelta(seconds=30)
"""The execution itself ends the children's time; after so long it did not."""
BATCH: Final = 100
"""Of each kind, at most. What is left is found the next time."""


class WaitingParents(Protocol):
    def waiting_parents(self, before: datetime, limit: int) -> Sequence[Chat]: ...

    def watch_parent(self, chat: Chat, before: datetime, now: datetime) -> bool: ...

    def overdue_parents(self, before: datetime, limit: int) -> Sequence[Chat]: ...


@dataclass(frozen=True, slots=True)
class ParentRepairs:
    """Repairs in batches, and stops in time for the function that runs it (``budget_seconds``)."""

    unfinished: WaitingParents
    parents: Parents
    family: Family
    clock: Callable[[], datetime]
    budget_seconds: float = 15.0

    def run(self) -> dict[str, int]:
        """Repair once. However many do it at the same time, each thing is repaired, and counted, by one of them.

        Returns
        -------
        dict
            What was done, by kind: ``late_children``, ``lost_parents``; and how often it ``failed``.
        """
        round_ = Repairing(self.budget_seconds)
        now = self.clock()
        return {
            "late_children": round_.each(self.unfinished.overdue_parents(now - LATE_AFTER, BATCH), self.family.late),
            "lost_parents": round_.each(self.unfinished.waiting_parents(now - LOOK_EVERY, BATCH), self._look_after),
            "failed": round_.failed,
        }

    def _look_after(self, chat: Chat) -> int:
        now = self.clock()
        if not self.unfinished.watch_parent(chat, now - LOOK_EVERY, now):
            return 0
        return int(self.parents.look_after(chat))
