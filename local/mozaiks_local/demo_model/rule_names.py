"""Words and the name pattern that the message rules and the tool rules share."""

from __future__ import annotations

import re
from typing import Any

from .errors import RuleViolation

__all__ = ["check_name", "json_kind"]

_NAME = re.compile(r"^[a-zA-Z0-9_-]{1,64}$")


def json_kind(value: Any) -> str:
    """How a message names the type of ``value``."""
    return "null" if value is None else type(value).__name__


def check_name(name: Any, where: str) -> str:
    """Give ``name`` back, or refuse it by rule ``name_pattern``."""
    if not isinstance(name, str) or not _NAME.match(name):
        raise RuleViolation("name_pattern", f"{where} is {name!r}; expected a string matching {_NAME.pattern}.", where)
    return name
