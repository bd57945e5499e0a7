"""The month's bill: quantities times unit prices, line by line. A library knows the price of a model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from mozaiks_local.cost.data import Measured, Prices
from mozaiks_local.cost.workload import Deployment, Workload

__all__ = ["Bill", "Line", "UnknownTier", "bill"]

_DAYS: Final = 365.25 / 12
_MINUTES: Final = _DAYS * 24 * 60


class UnknownTier(ValueError):
    """The price list has no such tier or architecture."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: ``quantity`` of ``unit`` at ``price`` each. ``amount`` is ``None`` where the price is not known."""

    item: str
    quantity: float
    unit: str
    price: float | None

    @property
    def amount(self) -> float | None:
        return None if self.price is None else self.quantity * self.price


@dataclass(frozen=True, slots=True)
class Bill:
    """The lines of a month.

    ``idle`` is what is paid when nobody says anything. ``unknown`` names lines without a price: ``total`` leaves them
    out, and is not the whole then.
    """

    lines: tuple[Line, ...]
    fixed: frozenset[str]

    @property
    def total(self) -> float:
        return sum(line.amount or 0.0 for line in self.lines)

    @property
    def idle(self) -> float:
        return sum(line.amount or 0.0 for line in self.lines if line.item in self.fixed)

    @property
    def unknown(self) -> tuple[str, ...]:
        return tuple(line.item for line in self.lines if line.price is None)


def bill(workload: Workload, deployment: Deployment, taken: Measured, prices: Prices) -> Bill:
    """What a month of ``workload`` costs.

    Raises
    ------
    UnknownTier
        The deployment names a tier or an architecture that the prices do not have.
    """
    turns = workload.turns_per_day * _DAYS
    sockets = workload.connections * _MINUTES / workload.connection_minutes
    posts = turns * (
        workload.agents * (taken.posts_at_once + workload.streamed_seconds * taken.posts_per_streamed_second)
    )
    orchestrated = turns * (workload.model_seconds + workload.agents * taken.orchestrate_seconds)
    quick = turns * (1 + workload.http_requests_per_turn) * taken.message_seconds + sockets * taken.connect_seconds
    invocations = turns * (2 + workload.http_requests_per_turn) + sockets * 3 + _MINUTES
    gigabytes = turns * workload.kilobytes / 1024 / 1024
    per_gb_second = _of(prices.functions.gb_second, deployment.architecture, "architecture")
    fixed = [
        Line(
            "Lambda: reconcile, each minute",
            _MINUTES * deployment.reconcile_seconds * deployment.memory_gb,
            "GB-s",
            per_gb_second,
        ),
        Line("Secrets Manager", deployment.secrets, "secrets", prices.secrets["secret"]),
        Line("KMS", 1, "keys", prices.kms["key"]),
        Line("CloudWatch: alarms", deployment.alarms, "alarms", prices.metrics.alarm),
        Line("CloudWatch: metrics", deployment.metrics, "metrics", prices.metrics.metric),
        Line("CloudWatch: dashboard", 1, "dashboards", prices.metrics.dashboard),
        Line(f"MongoDB Atlas {deployment.atlas}", 1, "clusters", _of(prices.atlas, deployment.atlas, "Atlas tier")),
    ]
    by_use = [
        Line("Lambda: orchestrate", orchestrated * deployment.orchestrate_memory_gb, "GB-s", per_gb_second),
        Line("Lambda: connect, message, api", quick * deployment.memory_gb, "GB-s", per_gb_second),
        Line("Lambda: requests", invocations, "requests", prices.functions.request),
        Line("Step Functions", turns * taken.transitions, "transitions", prices.step_functions["transition"]),
        Line(
            "WebSocket API: messages",
            # Posts are small: each is metered as one, up to 32 KB.
            posts + turns + sockets * 2,
            "messages",
            prices.websocket_api.message,
        ),
        Line(
            "WebSocket API: connections",
            workload.connections * _MINUTES,
            "minutes",
            prices.websocket_api.connection_minute,
        ),
        Line("HTTP API", turns * workload.http_requests_per_turn, "requests", prices.http_api["request"]),
        Line("CloudWatch: logs", gigabytes, "GB", prices.logs["gigabyte"]),
        Line("X-Ray", invocations, "traces", prices.traces["trace"]),
        Line("Data transfer out", gigabytes, "GB", prices.transfer["gigabyte"]),
        *_model(workload, deployment.model, turns),
    ]
    return Bill((*by_use, *fixed), frozenset(line.item for line in fixed))


def _of(table: dict[str, float], key: str, what: str) -> float:
    if key not in table:
        raise UnknownTier(f"{key!r} is no {what} of the price list; it has {', '.join(table)}")
    return table[key]


def _model(workload: Workload, model: str | None, turns: float) -> list[Line]:
    if model is None:
        return []
    tokens = turns * workload.agents
    million = 1_000_000
    asked = Line(f"{model}: prompts", tokens * workload.prompt_tokens / million, "M tokens", _priced(model, asks=True))
    said = Line(
        f"{model}: answers", tokens * workload.completion_tokens / million, "M tokens", _priced(model, asks=False)
    )
    return [asked, said]


def _priced(model: str, *, asks: bool) -> float | None:
    """The price of a million tokens; ``None`` if the library does not know the model."""
    from genai_prices import Usage, calc_price

    # The price of a single token scaled up: prices that rise with the length of a prompt start at long ones.
    usage = Usage(input_tokens=1000) if asks else Usage(input_tokens=0, output_tokens=1000)
    try:
        found = float(calc_price(usage, model_ref=model).total_price) * 1000
    except LookupError:
        return None
    return found if math.isfinite(found) else None
