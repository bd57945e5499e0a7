"""The children a chat waits for, as data. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

__all__ = ["ENDED", "Batch", "Child", "ChildStatus", "Skipped", "child_chat_id"]

ChildStatus = Literal["open", "completed", "failed", "cancelled", "timed_out"]
"""``open`` until the parent knows how the child ended."""
ENDED: Final = frozenset({"completed", "failed", "cancelled", "timed_out"})


@dataclass(frozen=True, slots=True)
class Child:
    """One child chat. ``error`` is the code of what kept it from being opened, if something did."""

    chat_id: str
    workflow_name: str
    initial_agent: str | None = None
    initial_message: str | None = None
    status: ChildStatus = "open"
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A workflow that was asked for and gets no child: ``code`` and ``message`` say why."""

    workflow_name: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Batch:
    """The children that one turn of a chat asked for.

    ``no`` is that turn's number. ``resume_agent`` speaks when all have ended; ``None``: whoever would have spoken after
    the turn. ``state``: ``open`` while the chat waits, ``joined`` once it has their results, ``dropped`` if it ended
    before. ``stopping``: those that have not ended are to be cancelled, and the chat goes on with what there is.
    ``attempt`` counts retries of the chat that restarted children.
    """

    no: int
    children: tuple[Child, ...]
    skipped: tuple[Skipped, ...] = ()
    resume_agent: str | None = None
    on_partial_failure: Literal["resume_with_available", "fail_all"] = "resume_with_available"
    timeout_seconds: float | None = None
    deadline: datetime | None = None
    state: Literal["open", "joined", "dropped"] = "open"
    stopping: bool = False
    attempt: int = 0

    @property
    def id(self) -> str:
        return f"b{self.no}"

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def open_children(self) -> tuple[Child, ...]:
        """Those that the parent does not know to have ended."""
        return tuple(child for child in self.children if child.status not in ENDED)

    @property
    def ended(self) -> int:
        return len(self.children) - len(self.open_children)

    @property
    def all_completed(self) -> bool:
        return all(child.status == "completed" for child in self.children)

    def child(self, chat_id: str) -> Child | None:
        return next((child for child in self.children if child.chat_id == chat_id), None)

    def with_end(self, chat_id: str, status: ChildStatus, error: str | None = None) -> Batch:
        """The batch in which this child has ended so."""
        return replace(
            self,
            children=tuple(
                replace(child, status=status, error=error) if child.chat_id == chat_id else child
                for child in self.children
            ),
        )

    def restarted(self, parent_chat_id: str, now: datetime) -> Batch:
        """The batch with new chats in the place of those children that did not complete."""
        attempt = self.attempt + 1
        return replace(
            self,
            children=tuple(
                child
                if child.status == "completed"
                else replace(
                    child, chat_id=child_chat_id(parent_chat_id, self.no, place, attempt), status="open", error=None
                )
                for place, child in enumerate(self.children)
            ),
            deadline=self.deadline_from(now),
            state="open",
            stopping=False,
            attempt=attempt,
        )

    def deadline_from(self, now: datetime) -> datetime | None:
        return None if self.timeout_seconds is None else now + timedelta(seconds=self.timeout_seconds)

    def as_json(self) -> dict[str, Any]:
        """For the store: everything but the deadline, which is looked for."""
        return {
            "no": self.no,
            "children": [
                [c.chat_id, c.workflow_name, c.initial_agent, c.initial_message, c.status, c.error]
                for c in self.children
            ],
            "skipped": [[s.workflow_name, s.code, s.message] for s in self.skipped],
            "resume_agent": self.resume_agent,
            "on_partial_failure": self.on_partial_failure,
            "timeout_seconds": self.timeout_seconds,
            "state": self.state,
            "stopping": self.stopping,
            "attempt": self.attempt,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any], deadline: datetime | None) -> Batch:
        return cls(
            **{
                **stored,
                "children": tuple(Child(*each) for each in stored["children"]),
                "skipped": tuple(Skipped(*each) for each in stored["skipped"]),
                "deadline": deadline,
            }
        )


def child_chat_id(parent_chat_id: str, batch_no: int, place: int, attempt: int = 0) -> str:
    """The id of a child's chat: the same whoever opens it, and however often."""
    return hashlib.sha256(f"{parent_chat_id}:{batch_no}:{place}:{attempt}".encode()).hexdigest()[:32]
