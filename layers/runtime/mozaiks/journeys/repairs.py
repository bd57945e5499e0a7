"""Finds runs of journeys that were left half done, and does the other half."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mozaiks.access.principal import Tenant
from mozaiks.errors import MozaiksError
from mozaiks.journeys import decisions
from mozaiks.journeys.decisions import OWED_GRACE
from mozaiks.journeys.ports import Journeys, JourneyStarter, UnfinishedJourneys
from mozaiks.journeys.service import JourneyService
from mozaiks.journeys.states import Journey

__all__ = ["JourneyRepairs"]

log = logging.getLogger("mozaiks.reconcile")

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
        deadline = time.monotonic() + self.budget_seconds
        failures = [0]

        def each(journeys: Iterable[Journey], repair: Callable[[Journey], bool]) -> int:
            done = 0
            for journey in journeys:
                if time.monotonic() > deadline:
                    log.warning("Out of time; journeys that are left are found the next time")
                    break
                try:
                    done += repair(journey)
                except MozaiksError as error:
                    log.warning("The repair of a journey failed and is tried again: %s", error.code)
                    failures[0] += 1
            return done

        before = self.clock() - OWED_GRACE
        return {
            "lost_journeys": each(self.unfinished.lost_executions(before, BATCH), self._take_over),
            "half_stopped_journeys": each(self.unfinished.half_stopped(before, BATCH), self._stop),
            "failed": failures[0],
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
