"""Placeholders of scripts: ``{user}``, ``{tool.city}`` and the like, looked up in plain data and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["fill", "fill_text"]

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_-]+)*)\}")
_MISSING = "unknown"


def _look_up(path: str, values: Mapping[str, Any]) -> Any:
    node: Any = values
    for step in path.split("."):
        if isinstance(node, Mapping) and step in node:
            node = node[step]
        elif isinstance(node, list) and step.isdecimal() and int(step) < len(node):
            node = node[int(step)]
        else:
            return _MISSING
    return node


def _known(path: str, values: Mapping[str, Any]) -> bool:
    return path.split(".", 1)[0] in values


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def fill_text(text: str, values: Mapping[str, Any]) -> str:
    """Put values in place of placeholders.

    A placeholder whose first word is no value's name stays as it is (so JSON in a text survives); one whose path leads
    nowhere becomes ``unknown``. What is put in is not searched again.
    """
    return _PLACEHOLDER.sub(
        lambda hit: _as_text(_look_up(hit[1], values)) if _known(hit[1], values) else hit[0],
        text,
    )


def fill(value: Any, values: Mapping[str, Any]) -> Any:
    """The same for every string inside ``value``; a string that is one placeholder becomes the value itself."""
    if isinstance(value, str):
        whole = _PLACEHOLDER.fullmatch(value)
        return _look_up(whole[1], values) if whole and _known(whole[1], values) else fill_text(value, values)
    if isinstance(value, dict):
        return {key: fill(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, values) for item in value]
    return value
