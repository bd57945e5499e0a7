"""Rules about the tools a request offers and how it asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import RuleViolation
from .rule_names import check_name
from .schemas import check_function_schema, check_strict_schema

__all__ = ["check_tool_choice", "check_tools"]

_MAX_TOOLS = 128


def check_tools(body: Mapping[str, Any]) -> set[str]:
    """Refuse what the API refuses as ``tools``; the names offered."""
    tools = body.get("tools")
    if tools is None:
        return set()
    if not isinstance(tools, list) or not tools:
        raise RuleViolation("tools_not_empty", "[] is too short - 'tools'; leave it out when there are none.", "tools")
    if len(tools) > _MAX_TOOLS:
        raise RuleViolation(
            "tools_limit", f"'tools' holds {len(tools)} tools; at most {_MAX_TOOLS} are allowed.", "tools"
        )
    names: set[str] = set()
    for index, tool in enumerate(tools):
        where = f"tools.{index}"
        function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
        if not isinstance(function, dict):
            raise RuleViolation("tool_shape", f"{where} must be {{type: 'function', function: {{name, …}}}}.", where)
        name = check_name(function.get("name"), f"{where}.function.name")
        if name in names:
            raise RuleViolation("tool_names_unique", f"Tool names must be unique: {name!r} stands twice.", where)
        names.add(name)
        if not isinstance(function.get("description") or "", str):
            raise RuleViolation("tool_shape", f"{where}.function.description must be a string.", where)
        if "parameters" in function:
            check_function_schema(function["parameters"], name, f"{where}.function.parameters")
        if function.get("strict"):
            check_strict_schema(function.get("parameters"), name, f"{where}.function.parameters")
    return names


def check_tool_choice(body: Mapping[str, Any], names: set[str]) -> None:
    """Refuse a ``tool_choice`` that fits none of ``names``."""
    for key in ("tool_choice", "parallel_tool_calls"):
        if body.get(key) is not None and not names:
            raise RuleViolation("tool_choice_needs_tools", f"'{key}' is only allowed when 'tools' are specified.", key)
    choice = body.get("tool_choice")
    if choice is None or choice in ("none", "auto", "required"):
        return
    function = choice.get("function") if isinstance(choice, dict) else None
    if not isinstance(function, dict) or function.get("name") not in names:
        raise RuleViolation(
            "tool_choice",
            f"'tool_choice' is {choice!r}; expected none, auto, required or an offered tool.",
            "tool_choice",
        )
