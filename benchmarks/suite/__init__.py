"""The benchmarks, in the order of the table. One module, one ``measure``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from benchmarks.figures import Row
from benchmarks.suite import (
    children,
    costs,
    crowd,
    imports,
    journeys,
    manifests,
    memory,
    page,
    pauses,
    replay,
    replies,
    resume,
    steps,
    tokens,
)
from benchmarks.world import World

__all__ = ["SUITE"]

SUITE: Final[Mapping[str, Callable[[World], list[Row]]]] = {
    "replies": replies.measure,
    "steps": steps.measure,
    "pauses": pauses.measure,
    "replay": replay.measure,
    "resume": resume.measure,
    "crowd": crowd.measure,
    "journeys": journeys.measure,
    "children": children.measure,
    "costs": costs.measure,
    "imports": imports.measure,
    "manifests": manifests.measure,
    "tokens": tokens.measure,
    "page": page.measure,
    "memory": memory.measure,
}
"""``--only`` takes these names. ``memory`` comes last: it stops what the others share."""
