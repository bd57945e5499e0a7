"""What model calls cost the run that makes them: read from their answers, told, and held against budgets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from ag2.events import ModelResponse

from mozaiks.access.principal import Tenant
from mozaiks.chats.events import NewEvent, UsageDelta, UsageSummary
from mozaiks.chats.states import UsageTotals
from mozaiks.engine.state import EngineState
from mozaiks.metrics import TALLY, Metric
from mozaiks.usage.budgets import Budgets
from mozaiks.usage.calls import CallUsage, usd
from mozaiks.usage.prices import Prices

__all__ = ["Accounts", "milliseconds_since", "summary_event", "usage_event", "usage_of"]


@dataclass(slots=True)
class Accounts:
    """One a process. ``warm_up`` is begun with each slice, so that the prices are there when a model has answered."""

    prices: Prices
    budgets: Budgets
    _loading: asyncio.Future[None] | None = field(default=None)

    def warm_up(self) -> None:
        """Begin to load the prices, in a thread. Call it within the loop."""
        if self._loading is None:
            self._loading = asyncio.ensure_future(asyncio.to_thread(self.prices.load))

    async def admit(self, tenant: Tenant, state: EngineState) -> None:
        """Raise ``BUDGET_EXCEEDED`` where the run may call no model any more."""
        await self.budgets.check(tenant, state.run_spent)

    async def call(self, agent: str | None, response: ModelResponse, duration_ms: int) -> CallUsage:
        """The tokens of one model call, their price, and how long it took."""
        self.warm_up()
        if self._loading is not None:
            await asyncio.shield(self._loading)
        usage = response.usage
        prompt, completion = int(usage.prompt_tokens or 0), int(usage.completion_tokens or 0)
        cached = int(usage.cache_read_input_tokens or 0)
        cost = None
        if usage:
            # An answer that tells no tokens was not free: nobody knows what it cost.
            cost = self.prices.nanousd(
                response.model,
                response.provider,
                prompt_tokens=prompt,
                completion_tokens=completion,
                cached_tokens=cached,
                cache_write_tokens=int(usage.cache_creation_input_tokens or 0),
            )
        if cost is None:
            TALLY.count(Metric.UNPRICED_MODEL_CALLS)
        else:
            TALLY.count(Metric.MODEL_COST_USD, usd(cost))
        return CallUsage(
            agent=agent,
            model=response.model,
            prompt_tokens=prompt,
            completion_tokens=completion,
            cached_tokens=cached,
            reasoning_tokens=int(usage.thinking_tokens or 0),
            total_tokens=int(usage.total_tokens or prompt + completion),
            cost_nanousd=cost,
            duration_ms=duration_ms,
        )


def milliseconds_since(started: float) -> int:
    """Whole milliseconds since a reading of ``time.perf_counter``."""
    return round((time.perf_counter() - started) * 1000)


def usage_of(calls: Sequence[CallUsage]) -> UsageTotals:
    """The tokens of several calls."""
    return {
        "prompt_tokens": sum(call.prompt_tokens for call in calls),
        "completion_tokens": sum(call.completion_tokens for call in calls),
        "cached_tokens": sum(call.cached_tokens for call in calls),
        "reasoning_tokens": sum(call.reasoning_tokens for call in calls),
        "total_tokens": sum(call.total_tokens for call in calls),
        "model_calls": len(calls),
    }


def usage_event(call: CallUsage) -> NewEvent:
    """What the log says of one model call."""
    data: UsageDelta = {
        "agent": call.agent,
        "model": call.model,
        "prompt_tokens": call.prompt_tokens,
        "completion_tokens": call.completion_tokens,
        "cached_tokens": call.cached_tokens,
        "reasoning_tokens": call.reasoning_tokens,
        "total_tokens": call.total_tokens,
        "cost_usd": None if call.cost_nanousd is None else usd(call.cost_nanousd),
        "duration_ms": call.duration_ms,
    }
    if call.cost_nanousd is None:
        data["unpriced_models"] = [call.model or "unknown"]
    return NewEvent("chat.usage_delta", data, agent=call.agent)


def summary_event(state: EngineState, run_no: int) -> NewEvent | None:
    """What the log says of all model calls of a run; ``None`` if there were none."""
    spent = state.run_spent
    if not spent.model_calls:
        return None
    models = {row["model"] for row in (*state.run_before, *state.run_rows)}
    data: UsageSummary = {
        "run_no": run_no,
        "agent": None,
        "model": next(iter(models)) if len(models) == 1 else None,
        "model_calls": spent.model_calls,
        "prompt_tokens": spent.prompt_tokens,
        "completion_tokens": spent.completion_tokens,
        "cached_tokens": spent.cached_tokens,
        "reasoning_tokens": spent.reasoning_tokens,
        "total_tokens": spent.total_tokens,
        "cost_usd": spent.cost_usd,
    }
    if spent.unpriced_models:
        data["unpriced_models"] = list(spent.unpriced_models)
    return NewEvent("chat.usage_summary", data)
