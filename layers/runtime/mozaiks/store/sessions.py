"""A chat as a document of ``chat_sessions``, there and back.

What people and models made up is JSON text; what is looked for is a field of its own. A document that an earlier
version wrote lacks what came later, and is read with its absence.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from mozaiks.chats.batches import Batch
from mozaiks.chats.changes import ChatFields
from mozaiks.chats.states import Chat, ChatStatus, Greeting, Join, Lease, PendingInput, no_usage, pending_input
from mozaiks.store.client import Document
from mozaiks.store.text import from_text, to_text

__all__ = ["fields_to_document", "from_document", "to_document"]

_PLAIN: Final = ("request_id", "kind", "expires_at")
"""What of an open request is looked for."""


def to_document(chat: Chat) -> Document:
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
            # Pairs, not a map: a variable's name may be anything, a field's may not.
            "writable": [[name, type_] for name, type_ in greeting.writable.items()],
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
        "pending": [_request_to_document(pending) for pending in chat.pending],
        "cancel_requested": chat.cancel_requested,
        "interrupt_requested": chat.interrupt_requested,
        "lease": None,
        "lease_left_at": chat.lease_left_at,
        "usage": dict(chat.usage),
        "state": to_text(chat.state),
        "context_inbox": to_text(chat.context_inbox),
        "last_artifact": None if chat.last_artifact is None else to_text(chat.last_artifact),
        "client_request_id": chat.client_request_id,
        "parent_chat_id": chat.parent_chat_id,
        "root_chat_id": chat.root_chat_id,
        "depth": chat.depth,
        "lineage": list(chat.lineage),
        "join": _join_to_document(chat.join),
        "batch": _batch_to_document(chat.batch),
    }


def fields_to_document(fields: ChatFields, now: datetime) -> Document:
    """What a step sets, as fields of the document. A worker that gives the chat back leaves the time."""
    document: Document = dict(fields)
    if "lease" in fields:
        lease = fields["lease"]
        document["lease"] = None if lease is None else {"token": lease.token, "until": lease.until}
        if lease is None:
            document["lease_left_at"] = now
    if "join" in fields:
        document["join"] = _join_to_document(fields["join"])
    if "batch" in fields:
        document["batch"] = _batch_to_document(fields["batch"])
    if "pending" in fields:
        document["pending"] = [_request_to_document(pending) for pending in fields["pending"]]
    for name in ("state", "context_inbox"):
        if name in document:
            document[name] = to_text(document[name])
    if document.get("last_artifact") is not None:
        document["last_artifact"] = to_text(document["last_artifact"])
    return document


def from_document(found: Document) -> Chat:
    greeting, lease, artifact = found["greeting"], found["lease"], found.get("last_artifact")
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
            writable=dict(greeting.get("writable", [])),
        ),
        cache_seed=int(found["cache_seed"]),
        created_at=_utc(found["created_at"]),
        updated_at=_utc(found["updated_at"]),
        status=ChatStatus(found["status"]),
        waiting_for=found["waiting_for"],
        run_no=found["run_no"],
        run_claimed_at=_maybe_utc(found["run_claimed_at"]),
        run_started=found["run_started"],
        last_seq=found["last_seq"],
        inbox_seq=found["inbox_seq"],
        pending=tuple(_request_from_document(pending) for pending in found["pending"]),
        cancel_requested=found["cancel_requested"],
        interrupt_requested=found.get("interrupt_requested", False),
        lease=None if lease is None else Lease(lease["token"], _utc(lease["until"])),
        lease_left_at=_maybe_utc(found.get("lease_left_at")),
        usage={**no_usage(), **found["usage"]},
        state=from_text(found["state"]),
        context_inbox=from_text(found.get("context_inbox", "{}")),
        last_artifact=None if artifact is None else from_text(artifact),
        client_request_id=found["client_request_id"],
        parent_chat_id=found.get("parent_chat_id"),
        root_chat_id=found.get("root_chat_id"),
        depth=found.get("depth", 0),
        lineage=tuple(found.get("lineage", ())),
        join=_join_from_document(found.get("join")),
        batch=_batch_from_document(found.get("batch")),
    )


def _batch_to_document(batch: Batch | None) -> Document | None:
    if batch is None:
        return None
    looked_for: Document = {"open": batch.is_open, "stopping": batch.stopping}
    if batch.deadline is not None:
        looked_for["deadline"] = batch.deadline
    return {**looked_for, "about": to_text(batch.as_json())}


def _batch_from_document(found: Document | None) -> Batch | None:
    return None if found is None else Batch.from_json(from_text(found["about"]), _maybe_utc(found.get("deadline")))


def _join_to_document(join: Join | None) -> Document | None:
    return None if join is None else {"of": join.of, "id": join.id, "token": join.token, "settled": join.settled}


def _join_from_document(found: Document | None) -> Join | None:
    return None if found is None else Join(found["of"], found["id"], found["token"], found["settled"])


def _request_to_document(pending: PendingInput) -> Document:
    document: Document = {"request_id": pending["request_id"], "kind": pending["kind"]}
    if pending["expires_at"] is not None:
        # Absent, not null, where there is no deadline: the index of deadlines is sparse.
        document["expires_at"] = pending["expires_at"]
    document["about"] = to_text({name: value for name, value in pending.items() if name not in _PLAIN})
    return document


def _request_from_document(found: Document) -> PendingInput:
    about: dict[str, Any] = dict(found)
    expires_at = about.pop("expires_at", None)
    about |= from_text(about.pop("about", "{}"))
    return pending_input(expires_at=_maybe_utc(expires_at), **about)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _maybe_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else _utc(moment)
