"""The two files of data: unit prices with their date, and what the benchmarks measured."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, PositiveInt

__all__ = ["Measured", "Prices", "measured", "prices"]

_HERE: Final = Path(__file__).parent


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _LambdaPrices(_Table):
    gb_second: dict[str, NonNegativeFloat]
    request: NonNegativeFloat


class _SocketPrices(_Table):
    message: NonNegativeFloat
    message_bytes: PositiveInt
    connection_minute: NonNegativeFloat


class _MetricPrices(_Table):
    alarm: NonNegativeFloat
    dashboard: NonNegativeFloat
    metric: NonNegativeFloat


class Prices(_Table):
    """Unit prices in ``currency``, as published on ``as_of``. Fixed ones are for a month."""

    as_of: str
    source: str
    currency: str
    hours_per_month: PositiveInt
    functions: _LambdaPrices
    step_functions: dict[str, NonNegativeFloat]
    websocket_api: _SocketPrices
    http_api: dict[str, NonNegativeFloat]
    logs: dict[str, NonNegativeFloat]
    metrics: _MetricPrices
    traces: dict[str, NonNegativeFloat]
    secrets: dict[str, NonNegativeFloat]
    kms: dict[str, NonNegativeFloat]
    transfer: dict[str, NonNegativeFloat]
    atlas: dict[str, NonNegativeFloat]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one message of a user and one reply take; seconds, and counts.

    ``as_of`` is the day of the measurement.
    """

    as_of: str
    posts_at_once: float
    posts_per_streamed_second: float
    orchestrate_seconds: float
    message_seconds: float
    connect_seconds: float
    transitions: float


def prices(path: Path | None = None) -> Prices:
    """The prices of a file, or the ones that come with this version.

    Raises
    ------
    pydantic.ValidationError
        A price is missing, negative or not known.
    """
    found: dict[str, Any] = json.loads((path or _HERE / "prices.json").read_text(encoding="utf-8"))
    if "lambda" in found:
        found["functions"] = found.pop("lambda")
    return Prices.model_validate(found)


def measured(path: Path | None = None) -> Measured:
    """What ``make bench ARGS="--only costs --json FILE"`` wrote."""
    found = json.loads((path or _HERE / "measured.json").read_text(encoding="utf-8"))
    rows = {row["name"]: float(row["value"]) for row in found["rows"]}
    return Measured(
        as_of=found["machine"]["at"][:10],
        posts_at_once=rows["posts of a reply that comes at once"],
        posts_per_streamed_second=rows["posts for each second of streaming"],
        orchestrate_seconds=rows["orchestrate, beside the model"] / 1000,
        message_seconds=rows["message"] / 1000,
        connect_seconds=rows["connect, and the hello that follows"] / 1000,
        transitions=rows["transitions of a run"],
    )
