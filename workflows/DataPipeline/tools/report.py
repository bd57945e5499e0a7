"""The totals of the morning report."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any


async def file_report(
    context_variables: MutableMapping[str, Any],
    progress: Callable[[float, str], Awaitable[None]],
) -> dict[str, Any]:
    """The totals of the good orders, for the report.

    Args:
        context_variables: Variables of the chat: records, rejected and bakery.
        progress: Told how far it is.
    """
    await progress(10, "Adding up")
    bad = {rejection["line"] for rejection in context_variables["rejected"]}
    good = [record for number, record in enumerate(context_variables["records"], start=1) if number not in bad]
    pieces: dict[str, int] = {}
    for record in good:
        pieces[record["item"]] = pieces.get(record["item"], 0) + record["pieces"]
    await progress(100, "Filed")
    return {
        "bakery": context_variables["bakery"],
        "orders": len(good),
        "pieces": sum(pieces.values()),
        "euros": round(sum(record["price"] for record in good), 2),
        "most_wanted": max(pieces, key=lambda item: pieces[item]) if pieces else None,
        "rejected": len(bad),
    }
