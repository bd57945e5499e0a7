"""EventBridge's schedules: timers that invoke functions."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import uuid4

from .definitions import ACCOUNT_ID, REGION, Schedule
from .errors import TemplateError
from .lambda_service import LambdaService

__all__ = ["Scheduler", "period_seconds", "scheduled_event"]

_UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def period_seconds(expression: str) -> float:
    """Give the period of a ``rate(…)`` expression in seconds.

    Raises
    ------
    TemplateError
        For ``cron(…)`` and anything else.
    """
    match = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression.strip())
    if match is None or int(match.group(1)) == 0:
        raise TemplateError(f"the schedule {expression!r} cannot run locally; expected rate(<n> minutes|hours|days)")
    return int(match.group(1)) * float(_UNIT_SECONDS[match.group(2)])


def scheduled_event(schedule: Schedule) -> bytes:
    """Shape the event EventBridge gives to a function on a schedule."""
    if schedule.input is not None:
        return schedule.input.encode()
    event = {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT_ID,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [schedule.arn],
        "detail": {},
    }
    return json.dumps(event).encode()


class Scheduler:
    """Invokes functions asynchronously when their schedules say so."""

    def __init__(self, schedules: Iterable[Schedule], service: LambdaService) -> None:
        self._schedules = [schedule for schedule in schedules if schedule.enabled]
        self._service = service
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> list[str]:
        """Start the timers; gives a sentence for each schedule that cannot run locally."""
        refused: list[str] = []
        for schedule in self._schedules:
            try:
                period = period_seconds(schedule.expression)
            except TemplateError as error:
                refused.append(f"{schedule.id}: {error}")
                continue
            self._tasks.append(asyncio.create_task(self._run(schedule, period)))
        return refused

    async def _run(self, schedule: Schedule, period: float) -> None:
        while True:
            await asyncio.sleep(period)
            self._service.send_event(schedule.function, scheduled_event(schedule))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
