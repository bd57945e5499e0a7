"""Counts and sums over chats, made by the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from mozaiks.access.principal import Tenant
from mozaiks.chats.positions import Position
from mozaiks.errors import MozaiksError
from mozaiks.store.client import Document, reachable
from mozaiks.store.text import from_text
from mozaiks.usage.figures import USAGE_KINDS, ActiveRun, ChatFigures, EndedRun, Totals

__all__ = ["MAX_APPS", "MongoFigures"]

MAX_APPS: Final = 100
_BATCH: Final = 500
"""Chats whose events are counted in one query."""
_RUNS_OF_CHATS: Final = 2000
_ENDED: Final = "chat.run_complete"
_SHOWN: Final = (
    "app_id", "user_id", "workflow_name", "status", "waiting_for", "created_at", "updated_at", "run_no", "usage",
)  # fmt: skip


class MongoFigures:
    """Reads only. What people and models said is never loaded."""

    def __init__(self, database: Database[Document]) -> None:
        self._sessions = database["chat_sessions"]
        self._events = database["chat_events"]

    def apps(self) -> list[str]:
        """Every app that has chats, at most ``MAX_APPS``; for a developer's machine, where no token names one."""
        pipeline: list[Document] = [{"$group": {"_id": "$app_id"}}, {"$sort": {"_id": 1}}, {"$limit": MAX_APPS}]
        with reachable():
            return [found["_id"] for found in self._sessions.aggregate(pipeline)]

    def active(self, tenant: Tenant, now: datetime, limit: int) -> list[ActiveRun]:
        """Runs that are going, those that were asked for first in front."""
        fields = (*_SHOWN, "run_claimed_at", "run_started", "lease", "cancel_requested")
        with reachable():
            found = self._sessions.find(
                {**tenant.key, "status": "running"}, fields, sort=[("run_claimed_at", ASCENDING)], limit=limit
            )
            return [
                ActiveRun(
                    app_id=each["app_id"],
                    user_id=each["user_id"],
                    workflow_name=each["workflow_name"],
                    chat_id=each["_id"],
                    run_no=each["run_no"],
                    claimed_at=each["run_claimed_at"],
                    started=each["run_started"],
                    in_hand=each["lease"] is not None and each["lease"]["until"] > now,
                    cancel_requested=each["cancel_requested"],
                )
                for each in found
            ]

    def running(self, tenant: Tenant) -> int:
        """How many runs are going."""
        with reachable():
            return self._sessions.count_documents({**tenant.key, "status": "running"})

    def opened(self, tenant: Tenant, since: datetime) -> dict[str, int]:
        """How many chats were opened since, by the state they are in now."""
        pipeline: list[Document] = [
            {"$match": {**tenant.key, "created_at": {"$gte": since}}},
            {"$group": {"_id": "$status", "chats": {"$sum": 1}}},
        ]
        with reachable():
            return {found["_id"]: found["chats"] for found in self._sessions.aggregate(pipeline)}

    def totals(self, tenant: Tenant) -> list[Totals]:
        """All chats there are, by workflow and state."""
        sums: Document = {kind: {"$sum": f"$usage.{kind}"} for kind in USAGE_KINDS}
        pipeline: list[Document] = [
            {"$match": tenant.key},
            {
                "$group": {
                    "_id": {"app": "$app_id", "workflow": "$workflow_name", "status": "$status"},
                    "chats": {"$sum": 1},
                    "runs": {"$sum": "$run_no"},
                    **sums,
                }
            },
            {"$sort": {"_id.app": 1, "_id.workflow": 1, "_id.status": 1}},
        ]
        with reachable():
            return [
                Totals(
                    app_id=found["_id"]["app"],
                    workflow_name=found["_id"]["workflow"],
                    status=found["_id"]["status"],
                    chats=found["chats"],
                    runs=found["runs"],
                    usage={kind: found[kind] for kind in USAGE_KINDS},
                )
                for found in self._sessions.aggregate(pipeline)
            ]

    def runs(self, tenant: Tenant, since: datetime, limit: int) -> list[EndedRun]:
        """Runs that ended since, the newest first."""
        query = {**tenant.key, "type": _ENDED, "at": {"$gte": since}}
        with reachable():
            found = self._events.find(query, ("chat_id", "at", "data"), sort=[("at", DESCENDING)], limit=limit)
            return [_ended_run(each) for each in found]

    def counts(
        self, tenant: Tenant, chat_ids: Sequence[str], types: Sequence[str], since: datetime | None = None
    ) -> dict[str, dict[str, int]]:
        """How many events of each of the types the chats have, by chat."""
        counted: dict[str, dict[str, int]] = defaultdict(dict)
        for first in range(0, len(chat_ids), _BATCH):
            match: Document = {
                **tenant.key,
                "chat_id": {"$in": list(chat_ids[first : first + _BATCH])},
                "type": {"$in": list(types)},
            }
            if since is not None:
                match["at"] = {"$gte": since}
            group: Document = {"_id": {"chat": "$chat_id", "type": "$type"}, "events": {"$sum": 1}}
            with reachable():
                for found in self._events.aggregate([{"$match": match}, {"$group": group}]):
                    counted[found["_id"]["chat"]][found["_id"]["type"]] = found["events"]
        return counted

    def chats(self, tenant: Tenant, types: Sequence[str], limit: int, position: Position | None) -> list[ChatFigures]:
        """Chats of every workflow, the newest first, those beyond ``position``."""
        query: Document = dict(tenant.key)
        if position is not None:
            query["$or"] = [
                {"created_at": {"$lt": position.created_at}},
                {"created_at": position.created_at, "_id": {"$lt": position.chat_id}},
            ]
        with reachable():
            found = list(
                self._sessions.find(query, _SHOWN, sort=[("created_at", DESCENDING), ("_id", DESCENDING)], limit=limit)
            )
        return self._figures(tenant, found, types)

    def chat(self, tenant: Tenant, chat_id: str, types: Sequence[str]) -> ChatFigures:
        """One chat; ``CHAT_NOT_FOUND`` if this tenant has none of this id."""
        with reachable():
            found = self._sessions.find_one({**tenant.key, "_id": chat_id}, _SHOWN)
        if found is None:
            raise MozaiksError("CHAT_NOT_FOUND", f"there is no chat {chat_id!r}")
        return self._figures(tenant, [found], types)[0]

    def _figures(self, tenant: Tenant, sessions: Sequence[Document], types: Sequence[str]) -> list[ChatFigures]:
        chat_ids = [each["_id"] for each in sessions]
        counts = self.counts(tenant, chat_ids, types)
        runs: dict[str, list[EndedRun]] = defaultdict(list)
        query = {**tenant.key, "chat_id": {"$in": chat_ids}, "type": _ENDED}
        with reachable():
            for each in self._events.find(
                query, ("chat_id", "at", "data"), sort=[("at", DESCENDING)], limit=_RUNS_OF_CHATS
            ):
                runs[each["chat_id"]].append(_ended_run(each))
        return [_chat_figures(each, counts.get(each["_id"], {}), runs[each["_id"]]) for each in sessions]


def _chat_figures(found: Document, counts: dict[str, int], runs: list[EndedRun]) -> ChatFigures:
    return ChatFigures(
        app_id=found["app_id"],
        user_id=found["user_id"],
        workflow_name=found["workflow_name"],
        chat_id=found["_id"],
        status=found["status"],
        waiting_for=found["waiting_for"],
        created_at=found["created_at"].astimezone(UTC),
        updated_at=found["updated_at"].astimezone(UTC),
        run_no=found["run_no"],
        usage={kind: int(found["usage"].get(kind, 0)) for kind in USAGE_KINDS},
        counts=counts,
        runs=runs,
    )


def _ended_run(found: Document) -> EndedRun:
    data: dict[str, Any] = from_text(found["data"])
    return EndedRun(
        chat_id=found["chat_id"],
        run_no=data["run_no"],
        status=data["status"],
        turns=data["turns"],
        duration_ms=data["duration_ms"],
        usage=data["usage"],
        at=found["at"].astimezone(UTC),
    )
