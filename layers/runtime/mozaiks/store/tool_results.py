"""``tool_results``: the journal that keeps a finished tool call from running again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from mozaiks.access.principal import Tenant
from mozaiks.errors import MozaiksError
from mozaiks.store.client import Document, reachable
from mozaiks.store.erasures import refuse_erased
from mozaiks.store.text import from_text, to_text

__all__ = ["MongoToolResults", "to_document"]


class MongoToolResults:
    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._results = database["tool_results"]

    def keep(
        self, tenant: Tenant, chat_id: str, call_id: str, tool_name: str, result: dict[str, Any], at: datetime
    ) -> dict[str, Any]:
        """Store the result of a call, the first time.

        Returns
        -------
        dict
            The result that counts: the stored one, whoever stored it.

        Raises
        ------
        MozaiksError
            ``CHAT_NOT_FOUND`` if the chat is another app's, or was erased meanwhile; nothing is left of the result.
        """
        document = to_document(tenant.app_id, chat_id, call_id, tool_name, result, at)
        with reachable():
            try:
                self._results.insert_one(document)
            except DuplicateKeyError:
                first = self.read(tenant, chat_id, [call_id]).get(call_id)
                if first is None:
                    raise MozaiksError("CHAT_NOT_FOUND", f"there is no chat {chat_id!r}") from None
                return first
            refuse_erased(self._database, chat_id, lambda: self._results.delete_one({"_id": document["_id"]}))
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
