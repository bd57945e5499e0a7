"""What a structured output asks for: ``PatternSelection`` in either spelling. Pure; nothing in it is trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["MAX_MESSAGE_CHARS", "Asked", "Selection", "selection_of"]

SPELLINGS: Final = ("PatternSelection", "pattern_selection")
MAX_NAME_CHARS: Final = 80
MAX_MESSAGE_CHARS: Final = 16_000
"""Of a child's first message. It is kept with the parent until the child is opened."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One workflow that shall become a child."""

    name: str
    initial_agent: str | None = None
    initial_message: str | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    workflows: tuple[Asked, ...]
    resume_agent: str | None = None


def selection_of(output: Mapping[str, Any]) -> Selection | None:
    """The children that ``output`` asks for; ``None`` if it asks for none.

    Entries of ``workflows`` that are no maps with a name are passed over: the output's own schema is where their shape
    is held.
    """
    found = next((output[key] for key in SPELLINGS if isinstance(output.get(key), dict)), None)
    if found is None or found.get("is_multi_workflow") is not True:
        return None
    entries = found.get("workflows")
    asked = tuple(
        Asked(name[:MAX_NAME_CHARS], _text(entry.get("initial_agent"), MAX_NAME_CHARS), _message(entry))
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and (name := _text(entry.get("name"), MAX_NAME_CHARS)) is not None
    )
    return Selection(asked, _text(found.get("resume_agent"), MAX_NAME_CHARS))


def _text(value: Any, limit: int) -> str | None:
    return value.strip()[:limit] if isinstance(value, str) and value.strip() else None


def _message(entry: Mapping[str, Any]) -> str | None:
    return _text(entry.get("initial_message"), MAX_MESSAGE_CHARS)
