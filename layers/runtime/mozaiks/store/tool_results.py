"""``tool_results``: the journal that keeps a finished tool call from running again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from mozaiks.access.principal import Tenant
from mozaiks.store.client import Document, reachable
from mozaiks.store.text import from_text, to_text

__all__ = ["MongoToolResults", "to_document"]


class MongoToolResults:
    def __init__(self, database: Database[Document]) -> None:
        self._results = database["tool_results"]

    def keep(
        self, tenant: Tenant, chat_id: str, call_id: str, tool_name: str, result: dict[str, Any], at: datetime
    ) -> dict[str, Any]:
        """Store the result of a call, the first time.

        Returns
        -------
        dict
            The result that counts: the stored one, whoever stored it.
        """
        with reachable():
            try:
                self._results.insert_one(to_document(tenant.app_id, chat_id, call_id, tool_name, result, at))
            except DuplicateKeyError:
                return self.read(tenant, chat_id, [call_id])[call_id]
        return result

    def read(self, tenant: Tenant, chat_id: str, call_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The stored results among these calls, by call id."""
        query = {"app_id": tenant.app_id, "chat_id": chat_id, "call_id": {"$in": list(call_ids)}}
        with reachable():
            return {document["call_id"]: from_text(document["result"]) for document in self._results.find(query)}


def to_document(
    app_id: str, chat_id: str, call_id: str, tool_name: str, result: dict[str, Any], at: datetime
) -> Document:
    return {
        "app_id": app_id,
        "chat_id": chat_id,
        "call_id": call_id,
        "tool_name": tool_name,
        "result": to_text(result),
        "at": at,
    }
