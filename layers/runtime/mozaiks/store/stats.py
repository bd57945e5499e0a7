"""``workflow_stats_{app}_{workflow}`` and ``app_usage``: figures that outlive the chats they were counted from.

A run is counted once, when it is over: its document in the ledger loses its mark in the transaction that adds to the
figures, so whoever counts the same run at the same time finds nothing, or tries again. Nothing in these figures tells
of a person.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from mozaiks.access.principal import Tenant, checked_id
from mozaiks.store.client import Document, reachable
from mozaiks.store.ledger import RUN_USAGE, entry_of
from mozaiks.usage.calls import TOKEN_KINDS, UsageRow
from mozaiks.usage.ledger import LedgerEntry

__all__ = ["APP_USAGE", "MongoStats", "stats_collection"]

APP_USAGE: Final = "app_usage"
_PREFIX: Final = "workflow_stats"
_TRANSACTION_SECONDS: Final = 8.0
_COUNTS: Final = ("model_calls", *TOKEN_KINDS, "cost_nanousd", "unpriced_calls")
_LONGEST_NAME: Final = 100
"""Characters of a workflow's name in a collection's, whose full name MongoDB holds to 255 bytes."""


def stats_collection(app_id: str, workflow_name: str) -> str:
    """The name of a workflow's collection.

    Two workflows may share one, as ``a_b``/``c`` and ``a``/``b_c`` do: what is in it says whose it is.
    """
    checked_id("app_id", app_id)
    return f"{_PREFIX}_{app_id}_{re.sub(r'[^A-Za-z0-9_-]', '_', workflow_name)[:_LONGEST_NAME]}"


class MongoStats:
    """``reports``: whether what is counted is to be told to others, too; then it is marked so in the same write."""

    def __init__(self, database: Database[Document], clock: Callable[[], datetime], *, reports: bool = False) -> None:
        self._database = database
        self._ledger = database[RUN_USAGE]
        self._clock = clock
        self._reports = reports

    def count(self, limit: int, tenant: Tenant | None = None, chat_id: str | None = None) -> int:
        """Add runs that are over to the figures; how many there were.

        Parameters
        ----------
        tenant, chat_id
            Of this chat only; of every app otherwise.
        """
        query: Document = {"uncounted": True, "ended_at": {"$ne": None}}
        if tenant is not None:
            query |= {**tenant.key, "chat_id": chat_id}

        def write(session: ClientSession) -> int:
            entries = [entry_of(found) for found in self._ledger.find(query, limit=limit, session=session)]
            if entries:
                self._count(entries, session)
            return len(entries)

        with reachable(), pymongo.timeout(_TRANSACTION_SECONDS), self._database.client.start_session() as session:
            return session.with_transaction(write)

    def _count(self, entries: Sequence[LedgerEntry], session: ClientSession) -> None:
        done: Document = {"$unset": {"uncounted": True}}
        if self._reports:
            done["$set"] = {"report": {"due_at": self._clock(), "attempts": 0}}
        self._ledger.update_many(
            {"_id": {"$in": [entry.entry_id for entry in entries]}, "uncounted": True}, done, session=session
        )
        by_workflow: dict[tuple[str, str, str], list[LedgerEntry]] = defaultdict(list)
        by_day: dict[tuple[str, str], list[UsageRow]] = defaultdict(list)
        for entry in entries:
            by_workflow[entry.app_id, entry.workflow_name, entry.day].append(entry)
            by_day[entry.app_id, entry.day] += entry.rows
        for (app_id, workflow_name, day), runs in by_workflow.items():
            self._add_to_workflow(app_id, workflow_name, day, runs, session)
        for (app_id, day), rows in by_day.items():
            for model, of_model in _by_model(rows).items():
                key: Document = {"app_id": app_id, "day": day, "model": model}
                self._database[APP_USAGE].update_one(
                    {"_id": f"{app_id}/{day}/{_short(model)}", **key}, {"$inc": _sums(of_model)}, True, session=session
                )

    def _add_to_workflow(
        self, app_id: str, workflow_name: str, day: str, runs: Sequence[LedgerEntry], session: ClientSession
    ) -> None:
        stats = self._database[stats_collection(app_id, workflow_name)]
        key: Document = {"app_id": app_id, "workflow_name": workflow_name, "day": day}
        rows = [row for run in runs for row in run.rows]
        statuses: dict[str, int] = defaultdict(int)
        for run in runs:
            statuses[f"runs_by_status.{run.status}"] += 1
        totals = {
            "runs": len(runs),
            "turns": sum(run.turns for run in runs),
            "duration_ms": sum(run.duration_ms for run in runs),
            **statuses,
            **_sums(rows),
        }
        whole = {"_id": f"{app_id}/{workflow_name}/{day}", **key, "kind": "day"}
        stats.update_one(whole, {"$inc": totals}, True, session=session)
        by_call: dict[tuple[str | None, str | None], list[UsageRow]] = defaultdict(list)
        for row in rows:
            by_call[row["agent"], row["model"]].append(row)
        for (agent, model), of_both in by_call.items():
            part = {
                "_id": f"{app_id}/{workflow_name}/{day}/{_short(agent)}/{_short(model)}",
                **key,
                "kind": "agent_model",
                "agent": agent,
                "model": model,
            }
            stats.update_one(part, {"$inc": _sums(of_both)}, True, session=session)


def _by_model(rows: Iterable[UsageRow]) -> dict[str | None, list[UsageRow]]:
    found: dict[str | None, list[UsageRow]] = defaultdict(list)
    for row in rows:
        found[row["model"]].append(row)
    return found


def _sums(rows: Iterable[UsageRow]) -> dict[str, int]:
    listed = list(rows)
    return {name: sum(int(row[name]) for row in listed) for name in _COUNTS}


def _short(name: str | None) -> str:
    """A name as part of an id: an index takes no more than some, and a model's may be anything."""
    return "-" if name is None else hashlib.sha256(name.encode()).hexdigest()[:16]
