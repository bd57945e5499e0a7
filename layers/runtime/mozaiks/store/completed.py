"""Which workflows a user has completed: what opens those that depend on them."""

from __future__ import annotations

from collections.abc import Collection

from pymongo.database import Database

from mozaiks.access.principal import Tenant
from mozaiks.chats.states import ChatStatus
from mozaiks.store.client import Document, reachable

__all__ = ["MongoCompleted"]


class MongoCompleted:
    def __init__(self, database: Database[Document]) -> None:
        self._sessions = database["chat_sessions"]

    def completed(self, tenant: Tenant, workflow_names: Collection[str]) -> frozenset[str]:
        """Those of ``workflow_names``, as declared, of which the tenant has a completed chat.

        Raises
        ------
        MozaiksError
            ``DATABASE_UNAVAILABLE``.
        """
        query = {
            **tenant.key,
            "status": ChatStatus.COMPLETED.value,
            "workflow_name": {"$in": sorted(set(workflow_names))},
        }
        with reachable():
            # Grouped, not ``distinct``, which the Stable API does not have: one step of the index for each name.
            groups = self._sessions.aggregate([{"$match": query}, {"$group": {"_id": "$workflow_name"}}])
            return frozenset(each["_id"] for each in groups)
