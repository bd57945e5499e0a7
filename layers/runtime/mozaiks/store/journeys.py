"""``journeys``: the runs of journeys, one small document each; its members are those of the pack, no more."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from mozaiks.access.principal import Tenant
from mozaiks.chats.positions import Position
from mozaiks.errors import MozaiksError
from mozaiks.journeys.states import Journey, JourneyStatus, Member, MemberStatus
from mozaiks.store.client import Document, reachable

__all__ = ["MongoJourneys", "MongoUnfinishedJourneys"]

CONFLICTS: Final = 40
"""So often a change is decided again because another one came first."""


class MongoJourneys:
    def __init__(self, database: Database[Document], clock: Callable[[], datetime]) -> None:
        self._journeys = database["journeys"]
        self._clock = clock

    def create(self, journey: Journey) -> Journey:
        with reachable():
            try:
                self._journeys.insert_one(_to_document(journey))
            except DuplicateKeyError:
                if journey.client_request_id is None:
                    raise
                tenant = Tenant(journey.app_id, journey.user_id)
                found = self.started_by(tenant, journey.journey_id, journey.client_request_id)
                if found is None:
                    raise
                return found
        return journey

    def get(self, tenant: Tenant, journey_run_id: str) -> Journey:
        with reachable():
            found = self._journeys.find_one({**tenant.key, "_id": journey_run_id})
        if found is None:
            raise MozaiksError("JOURNEY_NOT_FOUND", f"there is no journey's run {journey_run_id!r}")
        return _from_document(found)

    def started_by(self, tenant: Tenant, journey_id: str, client_request_id: str) -> Journey | None:
        query = {**tenant.key, "journey_id": journey_id, "client_request_id": client_request_id}
        with reachable():
            found = self._journeys.find_one(query)
        return None if found is None else _from_document(found)

    def page(self, tenant: Tenant, limit: int, before: Position | None) -> Sequence[Journey]:
        query: Document = {**tenant.key}
        if before is not None:
            query["$or"] = [
                {"created_at": {"$lt": before.created_at}},
                {"created_at": before.created_at, "_id": {"$lt": before.chat_id}},
            ]
        with reachable():
            found = self._journeys.find(query, sort=[("created_at", DESCENDING), ("_id", DESCENDING)], limit=limit)
            return [_from_document(document) for document in found]

    def unended(self, tenant: Tenant, after: str, limit: int) -> Sequence[Journey]:
        going = [JourneyStatus.RUNNING.value, JourneyStatus.BLOCKED.value]
        query: Document = {**tenant.key, "_id": {"$gt": after}, "status": {"$in": going}}
        with reachable():
            found = self._journeys.find(query, sort=[("_id", ASCENDING)], limit=limit)
            return [_from_document(document) for document in found]

    def change(self, tenant: Tenant, journey_run_id: str, decide: Callable[[Journey], Journey]) -> tuple[Journey, bool]:
        """Store what ``decide`` makes of the run, all of it or nothing: whoever changed it meanwhile is heard first.

        Raises
        ------
        MozaiksError
            ``JOURNEY_NOT_FOUND``, what ``decide`` raises, ``DATABASE_UNAVAILABLE`` if others are always first.
        """
        for conflicts in range(CONFLICTS):
            journey = self.get(tenant, journey_run_id)
            decided = decide(journey)
            if decided == journey:
                return journey, False
            changed = replace(decided, version=journey.version + 1, updated_at=self._clock())
            with reachable():
                done = self._journeys.replace_one(
                    {"_id": journey_run_id, "app_id": journey.app_id, "version": journey.version}, _to_document(changed)
                )
            if done.modified_count == 1:
                return changed, True
            time.sleep(random.uniform(0, 0.002 * min(conflicts, 10)))  # noqa: S311 - no secret depends on it
        raise MozaiksError("DATABASE_UNAVAILABLE", "the journey is being changed by too many at once; try again")

    def set_member(self, tenant: Tenant, journey_run_id: str, place: int, member: Member) -> Journey | None:
        mine = f"members.{place}"
        open_ = [MemberStatus.PENDING.value, MemberStatus.OPEN.value]
        with reachable():
            found = self._journeys.find_one_and_update(
                {
                    **tenant.key,
                    "_id": journey_run_id,
                    f"{mine}.chat_id": member.chat_id,
                    f"{mine}.status": {"$in": open_},
                },
                {"$set": {mine: _member_to_document(member), "updated_at": self._clock()}, "$inc": {"version": 1}},
                return_document=ReturnDocument.AFTER,
            )
        return None if found is None else _from_document(found)


class MongoUnfinishedJourneys:
    """What was left half done, of every app: for the runtime itself only."""

    def __init__(self, database: Database[Document]) -> None:
        self._journeys = database["journeys"]

    def lost_executions(self, before: datetime, limit: int) -> Sequence[Journey]:
        return self._find({"owed_since": {"$lt": before}, "status": JourneyStatus.RUNNING.value}, limit)

    def half_stopped(self, before: datetime, limit: int) -> Sequence[Journey]:
        return self._find({"stopping": True, "updated_at": {"$lt": before}}, limit)

    def _find(self, query: Document, limit: int) -> list[Journey]:
        with reachable():
            return [_from_document(document) for document in self._journeys.find(query, limit=limit)]


def _to_document(journey: Journey) -> Document:
    document: Document = {
        "_id": journey.journey_run_id,
        "app_id": journey.app_id,
        "user_id": journey.user_id,
        "journey_id": journey.journey_id,
        "members": [_member_to_document(member) for member in journey.members],
        "created_at": journey.created_at,
        "updated_at": journey.updated_at,
        "status": journey.status.value,
        "group": journey.group,
        "execution_no": journey.execution_no,
        "execution_from": journey.execution_from,
        "execution_started": journey.execution_started,
        "ended_at": journey.ended_at,
        "client_request_id": journey.client_request_id,
        "initial_message": journey.initial_message,
        "lead": journey.lead,
        "version": journey.version,
    }
    # Absent, not null or false, where there is nothing to do: their indexes are sparse.
    if journey.owed_since is not None:
        document["owed_since"] = journey.owed_since
    if journey.stopping:
        document["stopping"] = True
    return document


def _member_to_document(member: Member) -> Document:
    return {
        "group": member.group,
        "workflow_name": member.workflow_name,
        "chat_id": member.chat_id,
        "status": member.status.value,
        "attempt": member.attempt,
        "begins": member.begins,
        "retry_of": member.retry_of,
        "error": member.error,
        "opened_at": member.opened_at,
        "ended_at": member.ended_at,
    }


def _from_document(found: Document) -> Journey:
    return Journey(
        journey_run_id=found["_id"],
        app_id=found["app_id"],
        user_id=found["user_id"],
        journey_id=found["journey_id"],
        members=tuple(_member_from_document(each) for each in found["members"]),
        created_at=_utc(found["created_at"]),
        updated_at=_utc(found["updated_at"]),
        status=JourneyStatus(found["status"]),
        group=found["group"],
        execution_no=found["execution_no"],
        execution_from=found["execution_from"],
        execution_started=found["execution_started"],
        owed_since=_maybe_utc(found.get("owed_since")),
        stopping=found.get("stopping", False),
        ended_at=_maybe_utc(found["ended_at"]),
        client_request_id=found["client_request_id"],
        initial_message=found["initial_message"],
        lead=found["lead"],
        version=found["version"],
    )


def _member_from_document(found: Document) -> Member:
    fields: dict[str, Any] = {**found, "status": MemberStatus(found["status"])}
    for name in ("opened_at", "ended_at"):
        fields[name] = _maybe_utc(found[name])
    return Member(**fields)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _maybe_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else _utc(moment)
