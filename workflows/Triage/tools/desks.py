"""Cases of an imaginary town. A case's number follows from what it is about, so a repeated call opens no second one."""

from __future__ import annotations

import zlib
from collections.abc import MutableMapping
from typing import Any

_VISITS = {"water": "tomorrow morning", "roads": "within three days"}


def open_case(
    summary: str, chat_id: str, agent_name: str, context_variables: MutableMapping[str, Any]
) -> dict[str, str]:
    """Open a case for a new report.

    Args:
        summary: The report in one sentence.
        chat_id: The chat it was told in.
        agent_name: The desk that opens it.
        context_variables: Variables of the chat; the case is kept as case.
    """
    case_id = f"C-{1000 + zlib.crc32(f'{chat_id}:{summary}'.encode()) % 9000}"
    visit = _VISITS.get(context_variables["area"] or "", "within a week")
    context_variables["case"] = {
        "id": case_id,
        "desk": agent_name,
        "about": summary,
        "stands": f"somebody comes {visit}",
        "told": True,
    }
    return {"case_id": case_id, "visit": visit}


def case_details(context_variables: MutableMapping[str, Any]) -> dict[str, Any]:
    """Where the case that the caller asks about stands.

    Args:
        context_variables: Variables of the chat, with case, which is marked as told.
    """
    case = context_variables["case"]
    context_variables["case"] = {**case, "told": True}
    return {"case_id": case["id"], "about": case["about"], "stands": case["stands"]}
