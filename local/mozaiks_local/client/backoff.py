"""How long to wait before the next attempt."""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["Backoff"]


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential pauses with jitter, so that clients dropped together do not come back together.

    Attributes
    ----------
    first, longest
        Seconds: ceiling of the first pause, and of any.
    attempts
        Reconnects in a row before giving up; ``None`` never gives up, 0 never reconnects.
    """

    first: float = 0.25
    longest: float = 10.0
    attempts: int | None = None

    def pause(self, attempt: int) -> float:
        """Seconds to wait before reconnect ``attempt`` (from 0): between half and all of the ceiling."""
        ceiling = min(self.longest, self.first * 2.0 ** min(attempt, 30))
        return ceiling * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret

    def spent(self, attempt: int) -> bool:
        """Whether reconnect ``attempt`` (from 0) is one too many."""
        return self.attempts is not None and attempt >= self.attempts
