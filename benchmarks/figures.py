"""Measured values and what is expected of them. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Row", "Samples", "Target", "Unit", "quantile"]

Unit = Literal["ms", "µs", "MB", "×", "posts", "chats/s", "modules", "transitions", "KB", "rows"]


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of ``values`` lie, interpolated between neighbours.

    Raises
    ------
    ValueError
        If there are no values.
    """
    if not values:
        raise ValueError("no values were measured")
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


@dataclass(frozen=True, slots=True)
class Target:
    """The most a value may be, in the row's unit."""

    at_most: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    section, name
        Where it stands and what it is; together they name it for good.
    value
        The median, or the one value there is.
    p95
        95th percentile; ``None`` where it means nothing.
    samples
        How many values ``value`` was taken from.
    """

    section: str
    name: str
    value: float
    unit: Unit
    p95: float | None = None
    samples: int = 1
    target: Target | None = None
    note: str = ""

    @property
    def verdict(self) -> Literal["ok", "over", ""]:
        """How the value stands to its target, if it has one."""
        if self.target is None:
            return ""
        return "ok" if self.value <= self.target.at_most else "over"

    def as_json(self) -> dict[str, Any]:
        return {
            "section": self.section,
            "name": self.name,
            "value": round(self.value, 4),
            "p95": None if self.p95 is None else round(self.p95, 4),
            "unit": self.unit,
            "samples": self.samples,
            "target": None if self.target is None else self.target.at_most,
            "verdict": self.verdict or None,
            "note": self.note or None,
        }


class Samples(list[float]):
    """Values of one thing measured again and again."""

    @property
    def p50(self) -> float:
        return quantile(self, 0.5)

    def row(
        self, section: str, name: str, unit: Unit, *, at_most: float | None = None, factor: float = 1.0, note: str = ""
    ) -> Row:
        """The row of these values, each multiplied with ``factor``."""
        return Row(
            section,
            name,
            quantile(self, 0.5) * factor,
            unit,
            p95=quantile(self, 0.95) * factor if len(self) > 1 else None,
            samples=len(self),
            target=None if at_most is None else Target(at_most),
            note=note,
        )

    def ms(self, section: str, name: str, *, at_most: float | None = None, note: str = "") -> Row:
        """The row of these seconds, in milliseconds."""
        return self.row(section, name, "ms", at_most=at_most, factor=1000.0, note=note)
