"""``chat_sessions``, and the transaction that changes a chat together with everything a change holds."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pymongo
from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, OperationFailure

from mozaiks.access.principal import Tenant
from mozaiks.chats.changes import Applied, Change, Decide
from mozaiks.chats.events import Event
from mozaiks.chats.positions import Position
from mozaiks.chats.requests import artifact_of
from mozaiks.chats.states import FINAL, Chat, ChatStatus, Join, Lease
from mozaiks.errors import MozaiksError
from mozaiks.store.client import Document, reachable
from mozaiks.store.events import to_document as event_document
from mozaiks.store.ledger import note_run
from mozaiks.store.secrets import keep_sealed
from mozaiks.store.sessions import fields_to_document, from_document, to_document
from mozaiks.store.text import from_text, to_text
from mozaiks.store.tool_results import to_document as result_document

__all__ = ["MongoChats"]

log = logging.getLogger("mozaiks.store")

TRANSACTION_SECONDS: Final = 8.0
"""Longest a transaction may take with its repeats after conflicts."""

CONFLICT_PAUSE_SECONDS: Final = 0.005
"""Longest pause after a first conflict; doubles with each one, up to ``CONFLICT_PAUSE_AT_MOST``."""

CONFLICT_PAUSE_AT_MOST: Final = 0.04
"""A few transactions long. The driver's own pauses grow to half a second: the last of forty children that end together
would keep their parent waiting for that."""

_WRITE_CONFLICT: Final = 112


class _Conflict(Exception):
    """Another transaction changed the same document first."""


class MongoChats:
    """Sessions of chats.

    A change is one transaction over the session, its events, histories, results and command. The session's
    ``last_seq`` gives the events their places: writers of one chat meet at its document, so there is no gap and no
    repeat.
    """

    def __init__(self, database: Database[Document], clock: Callable[[], datetime]) -> None:
        self._database = database
        self._sessions = database["chat_sessions"]
        self._clock = clock

    def create(self, chat: Chat, change: Change) -> Applied:
        def write(session: ClientSession) -> Applied:
            self._sessions.insert_one(to_document(chat), session=session)
            return self._write(session, chat, change, ())

        with reachable():
            try:
                return self._in_transaction(write)
            except DuplicateKeyError as error:
                raise MozaiksError(
                    "IDEMPOTENCY_MISMATCH", "another chat was started with this client_request_id"
                ) from error

    def get(self, tenant: Tenant, chat_id: str) -> Chat:
        with reachable():
            found = self._sessions.find_one({**tenant.key, "_id": chat_id})
        return from_document(_present(found, chat_id))

    def of_ids(self, tenant: Tenant, chat_ids: Sequence[str]) -> Mapping[str, Chat]:
        """Those of the chats that this tenant has, by id."""
        with reachable():
            found = self._sessions.find({**tenant.key, "_id": {"$in": list(chat_ids)}})
            return {document["_id"]: from_document(document) for document in found}

    def transact(self, tenant: Tenant, chat_id: str, decide: Decide, *, command_ids: Sequence[str] = ()) -> Applied:
        def write(session: ClientSession) -> Applied:
            found = self._sessions.find_one({**tenant.key, "_id": chat_id}, session=session)
            chat = from_document(_present(found, chat_id))
            earlier = self._earlier_answer(session, chat, command_ids)
            if earlier is not None:
                return Applied(chat, answer=earlier, changed=False)
            return self._write(session, chat, decide(chat), command_ids)

        with reachable():
            try:
                return self._in_transaction(write)
            except DuplicateKeyError:
                # The same command, or a writer outside a transaction, was faster: look again, now it is there.
                return self._in_transaction(write)

    def acquire(self, tenant: Tenant, chat_id: str, run_no: int, lease: Lease, now: datetime) -> Chat | None:
        """Take the lease of a running chat, where nobody holds it.

        Returns
        -------
        Chat or None
            The chat as it is with the lease taken, or ``None``: another worker holds it, or the run is over.
        """
        free = {"$or": [{"lease": None}, {"lease.until": {"$lte": now}}]}
        with reachable():
            found = self._sessions.find_one_and_update(
                {**tenant.key, "_id": chat_id, "status": ChatStatus.RUNNING, "run_no": run_no, **free},
                {"$set": {"lease": {"token": lease.token, "until": lease.until}, "run_started": True}},
                return_document=ReturnDocument.AFTER,
            )
        return None if found is None else from_document(found)

    def renew(self, tenant: Tenant, chat_id: str, lease: Lease) -> Chat | None:
        """Hold the lease for longer; ``None`` if it was lost. Tells what became of the chat meanwhile."""
        with reachable():
            found = self._sessions.find_one_and_update(
                {**tenant.key, "_id": chat_id, "lease.token": lease.token},
                {"$max": {"lease.until": lease.until}},
                return_document=ReturnDocument.AFTER,
            )
        return None if found is None else from_document(found)

    def settle_join(self, tenant: Tenant, chat_id: str, join: Join) -> bool:
        mine = {"join.of": join.of, "join.id": join.id, "join.token": join.token, "join.settled": False}
        with reachable():
            # A chat that runs again owes its next end.
            done = self._sessions.update_one(
                {**tenant.key, "_id": chat_id, **mine, "status": {"$in": sorted(FINAL)}},
                {"$set": {"join.settled": True, "join.token": None}},
            )
        return done.modified_count == 1

    def open_ids(self, tenant: Tenant, after: str, limit: int) -> Sequence[str]:
        query = {**tenant.key, "_id": {"$gt": after}, "status": {"$nin": sorted(FINAL)}}
        with reachable():
            found = self._sessions.find(query, {"_id": 1}, sort=[("_id", ASCENDING)], limit=limit)
            return [document["_id"] for document in found]

    def started_by(self, tenant: Tenant, workflow_name: str, client_request_id: str) -> Chat | None:
        with reachable():
            found = self._sessions.find_one(
                {**tenant.key, "workflow_name": workflow_name, "client_request_id": client_request_id}
            )
        return None if found is None else from_document(found)

    def untouched(self, tenant: Tenant, workflow_name: str) -> Chat | None:
        query = {
            **tenant.key,
            "workflow_name": workflow_name,
            "inbox_seq": 0,
            "status": {"$in": [ChatStatus.CREATED, ChatStatus.WAITING]},
            "run_no": 0,
            "client_request_id": None,
            # What a parent opened is not there for whoever comes first. The chat that a journey begins with is: a page
            # that mounts twice starts it once.
            "join.of": {"$ne": "children"},
        }
        with reachable():
            found = self._sessions.find_one(query, sort=[("created_at", DESCENDING)])
        return None if found is None else from_document(found)

    def page(
        self, tenant: Tenant, workflow_name: str, *, limit: int, before: Position | None, status: ChatStatus | None
    ) -> Sequence[Chat]:
        query: Document = {**tenant.key, "workflow_name": workflow_name}
        if status is not None:
            query["status"] = status
        if before is not None:
            query["$or"] = [
                {"created_at": {"$lt": before.created_at}},
                {"created_at": before.created_at, "_id": {"$lt": before.chat_id}},
            ]
        with reachable():
            found = self._sessions.find(query, sort=[("created_at", DESCENDING), ("_id", DESCENDING)], limit=limit)
            return [from_document(document) for document in found]

    def _earlier_answer(self, session: ClientSession, chat: Chat, command_ids: Sequence[str]) -> Any:
        """What the command was answered when it took effect; ``None``: it has not yet. The first of the ids counts."""
        if not command_ids:
            return None
        query = {"app_id": chat.app_id, "chat_id": chat.chat_id, "client_message_id": {"$in": list(command_ids)}}
        found = {
            each["client_message_id"]: each["answer"]
            for each in self._database["commands"].find(query, session=session)
        }
        answers = [found[command_id] for command_id in command_ids if command_id in found]
        if not answers:
            return None
        return from_text(answers[0]) if isinstance(answers[0], str) else answers[0]

    def _in_transaction(self, write: Callable[[ClientSession], Applied]) -> Applied:
        def write_or_conflict(session: ClientSession) -> Applied:
            try:
                return write(session)
            except OperationFailure as error:
                if error.code != _WRITE_CONFLICT or time.monotonic() >= deadline:
                    raise
                raise _Conflict from error  # out of the driver's hands, whose pauses are longer

        deadline, pause = time.monotonic() + TRANSACTION_SECONDS, CONFLICT_PAUSE_SECONDS
        with pymongo.timeout(TRANSACTION_SECONDS), self._database.client.start_session() as session:
            while True:
                try:
                    return session.with_transaction(write_or_conflict)
                except _Conflict:
                    time.sleep(random.uniform(0, pause))  # noqa: S311 - no secret: writers shall not meet again
                    pause = min(2 * pause, CONFLICT_PAUSE_AT_MOST)

    def _write(self, session: ClientSession, chat: Chat, change: Change, command_ids: Sequence[str]) -> Applied:
        now = self._clock()
        command = change.command
        answer: Mapping[str, Any] = command.answer if command is not None else {}
        events = tuple(
            Event(chat.chat_id, chat.last_seq + place, new.event_id, new.type, now, new.data, new.agent, new.concealed)
            for place, new in enumerate(change.events, start=1)
        )
        record_ids = dict.fromkeys([*command_ids, *command.also]) if command is not None else {}
        if not (change.fields or events or change.history or change.results or record_ids):
            return Applied(chat, answer=answer, changed=False)
        fields = fields_to_document(change.fields, now)
        fields["updated_at"] = now
        fields["last_seq"] = chat.last_seq + len(events)
        if "last_artifact" not in fields:
            shown = [artifact for event in events if (artifact := artifact_of(event, chat.greeting)) is not None]
            if shown:
                fields["last_artifact"] = to_text(shown[-1])
        if change.says is not None:
            fields["inbox_seq"] = events[change.says].seq
        after = self._sessions.find_one_and_update(
            {"_id": chat.chat_id, "app_id": chat.app_id, "last_seq": chat.last_seq},
            {"$set": fields},
            session=session,
            return_document=ReturnDocument.AFTER,
        )
        if after is None:
            # A transaction reads one snapshot, so this is a bug, not a race: never write events over others' places.
            raise MozaiksError("INTERNAL", f"the chat moved on within its own transaction at seq {chat.last_seq}")
        if events:
            self._database["chat_events"].insert_many(
                [event_document(event, chat.app_id, chat.user_id) for event in events], session=session
            )
        if change.history:
            self._database["agent_histories"].insert_many(
                [
                    {
                        "app_id": chat.app_id,
                        "chat_id": chat.chat_id,
                        "agent": entry.agent,
                        "n": entry.n,
                        "payload": to_text(entry.payload),
                    }
                    for entry in change.history
                ],
                session=session,
            )
        note_run(self._database, session, chat, change, events, now)
        for kept in change.results:
            key = {"app_id": chat.app_id, "chat_id": chat.chat_id, "call_id": kept.call_id}
            document = result_document(chat.app_id, chat.chat_id, kept.call_id, kept.tool_name, kept.result, now)
            self._database["tool_results"].update_one(key, {"$setOnInsert": document}, upsert=True, session=session)
        for sealed in change.secrets:
            keep_sealed(self._database["secrets"], Tenant(chat.app_id, chat.user_id), sealed, now, session)
        for id_ in record_ids:
            # One by one: a duplicate is then the error that ``transact`` looks again for.
            self._database["commands"].insert_one(
                {
                    "app_id": chat.app_id,
                    "chat_id": chat.chat_id,
                    "user_id": chat.user_id,
                    "client_message_id": id_,
                    "kind": command.kind if command is not None else None,
                    "answer": to_text(answer),
                    "at": now,
                },
                session=session,
            )
        return Applied(from_document(after), events, answer)


def _present(found: Document | None, chat_id: str) -> Document:
    if found is None:
        raise MozaiksError("CHAT_NOT_FOUND", f"there is no chat {chat_id!r}")
    return found
