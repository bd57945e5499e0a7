"""``connections``: who listens to which chat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pymongo.database import Database

from mozaiks.access.principal import Tenant
from mozaiks.push.connections import MOST_FOLLOWED, Connection
from mozaiks.store.client import Document, reachable
from mozaiks.store.erasures import refuse_erased

__all__ = ["MongoConnections"]

_FOLLOWS = {"$ifNull": ["$follows", []]}


class MongoConnections:
    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._connections = database["connections"]

    def add(self, connection: Connection) -> None:
        """Store a connection. ``CHAT_NOT_FOUND`` if its chat was erased meanwhile."""
        with reachable():
            self._connections.replace_one(
                {"_id": connection.connection_id}, {"_id": connection.connection_id, **_fields(connection)}, upsert=True
            )
            refuse_erased(self._database, connection.chat_id, lambda: self.remove(connection.connection_id))

    def get(self, connection_id: str, now: datetime) -> Connection | None:
        """The connection, by the id API Gateway gave it and vouches for on every frame."""
        with reachable():
            found = self._connections.find_one({"_id": connection_id, "expires_at": {"$gt": now}})
        return None if found is None else _from_document(found)

    def remove(self, connection_id: str) -> None:
        with reachable():
            self._connections.delete_one({"_id": connection_id})

    def delete_expired(self, now: datetime, limit: int) -> int:
        """Remove connections past their life, at most ``limit``; the TTL index would, but comes when it likes."""
        with reachable():
            found = self._connections.find({"expires_at": {"$lte": now}}, {"_id": True}, limit=limit)
            ids = [document["_id"] for document in found]
            if not ids:
                return 0
            gone = self._connections.delete_many({"_id": {"$in": ids}, "expires_at": {"$lte": now}})
        return gone.deleted_count

    def follow(self, tenant: Tenant, connection_id: str, chat_id: str) -> None:
        """Let a connection of this tenant hear of another chat too. Safe to repeat."""
        self._follow({**tenant.key, "_id": connection_id}, chat_id)

    def carry_along(self, tenant: Tenant, chat_id: str, next_chat_id: str) -> int:
        """Let every connection that hears of ``chat_id`` hear of ``next_chat_id`` too; how many did not before.

        Both chats are this tenant's: the caller has looked them up for it.
        """
        return self._follow(_hears(tenant, chat_id), next_chat_id)

    def _follow(self, query: Document, chat_id: str) -> int:
        with reachable():
            done = self._connections.update_many(
                {"$and": [query, {"chat_id": {"$ne": chat_id}, "follows": {"$ne": chat_id}}]},
                {"$push": {"follows": {"$each": [chat_id], "$slice": -MOST_FOLLOWED}}},
            )
        return done.modified_count

    def carry_all_along(self, tenant: Tenant, chat_ids: Sequence[str], next_chat_ids: Sequence[str]) -> int:
        """Let every connection that hears of one of ``chat_ids`` hear of all ``next_chat_ids`` too; how many did not.

        The chats are this tenant's: the caller has looked them up for it.
        """
        new = {"$setDifference": [list(next_chat_ids), {"$concatArrays": [_FOLLOWS, ["$chat_id"]]}]}
        with reachable():
            done = self._connections.update_many(
                _hears_any(tenant, chat_ids),
                # Ids are values here, never operators: each is ours, and none begins with a dollar.
                [{"$set": {"follows": {"$slice": [{"$concatArrays": [_FOLLOWS, new]}, -MOST_FOLLOWED]}}}],
            )
        return done.modified_count

    def of_chats(self, tenant: Tenant, chat_ids: Sequence[str], now: datetime) -> Sequence[Connection]:
        """The connections that hear of at least one of the chats."""
        query = {**_hears_any(tenant, chat_ids), "expires_at": {"$gt": now}}
        with reachable():
            return [_from_document(document) for document in self._connections.find(query)]

    def of_chat(self, tenant: Tenant, chat_id: str, now: datetime) -> Sequence[Connection]:
        # The TTL index is a janitor that comes when it likes; the filter decides.
        query = {**_hears(tenant, chat_id), "expires_at": {"$gt": now}}
        with reachable():
            return [_from_document(document) for document in self._connections.find(query)]


def _hears(tenant: Tenant, chat_id: str) -> Document:
    # One index for each arm: a connection is found by its own chat, or by one it follows.
    return {"$or": [{**tenant.key, "chat_id": chat_id}, {**tenant.key, "follows": chat_id}]}


def _hears_any(tenant: Tenant, chat_ids: Sequence[str]) -> Document:
    ids = {"$in": list(chat_ids)}
    return {"$or": [{**tenant.key, "chat_id": ids}, {**tenant.key, "follows": ids}]}


def _fields(connection: Connection) -> Document:
    document: Document = {
        "app_id": connection.app_id,
        "user_id": connection.user_id,
        "chat_id": connection.chat_id,
        "scopes": sorted(connection.scopes),
        "connected_at": connection.connected_at,
        "expires_at": connection.expires_at,
        "token_expires_at": connection.token_expires_at,
    }
    if connection.follows:
        document["follows"] = list(connection.follows)
    return document


def _from_document(found: Document) -> Connection:
    token_expires_at = found["token_expires_at"]
    return Connection(
        connection_id=found["_id"],
        app_id=found["app_id"],
        user_id=found["user_id"],
        chat_id=found["chat_id"],
        scopes=frozenset(found["scopes"]),
        connected_at=found["connected_at"].astimezone(UTC),
        expires_at=found["expires_at"].astimezone(UTC),
        token_expires_at=None if token_expires_at is None else token_expires_at.astimezone(UTC),
        follows=tuple(found.get("follows", ())),
    )
