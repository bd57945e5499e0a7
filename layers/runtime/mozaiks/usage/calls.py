"""What model calls cost, as numbers: of one call, and of a run, by agent and model. Pure.

Money is whole nano-dollars (10⁻⁹ USD): sums of whole numbers are exact, whoever adds them up and in what order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

__all__ = [
    "NANO",
    "TOKEN_KINDS",
    "CallUsage",
    "SpentAround",
    "Sum",
    "UsageRow",
    "added",
    "merged",
    "sum_of",
    "together",
    "usd",
]

NANO: Final = 1_000_000_000

TOKEN_KINDS: Final = ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "total_tokens")
"""Cached ones are among the prompt's, reasoning ones among the completion's."""


class UsageRow(TypedDict):
    """The calls of one agent to one model within a run.

    ``cost_nanousd`` is the cost of those that have a price; ``unpriced_calls`` counts the others.
    """

    agent: str | None
    model: str | None
    model_calls: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    total_tokens: int
    cost_nanousd: int
    unpriced_calls: int


@dataclass(frozen=True, slots=True)
class CallUsage:
    """One model call.

    ``cost_nanousd`` is ``None`` where no price is known. ``agent``: none for a speaker's choice. ``duration_ms``: from
    the request until its answer was read whole.
    """

    agent: str | None
    model: str | None
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    total_tokens: int
    cost_nanousd: int | None
    duration_ms: int = 0

    @property
    def row(self) -> UsageRow:
        return {
            "agent": self.agent,
            "model": self.model,
            "model_calls": 1,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cached_tokens": self.cached_tokens,
            "reasoning_tokens": self.reasoning_tokens,
            "total_tokens": self.total_tokens,
            "cost_nanousd": self.cost_nanousd or 0,
            "unpriced_calls": int(self.cost_nanousd is None),
        }


@dataclass(frozen=True, slots=True)
class Sum:
    """Rows taken together.

    ``cost_usd`` is ``None`` as soon as one call has no price: part of a sum must not look like the whole.
    ``priced_nanousd`` is that part. ``unpriced_models`` are named in alphabetical order.
    """

    model_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    total_tokens: int = 0
    priced_nanousd: int = 0
    unpriced_calls: int = 0
    unpriced_models: tuple[str, ...] = ()

    @property
    def cost_usd(self) -> float | None:
        return None if self.unpriced_calls else usd(self.priced_nanousd)


@dataclass(frozen=True, slots=True)
class SpentAround:
    """What a chat has spent, what it has together with all it spawned, and what the journey's run has that it is part
    of, by itself or as a descendant of a member.
    """

    chat: Sum
    family: Sum
    journey_run_id: str | None = None
    journey: Sum | None = None


def usd(nanousd: int) -> float:
    """Dollars, as a number of JSON."""
    return nanousd / NANO


def sum_of(rows: Iterable[Mapping[str, Any]]) -> Sum:
    """The sum of rows. A model without a name that has no price is called ``unknown``."""
    counts = dict.fromkeys(("model_calls", *TOKEN_KINDS, "cost_nanousd", "unpriced_calls"), 0)
    unpriced: set[str] = set()
    for row in rows:
        for name in counts:
            counts[name] += int(row.get(name, 0))
        if row.get("unpriced_calls"):
            unpriced.add(str(row.get("model") or "unknown"))
    priced = counts.pop("cost_nanousd")
    return Sum(**counts, priced_nanousd=priced, unpriced_models=tuple(sorted(unpriced)))


def together(sums: Iterable[Sum]) -> Sum:
    """The sum of sums."""
    listed = list(sums)
    counts = {
        name: sum(getattr(each, name) for each in listed)
        for name in ("model_calls", *TOKEN_KINDS, "priced_nanousd", "unpriced_calls")
    }
    return Sum(**counts, unpriced_models=tuple(sorted({name for each in listed for name in each.unpriced_models})))


def added(rows: Iterable[UsageRow], calls: Iterable[CallUsage]) -> list[UsageRow]:
    """The rows of a run with further calls in them, in the order in which agent and model first came."""
    return merged(rows, [call.row for call in calls])


def merged(rows: Iterable[UsageRow], others: Iterable[UsageRow]) -> list[UsageRow]:
    """Rows together, one for each agent and model, in the order in which these first came."""
    found: dict[tuple[str | None, str | None], UsageRow] = {}
    for row in (*rows, *others):
        key = row["agent"], row["model"]
        old = found.get(key)
        found[key] = row if old is None else _together(old, row)
    return list(found.values())


def _together(one: UsageRow, other: UsageRow) -> UsageRow:
    return {
        "agent": one["agent"],
        "model": one["model"],
        "model_calls": one["model_calls"] + other["model_calls"],
        "prompt_tokens": one["prompt_tokens"] + other["prompt_tokens"],
        "completion_tokens": one["completion_tokens"] + other["completion_tokens"],
        "cached_tokens": one["cached_tokens"] + other["cached_tokens"],
        "reasoning_tokens": one["reasoning_tokens"] + other["reasoning_tokens"],
        "total_tokens": one["total_tokens"] + other["total_tokens"],
        "cost_nanousd": one["cost_nanousd"] + other["cost_nanousd"],
        "unpriced_calls": one["unpriced_calls"] + other["unpriced_calls"],
    }
