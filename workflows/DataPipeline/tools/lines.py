"""Reads order lines. The lines are a variable of the chat, so a run that is taken up again reads what it began with."""

from __future__ import annotations

import csv
import io
from collections.abc import MutableMapping
from typing import Any

__all__ = ["order_lines", "read_lines"]


def order_lines(orders: str) -> list[dict[str, str]]:
    """The lines of a CSV text with a head, as maps."""
    return list(csv.DictReader(io.StringIO(orders)))


def read_lines(count: int, context_variables: MutableMapping[str, Any]) -> dict[str, Any]:
    """The next order lines, as records.

    Args:
        count: How many lines.
        context_variables: Variables of the chat: orders, and records, to which these are added.
    """
    records = context_variables["records"]
    lines = order_lines(context_variables["orders"])
    batch = [
        {
            "customer": line["customer"],
            "item": line["item"],
            "pieces": int(line["pieces"]),
            "price": float(line["price"]),
        }
        for line in lines[len(records) : len(records) + count]
    ]
    context_variables["records"] = [*records, *batch]
    return {
        "batch": context_variables["batches"] + 1,
        "records": batch,
        "last": len(records) + len(batch) >= len(lines),
    }
