"""Messages and tools as requests hold them."""

from __future__ import annotations

import json
from typing import Any


def offered(name: str, **properties: Any) -> dict[str, Any]:
    """A tool with these parameters, all of them required."""
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "description": name, "parameters": parameters}}


def called(name: str, arguments: dict[str, Any] | None = None, call_id: str = "call_1") -> dict[str, Any]:
    """An assistant message that calls one tool."""
    function = {"name": name, "arguments": json.dumps(arguments or {})}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": call_id, "type": "function", "function": function}],
    }


def answered(content: Any, call_id: str = "call_1") -> dict[str, Any]:
    """The tool message to it."""
    text = content if isinstance(content, str) else json.dumps(content)
    return {"role": "tool", "tool_call_id": call_id, "content": text}
