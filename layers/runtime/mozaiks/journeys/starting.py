"""What one frame starts: a chat, or several of which each succeeds or fails by itself."""

from __future__ import annotations

import hashlib

from mozaiks.access.principal import Principal
from mozaiks.chats.commands import StartWorkflow, StartWorkflowBatch, WorkflowRun
from mozaiks.chats.events import BatchMember, RefusedRun, WorkflowBatchStarted
from mozaiks.chats.service import Started
from mozaiks.errors import MozaiksError
from mozaiks.journeys.opening import Opening

__all__ = ["start_batch", "start_one"]


def start_one(opening: Opening, principal: Principal, command: StartWorkflow) -> Started:
    """Open the chat one frame asks for; the same chat for the same frame, if it has an id.

    Raises
    ------
    MozaiksError
        What ``Opening.open`` raises.
    """
    return _open(opening, principal, command, command.client_request_id or command.client_message_id)


def start_batch(opening: Opening, principal: Principal, command: StartWorkflowBatch) -> WorkflowBatchStarted:
    """Open the chats one frame asks for. One that cannot be opened is told of and spoils no other.

    Raises
    ------
    MozaiksError
        ``DATABASE_UNAVAILABLE``: to try the others would take as long, and fail. What is opened is found by the same
        frame sent again.
    """
    started: list[BatchMember] = []
    refused: list[RefusedRun] = []
    for index, run in enumerate(command.runs):
        try:
            found = _open(opening, principal, run, run.client_request_id or _derived(command.client_message_id, index))
        except MozaiksError as error:
            if error.code == "DATABASE_UNAVAILABLE":
                raise
            refused.append(
                {
                    "index": index,
                    "workflow_name": run.workflow_name,
                    "code": error.code,
                    "message": error.message,
                    "retryable": error.retryable,
                    "details": error.details,
                }
            )
            continue
        chat = found.chat
        started.append({"index": index, "workflow_name": chat.workflow_name, "chat_id": chat.chat_id})
    return {"count": len(started), "workflows": started, "refused": refused}


def _open(opening: Opening, principal: Principal, run: WorkflowRun, request_id: str | None) -> Started:
    return opening.open(
        principal,
        run.workflow_name,
        client_request_id=request_id,
        # Nobody asks on a socket for a chat by accident: a page that mounts twice sends the same id.
        force_new=request_id is None,
        initial_message=run.initial_message,
    )


def _derived(client_message_id: str | None, index: int) -> str | None:
    """An id for each run of a frame, the same whenever the frame is sent; none where the frame has none."""
    if client_message_id is None:
        return None
    return hashlib.sha256(f"{client_message_id}:{index}".encode()).hexdigest()[:32]
