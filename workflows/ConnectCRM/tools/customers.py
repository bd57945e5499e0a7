"""The user's customer list. A file stands in for the service that would be called over HTTP with the key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mozaiks.authoring import SecretNotFound, Secrets

DATA = Path(__file__).parents[1] / "data" / "customers.json"
KEY_NAME = "crm_api_key"


class ListService:
    """What a client library of such a service looks like."""

    def __init__(self, key: str) -> None:
        if not key.startswith("crm_"):
            # Libraries do quote what they were given. It is masked before anybody hears it.
            raise PermissionError(f"the key {key} is no key of this service")
        self._customers: dict[str, str] = json.loads(DATA.read_text(encoding="utf-8"))

    def search(self, words: str) -> dict[str, str]:
        return {name: number for name, number in self._customers.items() if words.casefold() in name.casefold()}


async def connect_list(ui_response: dict[str, Any] | None = None, secrets: Secrets | None = None) -> dict[str, Any]:
    """Make the form, and try the key once the user has sent it."""
    if ui_response is None or secrets is None:
        return {"account": ""}
    # In the answer stands a reference, not the key.
    ListService(await secrets.get(KEY_NAME))
    return {"connected": True, "account": ui_response["account"]}


async def find_contact(name: str, secrets: Secrets) -> dict[str, Any]:
    """Look a person up.

    Parameters
    ----------
    name
        Name of the person, or a part of it.
    """
    try:
        key = await secrets.get(KEY_NAME)
    except SecretNotFound:
        return {"connected": False}
    return {"connected": True, "found": ListService(key).search(name)}
