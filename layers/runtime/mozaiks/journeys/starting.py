"""What one frame starts: a chat, or several of which each succeeds or fails by itself."""

from __future__ import annotations

import hashlib

from mozaiks.access.principal import Principal
from mozaiks.chats.commands import StartWorkflow, StartWorkflowBatch, WorkflowRun
from mozaiks.chats.events import SkippedWorkflow, WorkflowBatchStarted, WorkflowChild, new_id
from mozaiks.chats.service import Started
from mozaiks.chats.states import Chat
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
    started: list[WorkflowChild] = []
    refused: list[SkippedWorkflow] = []
    for index, run in enumerate(command.runs):
        try:
            found = _open(opening, principal, run, run.client_request_id or _derived(command.client_message_id, index))
        except MozaiksError as error:
            if error.code == "DATABASE_UNAVAILABLE":
                raise
            refused.append(_refused(index, run, error))
        else:
            started.append(_told(index, found.chat))
    answer: WorkflowBatchStarted = {
        "batch_id": command.client_message_id or new_id(),
        "children": started,
        "skipped": refused,
    }
    if command.client_message_id is not None:
        answer["client_message_id"] = command.client_message_id
    return answer


def _told(index: int, chat: Chat) -> WorkflowChild:
    return {
        "index": index,
        "workflow_name": chat.workflow_name,
        "chat_id": chat.chat_id,
        "status": chat.status.value if chat.ended else "open",  # type: ignore[typeddict-item]  # a final one
    }


def _refused(index: int, run: WorkflowRun, error: MozaiksError) -> SkippedWorkflow:
    return {
        "index": index,
        "workflow_name": run.workflow_name,
        "code": error.code,
        "message": error.message,
        "retryable": error.retryable,
        "details": error.details,
    }


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
