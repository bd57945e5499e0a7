"""The emergency crew of an imaginary town."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any


async def alert_crew(place_and_danger: str, context_variables: MutableMapping[str, Any]) -> dict[str, str | int]:
    """Send the emergency crew.

    Args:
        place_and_danger: Where it is and what the danger is.
        context_variables: Variables of the chat; crew_is_out is set, and crew_phone is read.
    """
    context_variables["crew_is_out"] = True
    context_variables["severity"] = "low"
    return {"crew": "Crew 2", "minutes": 12, "phone": context_variables["crew_phone"], "told": place_and_danger}


async def stand_down(context_variables: MutableMapping[str, Any]) -> dict[str, bool]:
    """Say that everybody is safe and the crew can finish.

    Args:
        context_variables: Variables of the chat; crew_is_out is set to false.
    """
    context_variables["crew_is_out"] = False
    return {"stood_down": True}
