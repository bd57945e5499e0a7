"""Tickets of an imaginary shop. A ticket's number follows from what it is about, so a repeated call opens no second."""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from typing import Any, Literal

_ANSWER_WITHIN = {"low": "three working days", "normal": "two working days", "high": "24 hours"}


def create_ticket(
    order_id: str,
    summary: str,
    context_variables: MutableMapping[str, Any],
    app_id: str,
    user_id: str,
    chat_id: str,
    priority: Literal["low", "normal", "high"] = "normal",
) -> dict[str, str]:
    """Open a ticket for a person to follow up.

    Args:
        order_id: The order's number, as ORD-1234.
        summary: The problem in one sentence.
        context_variables: Variables of the chat; the ticket is kept as ticket_id.
        app_id: The shop.
        user_id: The customer.
        chat_id: The chat the problem was told in.
        priority: How urgent it is.
    """
    key = order_id.strip().upper()
    digest = hashlib.sha256("\n".join((app_id, user_id, chat_id, key)).encode()).hexdigest()
    ticket_id = f"TCK-{digest[:6].upper()}"
    context_variables["ticket_id"] = ticket_id
    return {
        "ticket_id": ticket_id,
        "order_id": key,
        "summary": summary,
        "priority": priority,
        "answer_within": _ANSWER_WITHIN[priority],
    }
