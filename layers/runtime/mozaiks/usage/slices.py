"""What is kept of a slice: when it ran, what came of it, how long models were waited for. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

__all__ = ["MAX_SLICES", "SliceNote", "SliceOutcome", "TracedSlice", "within"]

MAX_SLICES: Final = 200
"""Slices kept of a run's execution, the newest ones."""

SliceOutcome = Literal["continue", "backoff", "children", "waiting", "completed", "cancelled", "failed", "lost"]
"""What Step Functions is told; ``lost``: the worker was gone before it could tell, and another one took over."""


@dataclass(frozen=True, slots=True)
class SliceNote:
    """A slice as it stands at one of its safe points. ``outcome`` is ``None`` before its last one.

    ``no`` counts from 1 within a run, also over its executions. ``model_calls`` were answered in it, and took
    ``model_ms`` together.
    """

    no: int
    began_at: datetime
    model_calls: int
    model_ms: int
    outcome: SliceOutcome | None = None


@dataclass(frozen=True, slots=True)
class TracedSlice:
    """One slice. ``ended_at`` and ``outcome`` are null while it goes on; one that was lost has no end.

    ``model_ms``: how long models were waited for in it.
    """

    run_no: int
    number: int
    began_at: datetime
    ended_at: datetime | None
    duration_ms: int | None
    outcome: SliceOutcome | None
    model_calls: int
    model_ms: int


def within(slices: Iterable[TracedSlice], since: datetime | None, until: datetime | None) -> list[TracedSlice]:
    """Those that began in the time from ``since`` on and before ``until``, the oldest first."""
    chosen = [
        each
        for each in slices
        if (since is None or each.began_at >= since) and (until is None or each.began_at < until)
    ]
    return sorted(chosen, key=lambda each: (each.run_no, each.number))
