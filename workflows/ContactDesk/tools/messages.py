"""Messages for the office, from what the guest filled in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any


def leave_message(context_variables: Mapping[str, Any], turn_idempotency_key: str) -> dict[str, Any]:
    """Leave the message of the form for the office.

    Args:
        context_variables: Variables of the chat, with contact.
        turn_idempotency_key: The call; it names the message, so that a repeated call leaves no second one.
    """
    contact = context_variables["contact"]
    if contact is None:
        return {"left": False, "reason": "the form was not sent"}
    number = "MSG-" + hashlib.sha256(turn_idempotency_key.encode()).hexdigest()[:6].upper()
    return {"left": True, "number": number, "name": contact["name"], "email": contact["email"]}
