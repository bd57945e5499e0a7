"""What the reception of an imaginary town can find out."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

from mozaiks.authoring import Handoff, handoff

_DESKS = {
    "water": ("WaterDesk", r"\b(water|leak\w*|drain\w*|sewer\w*|flood\w*|pipe|tap|hydrant)\b"),
    "roads": ("RoadsDesk", r"\b(road|street|lamp|light|pothole|sign|kerb|pavement|bridge)\b"),
}
_DANGER = re.compile(r"\b(burst|flood\w*|trapped|injured|collapsed?|fire|danger\w*|live wire)\b", re.IGNORECASE)
_KNOWN_CASES: dict[str, dict[str, str]] = {
    "C-104": {"desk": "RoadsDesk", "about": "pothole at the station", "stands": "will be filled on Wednesday"},
    "C-117": {"desk": "WaterDesk", "about": "blocked drain in Bath Road", "stands": "was cleared this morning"},
}


def assess_report(description: str, context_variables: MutableMapping[str, Any]) -> Handoff | dict[str, str]:
    """Find out which desk a report belongs to and how urgent it is.

    Args:
        description: What the caller reports, in the caller's words.
        context_variables: Variables of the chat; area and severity are set.
    """
    severity = "high" if _DANGER.search(description) else "low"
    for area, (desk, words) in _DESKS.items():
        if re.search(words, description, re.IGNORECASE):
            context_variables["area"] = area
            context_variables["severity"] = severity
            found = {"area": area, "severity": severity, "desk": desk}
            return handoff(desk, reason=f"The report is about {area}.", result=found)
    return {"area": "unknown", "severity": severity}


def look_up_case(case_id: str, context_variables: MutableMapping[str, Any]) -> dict[str, str | bool]:
    """Find a known case by its number.

    Args:
        case_id: The number, as C-104.
        context_variables: Variables of the chat; a found case is kept as case.
    """
    key = case_id.strip().upper()
    known = _KNOWN_CASES.get(key)
    if known is None:
        return {"found": False, "case_id": key}
    context_variables["case"] = {"id": key, "told": False, **known}
    return {"found": True, "case_id": key, "about": known["about"]}
