"""``erasures``: what is being erased, until it is; ``erased_chats``: which chats were, until no worker remembers them.

A chat that is being erased is taken away from everybody first: its session gets an ``app_id`` that no tenant has. From
that write on, every read and write of anybody else finds as much of it as of a missing id, and a worker that still
runs it can store nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pymongo
from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from mozaiks.access.principal import Tenant
from mozaiks.chats.erasure import Erasure
from mozaiks.chats.states import FINAL
from mozaiks.errors import MozaiksError
from mozaiks.store.client import Document, reachable
from mozaiks.store.collections import OF_CHATS, OF_USERS
from mozaiks.store.stats import MongoStats

__all__ = ["SWEEP_AFTER", "MongoErasures", "refuse_erased"]

log = logging.getLogger("mozaiks.store")

SWEEP_AFTER: Final = timedelta(minutes=20)
"""No worker lives longer (AWS ends one after 15 minutes): what a last one may have left is looked for once more."""
BATCH: Final = 500
"""Documents deleted, and counted, in one transaction."""
_RUNS: Final = 100
"""Runs of one chat that may wait to be counted: one, but for those that were cut off."""
_TRANSACTION_SECONDS: Final = 8.0
_HIDDEN: Final = "/"
"""Begins the ``app_id`` of a chat that is being erased. No tenant's id has a slash."""


class MongoErasures:
    def __init__(self, database: Database[Document], clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._erasures = database["erasures"]
        self._sessions = database["chat_sessions"]
        self._tombstones = database["erased_chats"]

    # -- what is to be erased ----------------------------------------------------------------------------------------

    def begin(self, tenant: Tenant, chat_id: str | None) -> Erasure:
        """Note that a user, or a chat of theirs, is to be erased; what is noted already goes on."""
        now = self._clock()
        with reachable():
            found = self._erasures.find_one_and_update(
                {"_id": _id(tenant, chat_id)},
                {
                    "$setOnInsert": {**tenant.key, "chat_id": chat_id, "requested_at": now, "counts": {}},
                    "$set": {"updated_at": now},
                },
                upsert=True,
                return_document=pymongo.ReturnDocument.AFTER,
            )
        return _from_document(found or {})

    def find(self, tenant: Tenant, chat_id: str | None) -> Erasure | None:
        """What is noted and not finished."""
        with reachable():
            found = self._erasures.find_one({"_id": _id(tenant, chat_id), **tenant.key})
        return None if found is None else _from_document(found)

    def unfinished(self, before: datetime, limit: int) -> Sequence[Erasure]:
        """Those nobody has worked on since a moment, of every app, the oldest first."""
        with reachable():
            found = self._erasures.find({"updated_at": {"$lt": before}}, sort=[("updated_at", ASCENDING)], limit=limit)
            return [_from_document(document) for document in found]

    def finish(self, erasure: Erasure) -> Mapping[str, int]:
        """Forget that something was erased. How much it was, by collection; nothing, if another call finished it."""
        with reachable():
            found = self._erasures.find_one_and_delete({"_id": _id(erasure.tenant, erasure.chat_id)})
        return {} if found is None else _from_document(found).counts

    # -- chats -------------------------------------------------------------------------------------------------------

    def chat_ids(self, tenant: Tenant, limit: int) -> Sequence[str]:
        """Chats of a user that are left, those included that are hidden already."""
        return self._ids({**_either(tenant), "user_id": tenant.user_id}, limit)

    def children(self, tenant: Tenant, parents: Sequence[str]) -> Sequence[str]:
        """Chats that these spawned."""
        return self._ids({**_either(tenant), "user_id": tenant.user_id, "parent_chat_id": {"$in": list(parents)}}, 0)

    def hide(self, tenant: Tenant, chat_id: str) -> bool:
        """Take an ended chat away from everybody; whether it is away. ``False``: it has been taken up again."""
        mine = {"_id": chat_id, "user_id": tenant.user_id}
        with reachable():
            if self._sessions.count_documents({**mine, "app_id": tenant.app_id}, limit=1) == 0:
                return True
            # Before anything is deleted: from here on, what a late worker writes beside the session is refused.
            self._tombstones.update_one(
                {"_id": chat_id},
                {"$set": {"app_id": tenant.app_id, "sweep_at": self._clock() + SWEEP_AFTER}},
                upsert=True,
            )
            done = self._sessions.update_one(
                {**mine, "app_id": tenant.app_id, "status": {"$in": sorted(FINAL)}},
                {"$set": {"app_id": _HIDDEN + tenant.app_id, "lease": None}},
            )
            if done.matched_count:
                return True
            return self._sessions.count_documents({**mine, "app_id": tenant.app_id}, limit=1) == 0

    def delete_chat(self, erasure: Erasure, chat_id: str, out_of_time: Callable[[], bool]) -> bool:
        """Delete everything of a hidden chat, its session last. Whether all of it is gone."""
        # What it spent stays in the app's figures, which tell of nobody.
        MongoStats(self._database, self._clock).count(_RUNS, erasure.tenant, chat_id)
        app_ids = {"$in": [erasure.tenant.app_id, _HIDDEN + erasure.tenant.app_id]}
        for each in OF_CHATS:
            query = {"app_id": app_ids, str(each.chat): chat_id}
            if not self._delete_all(erasure, each.name, query, out_of_time):
                return False
            if each.name == "chat_drafts" and not self._occupy_draft(chat_id):
                return False
        return True

    def _occupy_draft(self, chat_id: str) -> bool:
        """Put nobody's draft into the place of the chat's, so that no worker can write one; whether it is there."""
        nobodys = {"_id": chat_id, "app_id": _HIDDEN, "user_id": _HIDDEN}
        with reachable():
            try:
                self._database["chat_drafts"].update_one(
                    nobodys, {"$set": {"expires_at": self._clock() + SWEEP_AFTER}}, upsert=True
                )
            except DuplicateKeyError:
                return False
        return True

    def delete_user(self, erasure: Erasure, out_of_time: Callable[[], bool]) -> bool:
        """Delete what is left of a user outside of chats. Whether all of it is gone."""
        tenant = erasure.tenant
        query = {"app_id": tenant.app_id, "user_id": tenant.user_id}
        # Chats that were begun meanwhile are erased as chats.
        others = [each for each in OF_USERS if each.name != "chat_sessions"]
        return all(self._delete_all(erasure, each.name, query, out_of_time) for each in others)

    # -- what late workers may have left -----------------------------------------------------------------------------

    def sweep(self, now: datetime, limit: int) -> int:
        """Look once more for what workers left of erased chats after these were gone; how many chats were swept."""
        with reachable():
            due = list(self._tombstones.find({"sweep_at": {"$lte": now}}, limit=limit))
            for tombstone in due:
                for each in OF_CHATS:
                    if each.name == "chat_sessions":
                        continue
                    query = {"app_id": tombstone["app_id"], str(each.chat): tombstone["_id"]}
                    left = self._database[each.name].delete_many(query).deleted_count
                    if left:
                        log.warning("A late worker left %d of %s of an erased chat", left, each.name)
                self._tombstones.delete_one({"_id": tombstone["_id"], "sweep_at": tombstone["sweep_at"]})
        return len(due)

    def _ids(self, query: Document, limit: int) -> list[str]:
        with reachable():
            found = self._sessions.find(query, {"_id": True}, sort=[("_id", ASCENDING)], limit=limit)
            return [document["_id"] for document in found]

    def _delete_all(self, erasure: Erasure, collection: str, query: Document, out_of_time: Callable[[], bool]) -> bool:
        while not out_of_time():
            if self._delete_batch(erasure, collection, query) < BATCH:
                return True
        return False

    def _delete_batch(self, erasure: Erasure, collection: str, query: Document) -> int:
        """Delete some, and count them in the same transaction: whoever goes on later counts each once."""

        def delete(session: ClientSession) -> int:
            documents = self._database[collection]
            ids = [each["_id"] for each in documents.find(query, {"_id": True}, limit=BATCH, session=session)]
            if not ids:
                return 0
            gone = documents.delete_many({"_id": {"$in": ids}}, session=session).deleted_count
            self._erasures.update_one(
                {"_id": _id(erasure.tenant, erasure.chat_id)},
                {"$inc": {f"counts.{collection}": gone}, "$set": {"updated_at": self._clock()}},
                session=session,
            )
            return len(ids)

        with reachable(), pymongo.timeout(_TRANSACTION_SECONDS), self._database.client.start_session() as session:
            return session.with_transaction(delete)


def refuse_erased(database: Database[Document], chat_id: str, undo: Callable[[], Any]) -> None:
    """Take back what was just written for a chat, if it is erased.

    To be called after the write. Either erasure deletes what it finds, or this finds the erasure: one of both comes
    second.

    Raises
    ------
    MozaiksError
        ``CHAT_NOT_FOUND``.
    """
    if database["erased_chats"].find_one({"_id": chat_id}, {"_id": True}) is not None:
        undo()
        raise MozaiksError("CHAT_NOT_FOUND", f"there is no chat {chat_id!r}")


def _id(tenant: Tenant, chat_id: str | None) -> str:
    if tenant.user_id is None:
        raise ValueError("what is erased is one user's; expected a tenant with a user_id")
    return "/".join((tenant.app_id, tenant.user_id, chat_id or ""))


def _either(tenant: Tenant) -> Document:
    return {"app_id": {"$in": [tenant.app_id, _HIDDEN + tenant.app_id]}}


def _from_document(found: Document) -> Erasure:
    return Erasure(
        tenant=Tenant(found["app_id"], found["user_id"]),
        chat_id=found["chat_id"],
        requested_at=found["requested_at"].astimezone(UTC),
        counts={str(name): int(count) for name, count in found["counts"].items()},
    )
