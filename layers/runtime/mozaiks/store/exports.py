"""What is stored of a user, field by field, as it may be told to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pymongo import ASCENDING
from pymongo.database import Database

from mozaiks.access.principal import Tenant
from mozaiks.chats.events import timestamp
from mozaiks.chats.states import Chat
from mozaiks.store.client import Document, reachable
from mozaiks.store.sessions import from_document
from mozaiks.store.text import from_text

__all__ = ["MongoExports"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """Where the lines of a kind are, what orders them, and what of a document is told."""

    collection: str
    key: str
    told: Callable[[Document], dict[str, Any]]
    of_chat: bool = True


_KINDS: Final = {
    "command": _Kind(
        "commands",
        "client_message_id",
        lambda found: {
            "chat_id": found["chat_id"],
            "client_message_id": found["client_message_id"],
            "command": found["kind"],
            "at": _time(found["at"]),
        },
    ),
    "tool_result": _Kind(
        "tool_results",
        "call_id",
        lambda found: {
            "chat_id": found["chat_id"],
            "call_id": found["call_id"],
            "tool_name": found["tool_name"],
            "result": from_text(found["result"]),
            "at": _time(found["at"]),
        },
    ),
    "journey": _Kind(
        "journeys",
        "_id",
        lambda found: {
            "journey_run_id": found["_id"],
            "journey_id": found["journey_id"],
            "status": found["status"],
            "created_at": _time(found["created_at"]),
            "ended_at": _time(found["ended_at"]),
            "initial_message": found["initial_message"],
            "members": [
                {name: member[name] for name in ("group", "workflow_name", "chat_id", "status")}
                for member in found["members"]
            ],
        },
        of_chat=False,
    ),
    "secret": _Kind(
        "secrets",
        "name",
        lambda found: {
            "name": found["name"],
            "version": found["version"],
            "created_at": _time(found["created_at"]),
            "updated_at": _time(found["updated_at"]),
        },
        of_chat=False,
    ),
}


class MongoExports:
    def __init__(self, database: Database[Document]) -> None:
        self._database = database

    def chats(self, tenant: Tenant, after: str, limit: int) -> Sequence[Chat]:
        query = {**tenant.key, "_id": {"$gt": after}}
        with reachable():
            found = self._database["chat_sessions"].find(query, sort=[("_id", ASCENDING)], limit=limit)
            return [from_document(document) for document in found]

    def chat(self, tenant: Tenant, chat_id: str) -> Chat | None:
        with reachable():
            found = self._database["chat_sessions"].find_one({**tenant.key, "_id": chat_id})
        return None if found is None else from_document(found)

    def rows(
        self, tenant: Tenant, kind: str, chat_id: str, after: str | None, limit: int
    ) -> Sequence[tuple[str, dict[str, Any]]]:
        """Lines of a kind."""
        # Not every document of a chat names its user: its session does.
        if chat_id and self.chat(tenant, chat_id) is None:
            return []
        if kind == "message":
            return self._messages(tenant, chat_id, after, limit)
        about = _KINDS[kind]
        query: Document = {"app_id": tenant.app_id, "chat_id": chat_id} if about.of_chat else {**tenant.key}
        if after is not None:
            query[about.key] = {"$gt": after}
        # A ciphertext has no business outside of the database, not even in this process.
        fields = {"ciphertext": False} if kind == "secret" else None
        with reachable():
            found = self._database[about.collection].find(query, fields, sort=[(about.key, ASCENDING)], limit=limit)
            return [(str(document[about.key]), about.told(document)) for document in found]

    def _messages(
        self, tenant: Tenant, chat_id: str, after: str | None, limit: int
    ) -> list[tuple[str, dict[str, Any]]]:
        """What agents were told and answered. Ordered by agent, then number: the key is ``number:agent``."""
        query: Document = {"app_id": tenant.app_id, "chat_id": chat_id}
        if after is not None:
            number, _, agent = after.partition(":")
            n = int(number) if number.isascii() and number.isdigit() and len(number) < 16 else -1
            query["$or"] = [{"agent": {"$gt": agent}}, {"agent": agent, "n": {"$gt": n}}]
        with reachable():
            found = self._database["agent_histories"].find(
                query, sort=[("agent", ASCENDING), ("n", ASCENDING)], limit=limit
            )
            return [
                (
                    f"{document['n']}:{document['agent']}",
                    {
                        "chat_id": document["chat_id"],
                        "agent": document["agent"],
                        "n": document["n"],
                        "message": from_text(document["payload"]),
                    },
                )
                for document in found
            ]


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else timestamp(moment.astimezone(UTC))
