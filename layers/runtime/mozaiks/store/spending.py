"""What model calls have cost, summed up by the database: by chat, family, journey, user, app and day."""

from __future__ import annotations

from typing import Final

from pymongo.database import Database
from pymongo.read_concern import ReadConcern

from mozaiks.access.principal import Tenant
from mozaiks.store.client import Document, reachable
from mozaiks.store.ledger import RUN_USAGE
from mozaiks.store.stats import APP_USAGE
from mozaiks.usage.calls import TOKEN_KINDS, Sum, sum_of

__all__ = ["MongoSpending"]

_COUNTS: Final = ("model_calls", *TOKEN_KINDS, "cost_nanousd", "unpriced_calls")
_BY_MODEL: Final[Document] = {
    "$group": {"_id": "$rows.model", **{name: {"$sum": f"$rows.{name}"} for name in _COUNTS}},
}


class MongoSpending:
    """Reads only."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._ledger = database[RUN_USAGE]
        self._days = database[APP_USAGE]

    def of_chat(self, tenant: Tenant, chat_id: str) -> Sum:
        """The chat itself, without its children."""
        return self._sum({**tenant.key, "chat_id": chat_id})

    def of_family(self, tenant: Tenant, chat_id: str) -> Sum:
        """The chat and all whom it, its children and theirs have spawned."""
        family, youngest = {chat_id}, [chat_id]
        while youngest:
            with reachable():
                found = self._database["chat_sessions"].find(
                    {**tenant.key, "parent_chat_id": {"$in": youngest}}, {"_id": True}
                )
                youngest = [each["_id"] for each in found if each["_id"] not in family]
            family.update(youngest)
        return self._sum({**tenant.key, "chat_id": {"$in": sorted(family)}})

    def of_journey(self, tenant: Tenant, journey_run_id: str) -> Sum:
        """All chats of a journey's run with their families."""
        with reachable():
            members = self._ledger.distinct("chat_id", {**tenant.key, "journey_run_id": journey_run_id})
        return self._sum({**tenant.key, "root_chat_id": {"$in": members}})

    def of_user(self, tenant: Tenant) -> Sum:
        """All chats of the tenant's user that are stored."""
        return self._sum(dict(tenant.key))

    def of_day(self, tenant: Tenant, day: str) -> Sum:
        """The app's runs that began on a day, those of chats that were erased too.

        Runs that are counted stand in one document for the day, the others, few, in the ledger. Both are read at one
        instant: a run moves from one to the other.
        """
        app = {"app_id": tenant.app_id}
        pipeline: list[Document] = [
            {"$match": {"uncounted": True, **app, "day": day}},
            {"$unwind": "$rows"},
            _BY_MODEL,
        ]
        with (
            reachable(),
            self._database.client.start_session() as session,
            session.start_transaction(read_concern=ReadConcern("snapshot")),
        ):
            counted = list(self._days.find({**app, "day": day}, session=session))
            going = list(self._ledger.aggregate(pipeline, session=session))
        return sum_of([*counted, *({**row, "model": row["_id"]} for row in going)])

    def _sum(self, match: Document) -> Sum:
        pipeline: list[Document] = [{"$match": match}, {"$unwind": "$rows"}, _BY_MODEL]
        with reachable():
            return sum_of([{**row, "model": row["_id"]} for row in self._ledger.aggregate(pipeline)])
