"""What may be spent: by one run, and by an app in a day. A model is not called again once that is spent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from mozaiks.access.principal import Tenant
from mozaiks.errors import MozaiksError
from mozaiks.usage.calls import NANO, Sum, usd
from mozaiks.usage.ports import Spending

__all__ = ["Budgets", "Ceiling", "day_of"]

FRESH_SECONDS: Final = 5.0
"""So long what an app has spent is remembered: asking before every call would cost more than it saves."""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most that may be spent. ``None``: as much as it takes."""

    tokens: int | None = None
    usd: float | None = None

    @property
    def is_set(self) -> bool:
        return self.tokens is not None or self.usd is not None

    def check(self, spent: Sum, scope: str, whose: str) -> None:
        """Raise ``BUDGET_EXCEEDED`` where ``spent`` has reached it.

        A model without a price has spent every budget in dollars: nobody can say how much of it is left.
        """
        if self.tokens is not None and spent.total_tokens >= self.tokens:
            raise MozaiksError(
                "BUDGET_EXCEEDED",
                f"{whose} has spent {spent.total_tokens} tokens; its budget is {self.tokens}",
                scope=scope,
                unit="tokens",
                spent=spent.total_tokens,
                budget=self.tokens,
            )
        if self.usd is None:
            return
        if spent.unpriced_calls:
            raise MozaiksError(
                "BUDGET_EXCEEDED",
                f"{whose} has a budget in dollars and called models without a known price: "
                f"{', '.join(spent.unpriced_models)}; give them one with MODEL_PRICES",
                scope=scope,
                unit="usd",
                spent=None,
                budget=self.usd,
                unpriced_models=list(spent.unpriced_models),
            )
        if spent.priced_nanousd >= self.usd * NANO:
            raise MozaiksError(
                "BUDGET_EXCEEDED",
                f"{whose} has spent {usd(spent.priced_nanousd):.4f} USD; its budget is {self.usd:g}",
                scope=scope,
                unit="usd",
                spent=usd(spent.priced_nanousd),
                budget=self.usd,
            )


@dataclass(slots=True)
class Budgets:
    """Asked before each model call. Calls that are going on at that moment are paid for: a budget may be overspent by
    as many as there are.
    """

    of_run: Ceiling
    of_app: Ceiling
    spending: Spending
    clock: Callable[[], datetime]
    _known: dict[str, tuple[float, str, Sum]] = field(default_factory=dict)

    async def check(self, tenant: Tenant, run: Sum) -> None:
        """Whether one more call may be made.

        Parameters
        ----------
        run
            What the run has spent.

        Raises
        ------
        MozaiksError
            ``BUDGET_EXCEEDED``; its details have the ``scope`` (``run`` or ``app``) and the ``unit``.
        """
        if self.of_run.is_set:
            self.of_run.check(run, "run", "the run")
        if self.of_app.is_set:
            self.of_app.check(await self._today(tenant), "app", "the app today (UTC)")

    async def _today(self, tenant: Tenant) -> Sum:
        day, now = day_of(self.clock()), time.monotonic()
        known = self._known.get(tenant.app_id)
        if known is None or known[1] != day or now - known[0] > FRESH_SECONDS:
            spent = await asyncio.to_thread(self.spending.of_day, Tenant(tenant.app_id), day)
            self._known[tenant.app_id] = known = (now, day, spent)
        return known[2]


def day_of(moment: datetime) -> str:
    """The day of a moment in UTC, such as ``2026-01-31``. A run belongs to the day in which it began."""
    return moment.date().isoformat()
