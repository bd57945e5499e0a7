"""Counts the chats that nothing repairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mozaiks.chats.reconcile import BATCH, Unfinished

__all__ = ["STUCK_AFTER", "StuckChats"]

STUCK_AFTER: Final = timedelta(minutes=10)
"""What is due is done within a minute or two. After so long, something keeps it from being done."""


@dataclass(frozen=True, slots=True)
class StuckChats:
    """Looks where ``Reconciler`` looks, for what it should have repaired long ago."""

    unfinished: Unfinished
    clock: Callable[[], datetime]

    def count(self) -> int:
        """Chats that nobody works on, whose request is over, or whose end is untold, since ten minutes.

        At most ``3 * BATCH``: whoever reads the number wants to know whether it is zero.
        """
        then = self.clock() - STUCK_AFTER
        found = {
            (chat.app_id, chat.chat_id)
            for chats in (
                self.unfinished.stalled_runs(then, BATCH),
                self.unfinished.due_requests(then, BATCH),
                self.unfinished.unsettled_ends(then, BATCH),
            )
            for chat in chats
        }
        return len(found)
