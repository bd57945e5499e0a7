"""How the chats of an app fare, as figures. Pure: from what the database counted to what is told.

Nothing is counted in a worker's memory, so the figures are right for any number of workers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

__all__ = [
    "USAGE_KINDS",
    "ActiveRun",
    "ChatFigures",
    "Durations",
    "EndedRun",
    "RunFigures",
    "Totals",
    "durations_of",
    "run_figures",
    "usage_sum",
]

USAGE_KINDS = ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "total_tokens", "model_calls")


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that is over, as its ``chat.run_complete`` tells it. ``usage`` is empty where no worker ended it."""

    chat_id: str
    run_no: int
    status: str
    turns: int
    duration_ms: int
    usage: Mapping[str, int]
    at: datetime


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """A run that is going. ``in_hand``: a worker holds the chat now; otherwise it is between two slices."""

    app_id: str
    user_id: str
    workflow_name: str
    chat_id: str
    run_no: int
    claimed_at: datetime | None
    started: bool
    in_hand: bool
    cancel_requested: bool


@dataclass(frozen=True, slots=True)
class ChatFigures:
    """One chat. ``counts`` holds how many events of a type it has; ``runs`` its newest runs that are over."""

    app_id: str
    user_id: str
    workflow_name: str
    chat_id: str
    status: str
    waiting_for: str | None
    created_at: datetime
    updated_at: datetime
    run_no: int
    usage: Mapping[str, int]
    counts: Mapping[str, int]
    runs: Sequence[EndedRun]


@dataclass(frozen=True, slots=True)
class Totals:
    """All chats of one workflow that are in one state, since ever."""

    app_id: str
    workflow_name: str
    status: str
    chats: int
    runs: int
    usage: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Durations:
    """Milliseconds from the command that started a run to its end. ``None`` where there was no run."""

    mean: float | None = None
    p50: int | None = None
    p95: int | None = None
    max: int | None = None


@dataclass(frozen=True, slots=True)
class RunFigures:
    """Several runs taken together."""

    count: int = 0
    turns: int = 0
    by_status: Mapping[str, int] = field(default_factory=dict)
    duration_ms: Durations = field(default_factory=Durations)
    usage: Mapping[str, int] = field(default_factory=dict)


def durations_of(runs: Sequence[EndedRun]) -> Durations:
    """Percentiles by nearest rank: each is the duration of a run there was."""
    taken = sorted(run.duration_ms for run in runs)
    if not taken:
        return Durations()

    def rank(share: float) -> int:
        return taken[math.ceil(share * len(taken)) - 1]

    return Durations(round(sum(taken) / len(taken), 1), rank(0.5), rank(0.95), taken[-1])


def run_figures(runs: Sequence[EndedRun]) -> RunFigures:
    return RunFigures(
        count=len(runs),
        turns=sum(run.turns for run in runs),
        by_status=dict(sorted(Counter(run.status for run in runs).items())),
        duration_ms=durations_of(runs),
        usage=usage_sum([run.usage for run in runs]),
    )


def usage_sum(usages: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Each kind of ``USAGE_KINDS`` summed; what a usage does not name is 0."""
    return {kind: sum(int(usage.get(kind, 0)) for usage in usages) for kind in USAGE_KINDS}
