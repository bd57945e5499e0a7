"""What reconcile does for the figures: counts runs that no worker counted, and tells of what is counted."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final, Protocol

from mozaiks.access.principal import Tenant
from mozaiks.errors import MozaiksError
from mozaiks.usage.reporting import Reporter

__all__ = ["RunCounter", "UsageRepairs"]

log = logging.getLogger("mozaiks.usage")

BATCH: Final = 200
BATCHES: Final = 20
REPORTS: Final = 200


class RunCounter(Protocol):
    def count(self, limit: int, tenant: Tenant | None = None, chat_id: str | None = None) -> int:
        """Add runs that are over to the figures, each once, however often and by whomever it is asked."""
        ...


@dataclass(frozen=True, slots=True)
class UsageRepairs:
    """``reporter`` is ``None`` where nobody is to be told."""

    counter: RunCounter
    reporter: Reporter | None

    def run(self) -> dict[str, int]:
        """Count and tell once. What fails is tried again the next time."""
        counted = told = failed = 0
        try:
            for _ in range(BATCHES):
                found = self.counter.count(BATCH)
                counted += found
                if found < BATCH:
                    break
            if self.reporter is not None:
                told, failed = self.reporter.run(REPORTS)
        except MozaiksError as error:
            log.warning("Usage is counted the next time: %s", error.code)
            failed += 1
        return {"counted_runs": counted, "told_runs": told, "failed": failed}
