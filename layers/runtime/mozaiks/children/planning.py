"""Which of the workflows that were asked for become children, and why the others do not. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from mozaiks.chats.batches import Batch, Child, Skipped, child_chat_id
from mozaiks.chats.states import Chat
from mozaiks.children.selection import Selection
from mozaiks.errors import MozaiksError
from mozaiks.manifests.spec import NestedChatSpec, WorkflowSpec

__all__ = ["MAX_CHILDREN", "MAX_DEPTH", "plan"]

MAX_DEPTH: Final = 3
"""Of a child below the chat where its family begins."""
MAX_CHILDREN: Final = 100
"""Of one output, whatever the manifest says: each is some 20 of the 25,000 entries an execution's history may have."""


def plan(
    chat: Chat,
    spec: WorkflowSpec,
    nested: NestedChatSpec,
    selection: Selection,
    *,
    turn_no: int,
    declared: Callable[[str], str],
    now: datetime,
) -> Batch:
    """The batch that ``selection`` makes for ``chat``.

    Parameters
    ----------
    turn_no
        Number of the turn whose output it is. The children's ids follow from it, so that a repeated slice plans the
        same chats.
    declared
        A workflow's name in its own spelling; raises ``WORKFLOW_NOT_FOUND`` or ``WORKFLOW_INVALID``.
    """
    children: list[Child] = []
    skipped: list[Skipped] = []
    most = min(nested.max_children, MAX_CHILDREN)
    line = (*chat.lineage, chat.workflow_name)
    for asked in selection.workflows:
        name = asked.name
        try:
            name = declared(asked.name)
            _may_be_born(name, line, len(children), most)
        except MozaiksError as error:
            skipped.append(Skipped(name, error.code, error.message[:500]))
            continue
        chat_id = child_chat_id(chat.chat_id, turn_no, len(children))
        children.append(Child(chat_id, name, asked.initial_agent, asked.initial_message))
    resume = next(
        (name for name in (selection.resume_agent, nested.resume_agent) if name is not None and _has(spec, name)), None
    )
    batch = Batch(turn_no, tuple(children), tuple(skipped), resume, nested.on_partial_failure, nested.timeout_seconds)
    return replace(batch, deadline=batch.deadline_from(now))


def _may_be_born(name: str, line: tuple[str, ...], siblings: int, most: int) -> None:
    if name in line:
        circle = " -> ".join([*line[line.index(name) :], name])
        raise MozaiksError("CHILD_REFUSED", f"workflows that spawn each other in a circle are refused: {circle}")
    if len(line) > MAX_DEPTH:
        raise MozaiksError(
            "CHILD_REFUSED", f"{name} would be {len(line)} levels below {line[0]}; at most {MAX_DEPTH} are allowed"
        )
    if siblings >= most:
        raise MozaiksError("CHILD_REFUSED", f"{name} would be child {siblings + 1}; at most {most} are allowed")


def _has(spec: WorkflowSpec, agent: str) -> bool:
    return any(each.name == agent for each in spec.agents)
