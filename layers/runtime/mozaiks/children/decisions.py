"""What children do to the chat that waits for them. Pure: takes the parent, returns a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final

from mozaiks.chats import decisions
from mozaiks.chats.batches import ENDED, Batch, ChildStatus
from mozaiks.chats.changes import Change, ChatFields
from mozaiks.chats.events import (
    NewEvent,
    WorkflowBatchStarted,
    WorkflowChild,
    WorkflowChildCompleted,
    WorkflowResumed,
    timestamp,
)
from mozaiks.chats.states import Chat, ChatStatus
from mozaiks.engine.state import EngineState
from mozaiks.errors import MozaiksError

__all__ = ["CHILD_RESULTS", "announce", "child_ended", "drop", "join", "reopen", "waits"]

CHILD_RESULTS: Final = "child_results"
"""The context variable that holds what came of the children."""


def waits(chat: Chat, run_no: int | None = None) -> bool:
    """Whether ``chat`` waits for its children, in this run if one is named."""
    if chat.batch is None or not chat.batch.is_open or run_no not in (None, chat.run_no):
        return False
    return chat.status is ChatStatus.WAITING and chat.waiting_for == "children"


def announce(batch: Batch) -> NewEvent:
    """The event that says which children there will be."""
    data: WorkflowBatchStarted = {
        "batch_id": batch.id,
        "children": _told(batch),
        "skipped": [
            {"workflow_name": each.workflow_name, "code": each.code, "message": each.message} for each in batch.skipped
        ],
    }
    if batch.deadline is not None:
        data["expires_at"] = timestamp(batch.deadline)
    return NewEvent("chat.workflow_batch_started", data)


def child_ended(parent: Chat, chat_id: str, status: ChildStatus, error: str | None = None) -> Change:
    """Note how a child ended, once. A parent that has itself ended is told nothing."""
    batch = parent.batch
    child = batch.child(chat_id) if batch is not None else None
    if batch is None or child is None or child.status in ENDED:
        return Change()
    after = batch.with_end(chat_id, status, error)
    if not waits(parent):
        return Change({"batch": after})
    data: WorkflowChildCompleted = {
        "batch_id": batch.id,
        "chat_id": chat_id,
        "workflow_name": child.workflow_name,
        "status": status,  # type: ignore[typeddict-item]  # a final one
        "error": error,
        "ended": after.ended,
        "total": len(after.children),
    }
    return Change({"batch": after}, (NewEvent("chat.workflow_child_completed", data),))


def join(parent: Chat, run_no: int, results: Sequence[dict[str, Any]], now: datetime) -> Change:
    """Let the parent go on with the results of its children, or end it where its policy says so.

    Nothing, where it does not wait for them in this run, or some have not ended.
    """
    batch = parent.batch
    if batch is None or not waits(parent, run_no) or batch.open_children:
        return Change()
    if batch.on_partial_failure == "fail_all" and not batch.all_completed and not batch.stopping:
        failed = [child for child in batch.children if child.status != "completed"]
        error = MozaiksError(
            "CHILDREN_FAILED",
            f"{len(failed)} of {len(batch.children)} children did not complete, and this chat needs them all",
            children=[{"chat_id": each.chat_id, "status": each.status, "error": each.error} for each in failed],
        )
        ended = decisions.end(parent, "failed", now, error)
        return replace(ended, fields={**ended.fields, "batch": replace(batch, state="dropped")})
    state = EngineState.load(parent.state)
    state.context[CHILD_RESULTS] = list(results)
    state.results_for = batch.resume_agent or state.last_speaker
    if batch.resume_agent is not None:
        state.speaker = batch.resume_agent
    fields: ChatFields = {
        "status": ChatStatus.RUNNING,
        "waiting_for": None,
        # The children's time is not this chat's own: what bounds a run begins anew.
        "run_claimed_at": now,
        # As if a worker had just given it back: only then does the next slice have its time to begin.
        "lease": None,
        "interrupt_requested": False,
        "state": asdict(state),
        # What they were told was kept for whoever opened them.
        "batch": replace(
            batch, state="joined", children=tuple(replace(child, initial_message=None) for child in batch.children)
        ),
    }
    data: WorkflowResumed = {
        "batch_id": batch.id,
        "children": _told(batch),
        "completed": sum(child.status == "completed" for child in batch.children),
        "total": len(batch.children),
    }
    return Change(fields, (NewEvent("chat.workflow_resumed", data),))


def reopen(parent: Chat, run_no: int) -> Change:
    """Hand a waiting parent to a new execution whose own is gone. Nothing, where that was done.

    A new number, as for any run that is taken over: the old execution's name is taken, and should it live after all, it
    finds another run's number and ends.
    """
    return Change({"run_no": run_no + 1}) if waits(parent, run_no) else Change()


def drop(parent: Chat) -> Change:
    """Note that the children of a chat that ended were all told to stop."""
    if parent.batch is None or not parent.batch.is_open or not parent.ended:
        return Change()
    return Change({"batch": replace(parent.batch, state="dropped")})


def _told(batch: Batch) -> list[WorkflowChild]:
    return [
        {"chat_id": child.chat_id, "workflow_name": child.workflow_name, "status": child.status}
        for child in batch.children
    ]
