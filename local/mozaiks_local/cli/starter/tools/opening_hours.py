"""The opening hours of an imaginary shop."""

from __future__ import annotations

_HOURS = {"saturday": ("10:00", "14:00"), "sunday": None}
_WEEKDAY = ("10:00", "18:30")


def opening_hours(day: str) -> dict[str, str | bool]:
    """When the shop is open on a day of the week.

    Args:
        day: English name of the day.
    """
    hours = _HOURS.get(day.strip().lower(), _WEEKDAY)
    if hours is None:
        return {"day": day, "open": False}
    return {"day": day, "open": True, "from": hours[0], "to": hours[1]}
