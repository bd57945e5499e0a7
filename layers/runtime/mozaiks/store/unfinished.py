"""What was left half done, in ``chat_sessions`` of every app: for the runtime itself only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pymongo.database import Database

from mozaiks.chats.decisions import IDLE_GRACE, LEASE_GRACE, START_GRACE
from mozaiks.chats.states import FINAL, Chat, ChatStatus
from mozaiks.store.client import Document, reachable
from mozaiks.store.sessions import from_document

__all__ = ["MongoUnfinished"]


class MongoUnfinished:
    """Finds candidates. Whether something is to be done is decided when it is done, from what is stored then."""

    def __init__(self, database: Database[Document]) -> None:
        self._sessions = database["chat_sessions"]

    def lost_starts(self, before: datetime, limit: int) -> Sequence[Chat]:
        """Runs that were claimed before a moment, that no worker took up, and whose start was not repeated since."""
        return self._find({**_not_started(before), "run_claimed_at": {"$lt": before}}, limit)

    def repeat_start(self, chat: Chat, before: datetime, now: datetime) -> bool:
        """Whether the caller may repeat the start of ``chat``'s run: one of those who ask at the same time."""
        query = {"_id": chat.chat_id, "app_id": chat.app_id, "run_no": chat.run_no, **_not_started(before)}
        with reachable():
            return self._sessions.update_one(query, {"$set": {"start_repeated_at": now}}).modified_count == 1

    def stalled_runs(self, now: datetime, limit: int) -> Sequence[Chat]:
        """Runs that nobody works on, by ``decisions.stalled``."""
        idle = {"lease": None, "run_started": True}
        signs: list[Document] = [
            {"lease.until": {"$lt": now - LEASE_GRACE}},
            {**idle, "lease_left_at": {"$lt": now - IDLE_GRACE}},
            {**idle, "lease_left_at": None, "updated_at": {"$lt": now - IDLE_GRACE}},
            {"lease": None, "run_started": False, "run_claimed_at": {"$lt": now - START_GRACE}},
        ]
        return self._find({"status": ChatStatus.RUNNING, "$or": signs}, limit)

    def due_requests(self, now: datetime, limit: int) -> Sequence[Chat]:
        """Waiting chats with a request whose time is over."""
        return self._find({"status": ChatStatus.WAITING, "pending.expires_at": {"$lte": now}}, limit)

    def unsettled_ends(self, before: datetime, limit: int) -> Sequence[Chat]:
        """Chats that ended before a moment, and of whose end not all know who wait for it, or not all their children.

        Also chats whose children are to be stopped and that were not touched since.
        """
        ended = {"status": {"$in": sorted(FINAL)}, "updated_at": {"$lt": before}}
        owed: list[Document] = [
            {"join.settled": False, **ended},
            {"batch.open": True, **ended},
            {"batch.open": True, "batch.stopping": True, "status": ChatStatus.WAITING, "updated_at": {"$lt": before}},
        ]
        return self._find({"$or": owed}, limit)

    def waiting_parents(self, before: datetime, limit: int) -> Sequence[Chat]:
        """Chats that wait for children since before a moment, and whose execution was not looked at since."""
        return self._find(_unwatched(before), limit)

    def watch_parent(self, chat: Chat, before: datetime, now: datetime) -> bool:
        """Whether the caller may look after the execution of ``chat``: one of those who ask at the same time."""
        query = {"_id": chat.chat_id, "app_id": chat.app_id, "run_no": chat.run_no, **_unwatched(before)}
        with reachable():
            return self._sessions.update_one(query, {"$set": {"watched_at": now}}).modified_count == 1

    def overdue_parents(self, before: datetime, limit: int) -> Sequence[Chat]:
        """Chats that wait for children whose time was over before a moment."""
        return self._find({**_WAITS_FOR_CHILDREN, "batch.deadline": {"$lt": before}}, limit)

    def _find(self, query: Document, limit: int) -> list[Chat]:
        with reachable():
            return [from_document(document) for document in self._sessions.find(query, limit=limit)]


_WAITS_FOR_CHILDREN: Final[Document] = {"batch.open": True, "status": ChatStatus.WAITING, "waiting_for": "children"}


def _unwatched(before: datetime) -> Document:
    return {
        **_WAITS_FOR_CHILDREN,
        "updated_at": {"$lt": before},
        "$or": [{"watched_at": None}, {"watched_at": {"$lt": before}}],
    }


def _not_started(before: datetime) -> Document:
    return {
        "status": ChatStatus.RUNNING,
        "run_started": False,
        "$or": [{"start_repeated_at": None}, {"start_repeated_at": {"$lt": before}}],
    }
