"""The workshop's calendar: which days are free, and what becomes of the one that was picked."""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

DAYS = 6
TIMES = ("08:30", "10:00", "13:30", "15:00", "16:30")


def pick_date(
    work: str,
    context_variables: MutableMapping[str, Any],
    turn_idempotency_key: str,
    ui_response: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Show the free days and let the guest pick one.

    Args:
        work: What is to be done, in a few words.
        context_variables: Variables of the chat: offered and bookings are set.
        turn_idempotency_key: The call; it names the booking, so that a repeated call books nothing twice.
        ui_response: What was picked; None while the calendar is made.
    """
    if ui_response is None:
        offered = _free_times(datetime.now(UTC).date(), context_variables["bookings"])
        context_variables["offered"] = offered
        return {
            "title": "When shall we expect you?",
            "work": work,
            "days": [{"date": day, "times": times} for day, times in offered.items()],
        }
    day, time = ui_response["date"], ui_response["time"]
    if day is None or time is None:
        return {"booked": False, "reason": "nothing was picked"}
    if time not in context_variables["offered"].get(day, []):
        return {"booked": False, "reason": f"{day} at {time} was not offered"}
    reference = "BK-" + hashlib.sha256(turn_idempotency_key.encode()).hexdigest()[:6].upper()
    booking = {"reference": reference, "date": day, "time": time, "work": work}
    context_variables["bookings"] = [*context_variables["bookings"], booking]
    return {"booked": True, **booking}


def _free_times(today: date, bookings: list[dict[str, str]]) -> dict[str, list[str]]:
    """The next working days with their free times."""
    taken = {(booking["date"], booking["time"]) for booking in bookings}
    free: dict[str, list[str]] = {}
    day = today
    while len(free) < DAYS:
        day += timedelta(days=1)
        if day.weekday() < 5:
            # The regulars come every week: on Mondays early, on Fridays late.
            times = TIMES[1:] if day.weekday() == 0 else TIMES[:-1] if day.weekday() == 4 else TIMES
            free[day.isoformat()] = [time for time in times if (day.isoformat(), time) not in taken]
    return free
