"""Finds runs of journeys that were left half done, and does the other half."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mozaiks.access.principal import Tenant
from mozaiks.chats.repairing import Repairing
from mozaiks.journeys import decisions
from mozaiks.journeys.decisions import OWED_GRACE
from mozaiks.journeys.ports import Journeys, JourneyStarter, UnfinishedJourneys
from mozaiks.journeys.service import JourneyService
from mozaiks.journeys.states import Journey

__all__ = ["JourneyRepairs"]

BATCH: Final = 100
"""Of each kind, at most. What is left is found the next time."""


@dataclass(frozen=True, slots=True)
class JourneyRepairs:
    """Repairs in batches, and stops in time for the function that runs it (``budget_seconds``).

    An execution counts as lost when a step of it has been due for longer than one that lives takes. It gets a successor
    with the next number; should it live after all, it finds another one's number and ends.
    """

    unfinished: UnfinishedJourneys
    journeys: Journeys
    service: JourneyService
    executions: JourneyStarter
    clock: Callable[[], datetime]
    budget_seconds: float = 10.0

    def run(self) -> dict[str, int]:
        """Repair once. However many do it at the same time, each run is repaired, and counted, by one of them.

        Returns
        -------
        dict
            What was done, by kind: ``lost_journeys``, ``half_stopped_journeys``; and how often it ``failed``.
        """
        round_ = Repairing(self.budget_seconds)
        before = self.clock() - OWED_GRACE
        return {
            "lost_journeys": round_.each(self.unfinished.lost_executions(before, BATCH), self._take_over),
            "half_stopped_journeys": round_.each(self.unfinished.half_stopped(before, BATCH), self._stop),
            "failed": round_.failed,
        }

    def _take_over(self, journey: Journey) -> bool:
        now, tenant = self.clock(), Tenant(journey.app_id, journey.user_id)
        current, mine = self.journeys.change(
            tenant, journey.journey_run_id, lambda found: decisions.take_over(found, now)
        )
        if mine:
            self.executions.start(current)
        return mine

    def _stop(self, journey: Journey) -> bool:
        return not self.service.stop(journey).stopping
