"""Checks order lines against the rules of the house."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any


def check_records(context_variables: MutableMapping[str, Any]) -> dict[str, Any]:
    """Check all records against the rules.

    Args:
        context_variables: Variables of the chat: records and rules; rejected and verdict are set.
    """
    rules, records = context_variables["rules"], context_variables["records"]
    rejected = []
    for number, record in enumerate(records, start=1):
        if record["item"] not in rules["items"]:
            rejected.append({"line": number, "reason": "we do not bake that", "found": record["item"]})
        elif not 1 <= record["pieces"] <= rules["most_pieces"]:
            rejected.append({"line": number, "reason": "not a number of pieces we take", "found": record["pieces"]})
        elif record["price"] <= 0:
            rejected.append({"line": number, "reason": "no price", "found": record["price"]})
    verdict = "clean" if not rejected else "usable" if 2 * len(rejected) < len(records) else "unusable"
    context_variables["rejected"] = rejected
    context_variables["verdict"] = verdict
    return {"accepted": len(records) - len(rejected), "rejected": rejected, "verdict": verdict}
