"""What model calls have cost, summed up by the database: by chat, family, journey, user, app and day."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pymongo.database import Database
from pymongo.read_concern import ReadConcern

from mozaiks.access.principal import Tenant
from mozaiks.store.client import Document, reachable
from mozaiks.store.ledger import RUN_USAGE
from mozaiks.store.stats import APP_USAGE
from mozaiks.usage.calls import TOKEN_KINDS, SpentAround, Sum, sum_of

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
            # The stable API has no ``distinct``.
            group: list[Document] = [
                {"$match": {**tenant.key, "journey_run_id": journey_run_id}},
                {"$group": {"_id": "$chat_id"}},
            ]
            members = [found["_id"] for found in self._ledger.aggregate(group)]
        return self._sum({**tenant.key, "root_chat_id": {"$in": members}})

    def around(self, tenant: Tenant, chat_id: str) -> SpentAround:
        """The chat, its family and its journey."""
        chat, family = self.of_chat(tenant, chat_id), self.of_family(tenant, chat_id)
        with reachable():
            own = self._ledger.find_one({**tenant.key, "chat_id": chat_id}, ("root_chat_id",))
            if own is None:
                return SpentAround(chat, family)
            member = self._ledger.find_one(
                {**tenant.key, "chat_id": own["root_chat_id"], "journey_run_id": {"$ne": None}}, ("journey_run_id",)
            )
        if member is None:
            return SpentAround(chat, family)
        journey_run_id = member["journey_run_id"]
        return SpentAround(chat, family, journey_run_id, self.of_journey(tenant, journey_run_id))

    def since(self, tenant: Tenant, since: datetime) -> Sum:
        """Runs that ended since, of chats that are stored."""
        return self._sum({**tenant.key, "ended_at": {"$gte": since}})

    def of_app(self, tenant: Tenant) -> Sum:
        """All runs of the app since ever, those of chats that were erased too. It never becomes less."""
        return self._counted_and_going({"app_id": tenant.app_id})

    def of_user(self, tenant: Tenant) -> Sum:
        """All chats of the tenant's user that are stored."""
        return self._sum(dict(tenant.key))

    def of_day(self, tenant: Tenant, day: str) -> Sum:
        """The app's runs that began on a day, those of chats that were erased too.

        Runs that are counted stand in one document for the day, the others, few, in the ledger. Both are read at one
        instant: a run moves from one to the other.
        """
        return self._counted_and_going({"app_id": tenant.app_id, "day": day})

    def _counted_and_going(self, of: Document) -> Sum:
        pipeline: list[Document] = [
            {"$match": {"uncounted": True, **of}},
            {"$unwind": "$rows"},
            _BY_MODEL,
        ]
        with (
            reachable(),
            self._database.client.start_session() as session,
            session.start_transaction(read_concern=ReadConcern("snapshot")),
        ):
            counted = list(self._days.find(of, session=session))
            going = list(self._ledger.aggregate(pipeline, session=session))
        return sum_of([*counted, *({**row, "model": row["_id"]} for row in going)])

    def _sum(self, match: Document) -> Sum:
        pipeline: list[Document] = [{"$match": match}, {"$unwind": "$rows"}, _BY_MODEL]
        with reachable():
            return sum_of([{**row, "model": row["_id"]} for row in self._ledger.aggregate(pipeline)])
