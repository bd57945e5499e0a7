"""Where a chat's engine stands between two safe points. Plain JSON, no AG2."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from mozaiks.chats.states import UsageTotals, no_usage
from mozaiks.usage.calls import Sum, UsageRow, sum_of

__all__ = ["EngineState", "OpenTurn", "add_usage"]


@dataclass(slots=True)
class OpenTurn:
    """A turn that has begun and not ended.

    ``steps`` counts its stored model responses, ``fallbacks`` the models that failed it. ``repaired``: its structured
    output was asked for a second time. ``auto_call``: the tool call (id, name, arguments) that follows from its
    structured output without the model.
    """

    agent: str
    no: int
    steps: int = 0
    repaired: bool = False
    auto_call: dict[str, Any] | None = None
    fallbacks: int = 0


@dataclass(slots=True)
class EngineState:
    """What the next slice must know beside the histories.

    ``speaker`` is whose turn is next, ``None``: decided from who spoke last. ``cursors`` hold, per agent, the ``seq``
    of the last text it was told; ``histories`` the length of its history. ``run_slices`` counts those of the execution.
    ``slice_no`` is the number of the last slice that stored something, counted within a run. ``run_rows`` is what the
    run has spent under its number, ``run_before`` under those of its former executions. ``inbox_seen`` is the ``seq``
    of the last thing the user said that an agent was told. ``replies`` counts agents' turns since the user spoke,
    ``repeats`` those of ``last_speaker`` with nobody else speaking. ``begun``: the variables have their first values,
    and the workflow's start was told to its hooks. ``results_for`` is the agent that is shown what came of the chat's
    children.
    """

    speaker: str | None = None
    last_speaker: str | None = None
    run_no: int = 0
    run_turns: int = 0
    run_slices: int = 0
    slice_no: int = 0
    run_usage: UsageTotals = field(default_factory=no_usage)
    run_rows: list[UsageRow] = field(default_factory=list)
    run_before: list[UsageRow] = field(default_factory=list)
    turns: int = 0
    replies: int = 0
    repeats: int = 0
    attempts: int = 0
    inbox_seen: int = 0
    cursors: dict[str, int] = field(default_factory=dict)
    histories: dict[str, int] = field(default_factory=dict)
    begun: bool = False
    context: dict[str, Any] = field(default_factory=dict)
    open_turn: OpenTurn | None = None
    results_for: str | None = None

    @classmethod
    def load(cls, stored: dict[str, Any]) -> EngineState:
        """The state a former slice stored; a fresh one for a chat that never ran."""
        # A version that is rolled back to meets what a newer one has stored: it goes on without what it does not know.
        known = {name: value for name, value in stored.items() if name in cls.__dataclass_fields__}
        turn = known.pop("open_turn", None)
        spent: UsageTotals = {**no_usage(), **known.get("run_usage", {})}
        known["run_usage"] = spent
        if "run_rows" not in known and spent["model_calls"]:
            # Stored by a version that kept no prices: what these calls cost is not known, and must not look free.
            unpriced = spent["model_calls"]
            known["run_rows"] = [{"agent": None, "model": None, **spent, "cost_nanousd": 0, "unpriced_calls": unpriced}]
        return cls(**known, open_turn=None if turn is None else OpenTurn(**turn))

    @property
    def run_spent(self) -> Sum:
        """What the run has spent so far."""
        return sum_of([*self.run_before, *self.run_rows])

    def dump(self) -> dict[str, Any]:
        return asdict(self)


def add_usage(one: UsageTotals, other: UsageTotals) -> UsageTotals:
    return {
        "prompt_tokens": one["prompt_tokens"] + other["prompt_tokens"],
        "completion_tokens": one["completion_tokens"] + other["completion_tokens"],
        "cached_tokens": one["cached_tokens"] + other["cached_tokens"],
        "reasoning_tokens": one["reasoning_tokens"] + other["reasoning_tokens"],
        "total_tokens": one["total_tokens"] + other["total_tokens"],
        "model_calls": one["model_calls"] + other["model_calls"],
    }
