"""``run_usage``: what each run has spent, one document a run, written in the transaction that stores the calls.

A run's document is set, never added to: only who holds the chat's lease writes it, and a transaction that is tried
again writes the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

from pymongo.client_session import ClientSession
from pymongo.database import Database

from mozaiks.chats.changes import Change
from mozaiks.chats.events import Event
from mozaiks.chats.states import Chat, ChatStatus
from mozaiks.store.client import Document
from mozaiks.usage.calls import TOKEN_KINDS, UsageRow
from mozaiks.usage.ledger import LedgerEntry
from mozaiks.usage.slices import MAX_SLICES, SliceNote

__all__ = ["RUN_USAGE", "entry_of", "note_run"]

RUN_USAGE: Final = "run_usage"
_ENDED: Final = "chat.run_complete"
_COUNTS: Final = ("model_calls", *TOKEN_KINDS, "cost_nanousd", "unpriced_calls")


def note_run(
    database: Database[Document],
    session: ClientSession,
    chat: Chat,
    change: Change,
    events: Sequence[Event],
    now: datetime,
) -> None:
    """Store what a change means to the ledger: calls, a run's end, another run's beginning.

    Parameters
    ----------
    chat
        The chat as it was before.
    """
    if change.usage is None and chat.status is not ChatStatus.RUNNING and chat.waiting_for != "children":
        return
    ledger = database[RUN_USAGE]
    ended = next((event.data for event in events if event.type == _ENDED), None)
    fields: Document = {}
    if change.usage is not None:
        fields["rows"] = [dict(row) for row in change.usage]
    if ended is not None:
        fields |= {
            "status": ended["status"],
            "ended_at": now,
            "turns": ended["turns"],
            "duration_ms": ended["duration_ms"],
        }
    moved_on = change.fields.get("run_no", chat.run_no) != chat.run_no
    if moved_on and ended is None:
        fields |= {"status": "continued" if change.fields.get("state") is not None else "lost", "ended_at": now}
    noted = change.slice_
    if noted is not None and (fields or noted.outcome is not None):
        # Before its last safe point it is noted where something is written anyway: who is lost later is known by that.
        fields[f"slices.{noted.no}"] = _slice(noted, now)
    if not fields:
        return
    update: Document = {"$set": fields}
    if noted is not None and noted.no > MAX_SLICES:
        update["$unset"] = {f"slices.{noted.no - MAX_SLICES}": True}
    since = chat.run_claimed_at or now
    first: Document = {
        "app_id": chat.app_id,
        "user_id": chat.user_id,
        "chat_id": chat.chat_id,
        "root_chat_id": chat.root_chat_id or chat.chat_id,
        "journey_run_id": chat.join.id if chat.join is not None and chat.join.of == "journey" else None,
        "workflow_name": chat.workflow_name,
        "run_no": chat.run_no,
        "day": since.astimezone(UTC).date().isoformat(),
        "started_at": since,
        "ended_at": None,
        "status": "running",
        "turns": 0,
        "duration_ms": 0,
        "rows": [],
        # There until the run is counted in the figures of its app and workflow, and then gone: the index holds no more.
        "uncounted": True,
    }
    ledger.update_one(
        {"_id": f"{chat.chat_id}-r{chat.run_no}", "app_id": chat.app_id},
        {**update, "$setOnInsert": {name: value for name, value in first.items() if name not in fields}},
        upsert=True,
        session=session,
    )


def entry_of(found: Mapping[str, Any]) -> LedgerEntry:
    ended = found["ended_at"]
    return LedgerEntry(
        entry_id=found["_id"],
        app_id=found["app_id"],
        user_id=found["user_id"],
        chat_id=found["chat_id"],
        root_chat_id=found["root_chat_id"],
        journey_run_id=found["journey_run_id"],
        workflow_name=found["workflow_name"],
        run_no=found["run_no"],
        day=found["day"],
        started_at=found["started_at"].astimezone(UTC),
        ended_at=None if ended is None else ended.astimezone(UTC),
        status=found["status"],
        turns=found["turns"],
        duration_ms=found["duration_ms"],
        rows=tuple(_row(row) for row in found["rows"]),
    )


def _slice(noted: SliceNote, now: datetime) -> Document:
    return {
        "began_at": noted.began_at,
        "ended_at": None if noted.outcome is None else now,
        "outcome": noted.outcome,
        "model_calls": noted.model_calls,
        "model_ms": noted.model_ms,
    }


def _row(found: Mapping[str, Any]) -> UsageRow:
    row = {"agent": found["agent"], "model": found["model"], **{name: int(found[name]) for name in _COUNTS}}
    return cast(UsageRow, row)
