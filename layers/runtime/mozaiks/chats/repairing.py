"""What all repairs share: one after the other, in the time there is, none stopped by another that fails."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from mozaiks.errors import MozaiksError

__all__ = ["Repairing"]

log = logging.getLogger("mozaiks.reconcile")

T = TypeVar("T")


class Repairing:
    """One round of repairs. ``failed`` counts those that are tried again the next time."""

    def __init__(self, budget_seconds: float) -> None:
        self._deadline = time.monotonic() + budget_seconds
        self.failed = 0

    @property
    def seconds(self) -> float:
        """What is left of the round's time; below zero when it is over."""
        return self._deadline - time.monotonic()

    def each(self, things: Iterable[T], repair: Callable[[T], int]) -> int:
        """Repair each in turn; how many were repaired. What there is no time for is found the next time."""
        done = 0
        for thing in things:
            if self.seconds < 0:
                log.warning("Out of time; what is left is found the next time")
                break
            try:
                done += repair(thing)
            except MozaiksError as error:
                log.warning("A repair failed and is tried again: %s", error.code)
                self.failed += 1
        return done
