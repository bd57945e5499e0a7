"""Every index, declared once, created by one idempotent command."""

from __future__ import annotations

from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.database import Database

from mozaiks.store.client import Document

__all__ = ["INDEXES", "ensure_indexes"]

INDEXES: Final[dict[str, list[IndexModel]]] = {
    "chat_sessions": [
        IndexModel(
            [("app_id", ASCENDING), ("user_id", ASCENDING), ("workflow_name", ASCENDING), ("created_at", DESCENDING)],
            name="by_user",
        ),
        IndexModel(
            [("app_id", ASCENDING), ("user_id", ASCENDING), ("workflow_name", ASCENDING), ("client_request_id", 1)],
            name="once_per_request",
            unique=True,
            partialFilterExpression={"client_request_id": {"$type": "string"}},
        ),
        # Over all users and workflows, for figures.
        IndexModel([("app_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)], name="by_app"),
        # What a user has completed opens what depends on it. The status is in the key: the answer is in the index.
        IndexModel(
            [("app_id", ASCENDING), ("user_id", ASCENDING), ("status", ASCENDING), ("workflow_name", ASCENDING)],
            name="completed",
            partialFilterExpression={"status": "completed"},
        ),
        IndexModel([("status", ASCENDING), ("run_claimed_at", ASCENDING)], name="for_reconcile"),
        # Sparse: most chats wait without a deadline, or do not wait.
        IndexModel([("pending.expires_at", ASCENDING)], name="by_deadline", sparse=True),
        # Holds only chats with children that they wait for, or have not told of their own end.
        IndexModel(
            [("batch.open", ASCENDING), ("status", ASCENDING)],
            name="with_children",
            partialFilterExpression={"batch.open": True},
        ),
        # Holds only chats whose end is waited for and not yet told.
        IndexModel(
            [("join.settled", ASCENDING), ("status", ASCENDING)],
            name="ends_to_tell",
            partialFilterExpression={"join.settled": False},
        ),
    ],
    "chat_events": [
        IndexModel([("chat_id", ASCENDING), ("seq", ASCENDING)], name="once_per_seq", unique=True),
        IndexModel([("chat_id", ASCENDING), ("type", ASCENDING), ("seq", ASCENDING)], name="by_type"),
        IndexModel([("app_id", ASCENDING), ("user_id", ASCENDING)], name="by_user"),
        # One entry for each run, not for each event.
        IndexModel(
            [("app_id", ASCENDING), ("at", DESCENDING)],
            name="ended_runs",
            partialFilterExpression={"type": "chat.run_complete"},
        ),
    ],
    "agent_histories": [
        IndexModel([("chat_id", ASCENDING), ("agent", ASCENDING), ("n", ASCENDING)], name="once_per_place", unique=True)
    ],
    "tool_results": [
        IndexModel([("chat_id", ASCENDING), ("call_id", ASCENDING)], name="once_per_call", unique=True),
    ],
    "commands": [
        IndexModel([("chat_id", ASCENDING), ("client_message_id", ASCENDING)], name="once_per_message", unique=True),
    ],
    "run_usage": [
        IndexModel([("app_id", ASCENDING), ("user_id", ASCENDING), ("chat_id", ASCENDING)], name="by_user"),
        IndexModel([("chat_id", ASCENDING)], name="by_chat"),
        IndexModel([("root_chat_id", ASCENDING)], name="by_family"),
        IndexModel([("app_id", ASCENDING), ("ended_at", DESCENDING)], name="by_end"),
        IndexModel(
            [("journey_run_id", ASCENDING)],
            name="by_journey",
            partialFilterExpression={"journey_run_id": {"$type": "string"}},
        ),
        # Holds only runs that are going, or were not counted since.
        IndexModel(
            [("app_id", ASCENDING), ("day", ASCENDING)],
            name="uncounted",
            partialFilterExpression={"uncounted": True},
        ),
        # Sparse: what is told is not due any more.
        IndexModel([("report.due_at", ASCENDING)], name="reports_due", sparse=True),
    ],
    "app_usage": [
        IndexModel([("app_id", ASCENDING), ("day", ASCENDING)], name="by_day"),
    ],
    "journeys": [
        IndexModel([("app_id", ASCENDING), ("user_id", ASCENDING), ("created_at", DESCENDING)], name="by_user"),
        IndexModel(
            [("app_id", ASCENDING), ("user_id", ASCENDING), ("journey_id", ASCENDING), ("client_request_id", 1)],
            name="once_per_request",
            unique=True,
            partialFilterExpression={"client_request_id": {"$type": "string"}},
        ),
        # Sparse: most runs wait for their chats, or have ended.
        IndexModel([("owed_since", ASCENDING)], name="steps_due", sparse=True),
        IndexModel([("stopping", ASCENDING)], name="half_stopped", sparse=True),
    ],
    "connections": [
        IndexModel([("app_id", ASCENDING), ("chat_id", ASCENDING)], name="by_chat"),
        # Sparse, so of this one field: most connections follow no other chat and lack it.
        IndexModel([("follows", ASCENDING)], name="by_followed", sparse=True),
        IndexModel([("expires_at", ASCENDING)], name="janitor", expireAfterSeconds=0),
    ],
    "secrets": [
        IndexModel(
            [("app_id", ASCENDING), ("user_id", ASCENDING), ("name", ASCENDING)], name="once_per_name", unique=True
        ),
    ],
    "erasures": [
        IndexModel([("updated_at", ASCENDING)], name="unfinished"),
    ],
    "erased_chats": [
        IndexModel([("sweep_at", ASCENDING)], name="to_sweep"),
    ],
    "chat_drafts": [
        IndexModel([("expires_at", ASCENDING)], name="janitor", expireAfterSeconds=0),
    ],
}


def ensure_indexes(database: Database[Document]) -> list[str]:
    """Create what is missing. Safe to repeat and to run twice at once.

    Returns
    -------
    list of str
        ``collection.index``, every one that now exists by this declaration.
    """
    done = []
    for collection, models in INDEXES.items():
        done += [f"{collection}.{name}" for name in database[collection].create_indexes(models)]
    return done
