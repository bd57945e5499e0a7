"""A parent and its children, whichever of them ends first."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mozaiks.access.principal import Tenant
from mozaiks.chats import decisions
from mozaiks.chats.batches import Child, ChildStatus
from mozaiks.chats.changes import Applied, Decide
from mozaiks.chats.ports import Chats, Ended, Outbox
from mozaiks.chats.states import Chat
from mozaiks.children.decisions import child_ended, drop, waits
from mozaiks.errors import MozaiksError

__all__ = ["Family"]

log = logging.getLogger("mozaiks.children")


@dataclass(frozen=True, slots=True)
class Family:
    """Brings the end of a child to its parent, and the end of a parent to its children. Each step may be repeated.

    Attributes
    ----------
    endings
        Who is told of the ends that this brings about.
    """

    chats: Chats
    outbox: Outbox
    endings: Callable[[], Ended]
    clock: Callable[[], datetime]

    def child_ended(self, child: Chat) -> None:
        """Tell the parent of ``child`` how it ended. Nothing, where the parent is erased.

        Raises
        ------
        MozaiksError
            ``DATABASE_UNAVAILABLE``.
        """
        if child.parent_chat_id is None:
            return
        try:
            self.note(child.app_id, child.parent_chat_id, child.chat_id, child.status.value)  # type: ignore[arg-type]
        except MozaiksError as error:
            if error.code != "CHAT_NOT_FOUND":
                raise

    def note(
        self, app_id: str, parent_chat_id: str, chat_id: str, status: ChildStatus, error: str | None = None
    ) -> Chat:
        """Note on the parent how a child ended, and tell; once, whoever comes first. The parent as it is now."""
        return self._apply(
            app_id, parent_chat_id, lambda parent: child_ended(parent, chat_id, status, error), settle=False
        ).chat

    def stop(self, parent: Chat) -> bool:
        """Cancel the children of a parent that has ended, or that shall go on without them, and theirs in turn.

        Returns
        -------
        bool
            Whether this call changed anything.

        Raises
        ------
        MozaiksError
            ``DATABASE_UNAVAILABLE``. What is left is found by ``reconcile``.
        """
        batch = parent.batch
        if batch is None or not batch.is_open or not (parent.ended or batch.stopping):
            return False
        stopped = False
        for child in batch.open_children:
            stopped |= self._stop_one(parent, child)
        if parent.ended:
            stopped |= self._apply(parent.app_id, parent.chat_id, drop, settle=False).changed
        return stopped

    def late(self, parent: Chat) -> int:
        """Cancel the children of a waiting parent whose time is over; how many are noted as timed out by this call."""
        batch, noted = parent.batch, 0
        if batch is None or batch.deadline is None or batch.deadline > self.clock() or not waits(parent):
            return 0
        for child in batch.open_children:
            noted += self.time_out(parent.app_id, parent.chat_id, child.chat_id)
        return noted

    def time_out(self, app_id: str, parent_chat_id: str, chat_id: str) -> bool:
        """Note a child as timed out and cancel it. Whether this call noted it."""
        noted = self._apply(
            app_id, parent_chat_id, lambda parent: child_ended(parent, chat_id, "timed_out"), settle=False
        ).changed
        self.cancel(app_id, chat_id)
        return noted

    def cancel(self, app_id: str, chat_id: str) -> bool | None:
        """Cancel a child, if it is there. Whether this changed anything; ``None``: there is no such chat."""
        try:
            return self._apply(app_id, chat_id, lambda chat: decisions.cancel(chat, self.clock())).changed
        except MozaiksError as error:
            if error.code != "CHAT_NOT_FOUND":
                raise
            return None

    def _stop_one(self, parent: Chat, child: Child) -> bool:
        stopped = self.cancel(parent.app_id, child.chat_id)
        if stopped is not None:
            return stopped
        # Not opened yet. Whoever is about to looks at its parent again before the child begins.
        self.note(parent.app_id, parent.chat_id, child.chat_id, "cancelled")
        return True

    def _apply(self, app_id: str, chat_id: str, decide: Decide, *, settle: bool = True) -> Applied:
        applied = self.chats.transact(Tenant(app_id), chat_id, decide)
        self.outbox.publish(applied.chat, applied.events)
        if settle:
            self.endings().settle(applied.chat)
        return applied
