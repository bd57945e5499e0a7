"""What is kept of a run's spending: whose run it is, what it spent, how it ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mozaiks.usage.calls import Sum, UsageRow, sum_of

__all__ = ["LedgerEntry"]


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One run. ``entry_id`` stays the same however often it is told of.

    ``root_chat_id`` is the chat where its family begins, itself where nobody spawned it. ``journey_run_id`` is that of
    the chat itself, not of its root. ``status``: ``running``; the state it left the chat in; ``continued`` if another
    execution went on with the run; ``lost`` if its worker was. ``day`` is the UTC day in which it began.
    """

    entry_id: str
    app_id: str
    user_id: str
    chat_id: str
    root_chat_id: str
    journey_run_id: str | None
    workflow_name: str
    run_no: int
    day: str
    started_at: datetime
    ended_at: datetime | None
    status: str
    turns: int
    duration_ms: int
    rows: tuple[UsageRow, ...]

    @property
    def sum(self) -> Sum:
        return sum_of(self.rows)
