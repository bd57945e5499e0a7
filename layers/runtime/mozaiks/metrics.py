"""What a process counts for CloudWatch: every metric's name, and the one tally they are kept in until they are written.

Whoever counts imports this alone. ``mozaiks.emf`` writes what was counted at the end of each invocation.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

__all__ = ["TALLY", "Metric", "Tally"]

REPEAT_SECONDS: Final = 60.0
"""A level that stays the same is told again after so long: a metric with a point a minute can be alarmed on."""


class Metric(StrEnum):
    """Names as CloudWatch has them. Alarms and the dashboard of ``template.yaml`` use no others in our namespace."""

    STUCK_CHATS = "StuckChats"
    """Level: chats on which something has been due for ten minutes. From ``reconcile``, each minute."""
    REPAIRS = "Repairs"
    """Runs, starts, ends, parents and journeys that were left half done and were repaired."""
    FAILED_REPAIRS = "FailedRepairs"
    """Repairs that failed and are tried again."""
    PUSH_FAILURES = "PushFailures"
    """Frames that did not reach a connection that was there: given up after their time, too large, or lost."""
    MONGO_CONNECTIONS = "MongoConnections"
    """Level: connections to MongoDB that this environment holds in its pool."""
    MODEL_COST_USD = "ModelCostUsd"
    """US dollars that model calls cost, by the prices this deployment knows."""
    UNPRICED_MODEL_CALLS = "UnpricedModelCalls"
    """Model calls whose price nobody knows."""


class Tally:
    """Counts and levels of one process. Any thread may add to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Metric, float] = {}
        self._levels: dict[Metric, float] = {}
        self._told: dict[Metric, tuple[float, float]] = {}

    def count(self, metric: Metric, amount: float = 1) -> None:
        """Add to what has happened since the last ``take``."""
        with self._lock:
            self._counts[metric] = self._counts.get(metric, 0) + amount

    def level(self, metric: Metric, value: float) -> None:
        """Say how much of something there is now. It stays until something else is said."""
        with self._lock:
            self._levels[metric] = value

    def take(self, now: float) -> Mapping[Metric, float]:
        """What is to be written: everything counted since the last time, and the levels that changed or grew old.

        Parameters
        ----------
        now
            Seconds of a clock that does not go back.
        """
        with self._lock:
            due, self._counts = dict(self._counts), {}
            for metric, value in self._levels.items():
                told = self._told.get(metric)
                if told is None or told[0] != value or now - told[1] >= REPEAT_SECONDS:
                    due[metric] = value
                    self._told[metric] = (value, now)
            return due


TALLY: Final = Tally()
"""The process's own."""
