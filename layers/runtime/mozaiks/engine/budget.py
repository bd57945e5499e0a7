"""What one slice may spend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Budget", "BudgetSpent"]


class BudgetSpent(Exception):
    """The slice's budget is spent: stop here, the next one goes on from the last safe point.

    An ``Exception``, not a ``BaseException``: AG2 leaves its turn lock held behind the latter.
    """


@dataclass(slots=True)
class Budget:
    """Turns, model calls and time. ``remaining`` gives the seconds until the worker is stopped from outside."""

    turns: int
    model_calls: int
    reserve_seconds: float
    remaining: Callable[[], float]

    @property
    def seconds(self) -> float:
        """What is left for work."""
        return self.remaining() - self.reserve_seconds

    @property
    def spent(self) -> bool:
        return self.turns <= 0 or self.model_calls <= 0 or self.seconds <= 0
