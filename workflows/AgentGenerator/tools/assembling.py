"""Puts an agent together from what child chats made of it."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

PARTS = ("AgentPersona", "AgentToolkit")


def assemble(context_variables: MutableMapping[str, Any]) -> dict[str, Any]:
    """The agent as far as its parts were made, and what is missing of it.

    Args:
        context_variables: Variables of the chat: child_results is read, blueprint is set.
    """
    made = {
        result["workflow_name"]: result["structured_output"]
        for result in context_variables["child_results"] or []
        if result["status"] == "completed" and isinstance(result["structured_output"], dict)
    }
    persona, toolkit = (made.get(part, {}) for part in PARTS)
    blueprint = {
        "name": persona.get("name", "Unnamed"),
        "system_message": persona.get("system_message", ""),
        "tools": toolkit.get("tools", []),
    }
    context_variables["blueprint"] = blueprint
    return {
        **blueprint,
        "tool_names": ", ".join(tool["name"] for tool in blueprint["tools"]) or "no tools",
        "missing": [part for part in PARTS if part not in made],
    }
