"""``chat_events``: the ordered log of each chat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from mozaiks.access.principal import Tenant
from mozaiks.chats.events import Event
from mozaiks.store.client import Document, reachable
from mozaiks.store.text import from_text, to_text

__all__ = ["MongoEventLog", "to_document"]


class MongoEventLog:
    """Reads the log. Only the transaction that changes a chat writes it."""

    def __init__(self, database: Database[Document]) -> None:
        self._events = database["chat_events"]

    def after(self, tenant: Tenant, chat_id: str, seq: int, limit: int) -> Sequence[Event]:
        """Events with a greater ``seq``, in order, at most ``limit``."""
        return self._read({**tenant.key, "chat_id": chat_id, "seq": {"$gt": seq}}, limit)

    def newest_texts(self, tenant: Tenant, chat_id: str, seq: int, limit: int) -> Sequence[Event]:
        """The newest of what was said after ``seq``, at most ``limit``, in order."""
        query = {**tenant.key, "chat_id": chat_id, "type": "chat.text", "seq": {"$gt": seq}}
        return self._read(query, limit, DESCENDING)[::-1]

    def _read(self, query: Document, limit: int, direction: int = ASCENDING) -> list[Event]:
        with reachable():
            found = self._events.find(query, sort=[("seq", direction)], limit=limit)
            return [_from_document(document) for document in found]


def to_document(event: Event, app_id: str, user_id: str) -> Document:
    return {
        "_id": event.event_id,
        "app_id": app_id,
        "user_id": user_id,
        "chat_id": event.chat_id,
        "seq": event.seq,
        "type": event.type,
        "at": event.at,
        "agent": event.agent,
        "concealed": event.concealed,
        "data": to_text(event.data),
    }


def _from_document(found: Document) -> Event:
    return Event(
        chat_id=found["chat_id"],
        seq=found["seq"],
        event_id=found["_id"],
        type=found["type"],
        at=found["at"].astimezone(UTC),
        data=from_text(found["data"]),
        agent=found["agent"],
        concealed=found["concealed"],
    )
