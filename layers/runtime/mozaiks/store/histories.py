"""``agent_histories``: what each agent of a chat has seen and done, as encoded AG2 events."""

from __future__ import annotations

from typing import Any

from pymongo import DESCENDING
from pymongo.database import Database

from mozaiks.access.principal import Tenant
from mozaiks.store.client import Document, reachable
from mozaiks.store.text import from_text

__all__ = ["MongoHistories"]


class MongoHistories:
    """Reads histories. Only the transaction that changes a chat writes them."""

    def __init__(self, database: Database[Document]) -> None:
        self._entries = database["agent_histories"]

    def read(self, tenant: Tenant, chat_id: str, agent: str, limit: int) -> list[dict[str, Any]]:
        """The newest entries of the agent's history, at most ``limit``, oldest first."""
        # The session was read under the user's key; histories carry the app's alone.
        with reachable():
            found = self._entries.find(
                {"app_id": tenant.app_id, "chat_id": chat_id, "agent": agent},
                {"_id": 0, "payload": 1},
                sort=[("n", DESCENDING)],
                limit=limit,
            )
            return [from_text(document["payload"]) for document in found][::-1]
