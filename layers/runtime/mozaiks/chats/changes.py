"""What one step writes to a chat: a value that a store applies as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict

from mozaiks.access.sealed import SealedSecret
from mozaiks.chats.batches import Batch
from mozaiks.chats.events import Event, NewEvent
from mozaiks.chats.states import Chat, ChatStatus, Join, LastArtifact, Lease, PendingInput, UsageTotals, WaitingFor
from mozaiks.usage.calls import UsageRow
from mozaiks.usage.slices import SliceNote

__all__ = ["Applied", "Change", "ChatFields", "CommandRecord", "Decide", "HistoryEntry", "KeptResult"]


class ChatFields(TypedDict, total=False):
    """Fields of a chat that a step sets. What is absent stays."""

    status: ChatStatus
    waiting_for: WaitingFor | None
    run_no: int
    run_claimed_at: datetime | None
    run_started: bool
    pending: tuple[PendingInput, ...]
    cancel_requested: bool
    interrupt_requested: bool
    lease: Lease | None
    usage: UsageTotals
    state: dict[str, Any]
    context_inbox: dict[str, Any]
    last_artifact: LastArtifact | None
    join: Join | None
    batch: Batch | None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One encoded AG2 event at place ``n`` (from 0) of an agent's history."""

    agent: str
    n: int
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """A command that took effect, and what it was answered, so that a repeated one is answered the same.

    ``also`` are further ids under which it is found again.
    """

    kind: str
    answer: Mapping[str, Any]
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptResult:
    """What a person answered for a tool call, as the journal of tool results keeps it."""

    call_id: str
    tool_name: str
    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One safe point.

    ``says`` is the place in ``events`` of what the user said, if that is among them: it becomes the chat's
    ``inbox_seq``. An event that shows an artifact becomes the chat's ``last_artifact`` by itself, unless ``fields``
    says otherwise. Of several ``results`` of a call, the first one stored counts. ``secrets`` are the user's, as they
    may be stored. ``usage`` is all that the run's model calls have spent so far, if this safe point has any. ``slice_``
    is the slice that writes.
    """

    fields: ChatFields = field(default_factory=lambda: ChatFields())
    events: tuple[NewEvent, ...] = ()
    says: int | None = None
    history: tuple[HistoryEntry, ...] = ()
    results: tuple[KeptResult, ...] = ()
    secrets: tuple[SealedSecret, ...] = ()
    usage: tuple[UsageRow, ...] | None = None
    slice_: SliceNote | None = None
    command: CommandRecord | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a change: the chat as it is now, and the events with their places in the log.

    ``answer`` is the command's. Where the command had taken effect before, it is the first one's, and nothing was
    written. ``changed``: whether this change wrote anything.
    """

    chat: Chat
    events: tuple[Event, ...] = ()
    answer: Mapping[str, Any] = field(default_factory=dict)
    changed: bool = True


Decide = Callable[[Chat], Change]
"""A pure function from the chat as it is to what shall be written. It may be called again after a conflict."""
