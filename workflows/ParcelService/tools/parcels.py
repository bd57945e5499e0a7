"""Announces parcels under the user's own key."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from mozaiks.authoring import SecretNotFound, Secrets


async def announce_parcel(destination: str, secrets: Secrets, turn_idempotency_key: str) -> dict[str, Any]:
    """Announce a parcel.

    Args:
        destination: Where it goes.
        secrets: The user's secrets.
        turn_idempotency_key: The call; it names the parcel, so that a repeated call announces no second one.
    """
    try:
        key = await secrets.get("parcel_service_key")
    except SecretNotFound:
        return {"announced": False, "reason": "no account is connected"}
    # What would go to the service: the announcement, and its signature in the place of the key.
    signature = hmac.new(key.encode(), f"{turn_idempotency_key}:{destination}".encode(), hashlib.sha256).hexdigest()
    return {"announced": True, "number": f"PK-{signature[:10].upper()}", "destination": destination}
