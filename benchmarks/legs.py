"""The way of a command through the local stack, by the times that its frames carry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from benchmarks.figures import Row, Samples
from benchmarks.talk import Heard

__all__ = ["legs"]


def legs(heard: Sequence[Heard], section: str, *, stored: str, written: str) -> list[Row]:
    """Where the time to the first delta went (the frames' times are whole milliseconds).

    Parameters
    ----------
    stored
        Type of the event by which the command is stored.
    written
        Type of the first event that the slice writes.
    """
    taken: dict[str, Samples] = {
        "sent → stored, run claimed": Samples(),
        "→ slice's first write (Step Functions, Lambda)": Samples(),
        "→ first delta on its way (AG2, model)": Samples(),
        "→ first delta received (gathering, post)": Samples(),
    }
    for each in heard:
        stamps = [_at(each.frames, type_) for type_ in (stored, written, "chat.print")]
        marks = [each.sent_at, *stamps, each.first_delta_at]
        for leg, (since, until) in zip(taken.values(), pairwise(marks), strict=True):
            leg.append(max(0.0, until - since))
    return [leg.ms(section, name) for name, leg in taken.items()]


def _at(frames: list[dict[str, Any]], type_: str) -> float:
    """When the first frame of a type was made, in Unix seconds."""
    for frame in frames:
        if frame["type"] == type_:
            return datetime.fromisoformat(frame["timestamp"]).timestamp()
    raise RuntimeError(f"no {type_} came in a benchmark's run, only {[frame['type'] for frame in frames]}")
