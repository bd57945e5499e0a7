"""Drafts and applies changes of settings that are kept in the chat's context variables."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import MutableMapping
from typing import Any


def draft_change(setting: str, value: str, context_variables: MutableMapping[str, Any]) -> dict[str, Any]:
    """Draft a change of one setting.

    Args:
        setting: Name of the setting.
        value: The new value; numbers and true or false as they are written in JSON.
        context_variables: Variables of the chat: settings is read, change is set.
    """
    settings = context_variables["settings"]
    if setting not in settings:
        return {"drafted": False, "reason": f"there is no setting {setting}; there are {', '.join(sorted(settings))}"}
    before, after = settings[setting], _like(settings[setting], value)
    if after is None:
        return {"drafted": False, "reason": f"{setting} is {json.dumps(before)}; {value!r} is of another kind"}
    if after == before:
        return {"drafted": False, "reason": f"{setting} is {json.dumps(before)} already"}
    diff = "\n".join(
        difflib.unified_diff(
            _lines(settings), _lines({**settings, setting: after}), "settings.json", "settings.json", lineterm=""
        )
    )
    change = {
        "id": "chg-" + hashlib.sha256(diff.encode()).hexdigest()[:8],
        "setting": setting,
        "before": before,
        "after": after,
        "diff": diff,
    }
    context_variables["change"] = change
    return {"drafted": True, "change_id": change["id"], "setting": setting, "before": before, "after": after}


def apply_change(change_id: str, context_variables: MutableMapping[str, Any]) -> dict[str, Any]:
    """Apply the drafted change.

    Args:
        change_id: The id that draft_change gave.
        context_variables: Variables of the chat: settings, change and applied are set.
    """
    change = context_variables["change"]
    if change is None or change["id"] != change_id:
        return {"applied": False, "reason": f"{change_id} is not the change that was drafted last"}
    context_variables["settings"] = {**context_variables["settings"], change["setting"]: change["after"]}
    context_variables["applied"] = [*context_variables["applied"], change_id]
    context_variables["change"] = None
    return {"applied": True, "setting": change["setting"], "value": change["after"]}


def _like(before: Any, value: str) -> Any:
    """``value`` as the kind of thing that ``before`` is; ``None`` if it is none."""
    if isinstance(before, str):
        return value
    try:
        after = json.loads(value)
    except ValueError:
        return None
    return after if type(after) is type(before) else None


def _lines(settings: dict[str, Any]) -> list[str]:
    return json.dumps(settings, indent=2).splitlines()
