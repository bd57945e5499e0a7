"""The slices of a chat's runs, as its ledger keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo import DESCENDING
from pymongo.database import Database

from mozaiks.access.principal import Tenant
from mozaiks.store.client import Document, reachable
from mozaiks.store.ledger import RUN_USAGE
from mozaiks.usage.slices import TracedSlice

__all__ = ["MongoSlices"]


class MongoSlices:
    """Reads only."""

    def __init__(self, database: Database[Document]) -> None:
        self._ledger = database[RUN_USAGE]

    def of_chat(self, tenant: Tenant, chat_id: str, since: datetime | None, limit: int) -> Sequence[TracedSlice]:
        """Slices of the chat's newest runs.

        Parameters
        ----------
        since
            Leave out runs that were over before.
        limit
            Executions of runs to read.
        """
        query: Document = {**tenant.key, "chat_id": chat_id}
        if since is not None:
            query["$or"] = [{"ended_at": None}, {"ended_at": {"$gte": since}}]
        with reachable():
            runs = list(
                self._ledger.find(query, ("run_no", "slices", "status"), limit=limit, sort=[("run_no", DESCENDING)])
            )
        return [each for run in runs for each in _slices(run)]


def _slices(run: Mapping[str, Any]) -> list[TracedSlice]:
    kept: Mapping[str, Any] = run.get("slices", {})
    newest = max(map(int, kept), default=0)
    return [_slice(run, int(no), found, int(no) == newest) for no, found in kept.items()]


def _slice(run: Mapping[str, Any], no: int, found: Mapping[str, Any], newest: bool) -> TracedSlice:
    began_at: datetime = found["began_at"].astimezone(UTC)
    ended_at, outcome = found["ended_at"], found["outcome"]
    if ended_at is None and (not newest or run["status"] != "running"):
        # It would have said how it ended. Whoever took over went on from its last safe point.
        outcome = "lost"
    return TracedSlice(
        run_no=run["run_no"],
        number=no,
        began_at=began_at,
        ended_at=None if ended_at is None else ended_at.astimezone(UTC),
        # Clocks of two workers may differ.
        duration_ms=None
        if ended_at is None
        else max(0, round((ended_at.astimezone(UTC) - began_at).total_seconds() * 1000)),
        outcome=outcome,
        model_calls=found["model_calls"],
        model_ms=found["model_ms"],
    )
