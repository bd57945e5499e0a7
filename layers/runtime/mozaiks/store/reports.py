"""Which runs are still to be told of, beside what they spent in ``run_usage``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from pymongo import ASCENDING, ReturnDocument
from pymongo.database import Database

from mozaiks.store.client import Document, reachable
from mozaiks.store.ledger import RUN_USAGE, entry_of
from mozaiks.usage.ledger import LedgerEntry
from mozaiks.usage.reporting import DueReport

__all__ = ["MongoReports"]

_TAKEN_FOR: Final = timedelta(minutes=2)
"""Whoever takes a report and dies has told it to nobody, or to nobody's knowledge: then another one does."""


class MongoReports:
    def __init__(self, database: Database[Document]) -> None:
        self._ledger = database[RUN_USAGE]

    def take_due(self, now: datetime) -> DueReport | None:
        """The next report that is due, of any app; nobody else takes it for a while."""
        with reachable():
            found = self._ledger.find_one_and_update(
                {"report.due_at": {"$lte": now}},
                {"$set": {"report.due_at": now + _TAKEN_FOR}, "$inc": {"report.attempts": 1}},
                sort=[("report.due_at", ASCENDING)],
                return_document=ReturnDocument.AFTER,
            )
        return None if found is None else DueReport(entry_of(found), found["report"]["attempts"])

    def told(self, entry: LedgerEntry) -> None:
        """Nothing is due any more."""
        self._set(entry, {"$unset": {"report": True}})

    def later(self, entry: LedgerEntry, due_at: datetime) -> None:
        """Tell it again then."""
        self._set(entry, {"$set": {"report.due_at": due_at}})

    def give_up(self, entry: LedgerEntry, now: datetime) -> None:
        """Tell it never. The document keeps when that was decided."""
        self._set(entry, {"$unset": {"report.due_at": True}, "$set": {"report.given_up_at": now}})

    def _set(self, entry: LedgerEntry, update: Document) -> None:
        with reachable():
            self._ledger.update_one({"_id": entry.entry_id, "app_id": entry.app_id}, update)
