"""How much is disturbed: a choice that takes seconds for every test run, all there is for ``make soak``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, TypeVar

__all__ = ["SOAK_SECONDS", "some"]

T = TypeVar("T")

SOAK_SECONDS: Final = float(os.environ.get("MOZAIKS_SOAK_SECONDS") or 0)
"""How long random interleavings go on; 0: a fixed number of fixed ones, and a choice of the systematic faults."""


def some(everything: Sequence[T], every: int) -> list[T]:
    """One of ``every`` in order, or all of them when soaking."""
    return list(everything if SOAK_SECONDS else everything[::every])
