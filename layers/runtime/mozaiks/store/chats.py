"""``chat_sessions``, and the transaction that changes a chat together with everything a change holds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import pymongo
from pymongo import DESCENDING, ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from mozaiks.access.principal import Tenant
from mozaiks.chats.changes import Applied, Change, Decide
from mozaiks.chats.events import Event
from mozaiks.chats.states import Chat, ChatStatus, Greeting, Lease, no_usage
from mozaiks.errors import MozaiksError
from mozaiks.store.client import Document, reachable
from mozaiks.store.events import to_document as event_document
from mozaiks.store.text import from_text, to_text

__all__ = ["MongoChats"]

log = logging.getLogger("mozaiks.store")

TRANSACTION_SECONDS: Final = 8.0
"""Longest a transaction may take with its repeats after conflicts."""


class MongoChats:
    """Sessions of chats.

    A change is one transaction over the session, its events, histories and command. The session's ``last_seq`` gives
    the events their places: writers of one chat meet at its document, so there is no gap and no repeat.
    """

    def __init__(self, database: Database[Document], clock: Callable[[], datetime]) -> None:
        self._database = database
        self._sessions = database["chat_sessions"]
        self._clock = clock

    def create(self, chat: Chat, change: Change) -> Applied:
        def write(session: ClientSession) -> Applied:
            self._sessions.insert_one(_to_document(chat), session=session)
            return self._write(session, chat, change, None)

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
        return _from_document(_present(found, chat_id))

    def transact(self, tenant: Tenant, chat_id: str, decide: Decide, *, command_id: str | None = None) -> Applied:
        def write(session: ClientSession) -> Applied:
            found = self._sessions.find_one({**tenant.key, "_id": chat_id}, session=session)
            chat = _from_document(_present(found, chat_id))
            if command_id is not None:
                earlier = self._database["commands"].find_one(
                    {"app_id": chat.app_id, "chat_id": chat_id, "client_message_id": command_id}, session=session
                )
                if earlier is not None:
                    return Applied(chat, answer=earlier["answer"])
            return self._write(session, chat, decide(chat), command_id)

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
        return None if found is None else _from_document(found)

    def renew(self, tenant: Tenant, chat_id: str, lease: Lease) -> Chat | None:
        """Hold the lease for longer; ``None`` if it was lost. Tells what became of the chat meanwhile."""
        with reachable():
            found = self._sessions.find_one_and_update(
                {**tenant.key, "_id": chat_id, "lease.token": lease.token},
                {"$max": {"lease.until": lease.until}},
                return_document=ReturnDocument.AFTER,
            )
        return None if found is None else _from_document(found)

    def started_by(self, tenant: Tenant, workflow_name: str, client_request_id: str) -> Chat | None:
        with reachable():
            found = self._sessions.find_one(
                {**tenant.key, "workflow_name": workflow_name, "client_request_id": client_request_id}
            )
        return None if found is None else _from_document(found)

    def untouched(self, tenant: Tenant, workflow_name: str) -> Chat | None:
        query = {
            **tenant.key,
            "workflow_name": workflow_name,
            "inbox_seq": 0,
            "status": {"$in": [ChatStatus.CREATED, ChatStatus.WAITING]},
            "run_no": 0,
            "client_request_id": None,
        }
        with reachable():
            found = self._sessions.find_one(query, sort=[("created_at", DESCENDING)])
        return None if found is None else _from_document(found)

    def page(
        self, tenant: Tenant, workflow_name: str, *, limit: int, before: str | None, status: ChatStatus | None
    ) -> Sequence[Chat]:
        query: Document = {**tenant.key, "workflow_name": workflow_name}
        if status is not None:
            query["status"] = status
        if before is not None:
            last = self.get(tenant, before)
            query["$or"] = [
                {"created_at": {"$lt": last.created_at}},
                {"created_at": last.created_at, "_id": {"$lt": before}},
            ]
        with reachable():
            found = self._sessions.find(query, sort=[("created_at", DESCENDING), ("_id", DESCENDING)], limit=limit)
            return [_from_document(document) for document in found]

    def lost_starts(self, before: datetime, limit: int) -> Sequence[Chat]:
        """Runs that were claimed before a moment and that no worker took up. Across apps: for the runtime only."""
        query = {"status": ChatStatus.RUNNING, "run_claimed_at": {"$lt": before}, "run_started": False}
        with reachable():
            return [_from_document(document) for document in self._sessions.find(query, limit=limit)]

    def _in_transaction(self, write: Callable[[ClientSession], Applied]) -> Applied:
        with pymongo.timeout(TRANSACTION_SECONDS), self._database.client.start_session() as session:
            return session.with_transaction(write)

    def _write(self, session: ClientSession, chat: Chat, change: Change, command_id: str | None) -> Applied:
        now = self._clock()
        answer: Mapping[str, Any] = change.command.answer if change.command is not None else {}
        events = tuple(
            Event(chat.chat_id, chat.last_seq + place, new.event_id, new.type, now, new.data, new.agent, new.concealed)
            for place, new in enumerate(change.events, start=1)
        )
        fields = _field_documents(change)
        if not fields and not events and not change.history and command_id is None:
            return Applied(chat, answer=answer)
        fields["updated_at"] = now
        fields["last_seq"] = chat.last_seq + len(events)
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
        if command_id is not None and change.command is not None:
            self._database["commands"].insert_one(
                {
                    "app_id": chat.app_id,
                    "chat_id": chat.chat_id,
                    "user_id": chat.user_id,
                    "client_message_id": command_id,
                    "kind": change.command.kind,
                    "answer": answer,
                    "at": now,
                },
                session=session,
            )
        return Applied(_from_document(after), events, answer)


def _present(found: Document | None, chat_id: str) -> Document:
    if found is None:
        raise MozaiksError("CHAT_NOT_FOUND", f"there is no chat {chat_id!r}")
    return found


def _field_documents(change: Change) -> Document:
    fields: Document = dict(change.fields)
    if "lease" in fields:
        lease: Lease | None = fields["lease"]
        fields["lease"] = None if lease is None else {"token": lease.token, "until": lease.until}
    if "pending" in fields:
        fields["pending"] = [dict(pending) for pending in fields["pending"]]
    if "state" in fields:
        fields["state"] = to_text(fields["state"])
    return fields


def _to_document(chat: Chat) -> Document:
    greeting = chat.greeting
    return {
        "_id": chat.chat_id,
        "app_id": chat.app_id,
        "user_id": chat.user_id,
        "workflow_name": chat.workflow_name,
        "workflow_version": chat.workflow_version,
        "greeting": {
            "startup_mode": greeting.startup_mode,
            "initial_agent": greeting.initial_agent,
            "initial_message": greeting.initial_message,
            "initial_message_to_user": greeting.initial_message_to_user,
            "visual_agents": None if greeting.visual_agents is None else list(greeting.visual_agents),
        },
        # An unsigned 32-bit number: BSON's int32 is signed, pymongo stores it as int64.
        "cache_seed": chat.cache_seed,
        "created_at": chat.created_at,
        "updated_at": chat.updated_at,
        "status": chat.status.value,
        "waiting_for": chat.waiting_for,
        "run_no": chat.run_no,
        "run_claimed_at": chat.run_claimed_at,
        "run_started": chat.run_started,
        "last_seq": chat.last_seq,
        "inbox_seq": chat.inbox_seq,
        "pending": [dict(pending) for pending in chat.pending],
        "cancel_requested": chat.cancel_requested,
        "lease": None,
        "usage": dict(chat.usage),
        "state": to_text(chat.state),
        "client_request_id": chat.client_request_id,
    }


def _from_document(found: Document) -> Chat:
    greeting, lease = found["greeting"], found["lease"]
    visual = greeting["visual_agents"]
    return Chat(
        chat_id=found["_id"],
        app_id=found["app_id"],
        user_id=found["user_id"],
        workflow_name=found["workflow_name"],
        workflow_version=found["workflow_version"],
        greeting=Greeting(
            startup_mode=greeting["startup_mode"],
            initial_agent=greeting["initial_agent"],
            initial_message=greeting["initial_message"],
            initial_message_to_user=greeting["initial_message_to_user"],
            visual_agents=None if visual is None else tuple(visual),
        ),
        cache_seed=int(found["cache_seed"]),
        created_at=_utc(found["created_at"]),
        updated_at=_utc(found["updated_at"]),
        status=ChatStatus(found["status"]),
        waiting_for=found["waiting_for"],
        run_no=found["run_no"],
        run_claimed_at=None if found["run_claimed_at"] is None else _utc(found["run_claimed_at"]),
        run_started=found["run_started"],
        last_seq=found["last_seq"],
        inbox_seq=found["inbox_seq"],
        pending=tuple(found["pending"]),
        cancel_requested=found["cancel_requested"],
        lease=None if lease is None else Lease(lease["token"], _utc(lease["until"])),
        usage={**no_usage(), **found["usage"]},
        state=from_text(found["state"]),
        client_request_id=found["client_request_id"],
    )


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
