"""Context variables have types; this is how a value becomes one of that type, or is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from mozaiks.manifests.nodes import kind_of
from mozaiks.manifests.shape import read_bool

__all__ = ["VARIABLE_TYPES", "VariableType", "coerce"]

VariableType: TypeAlias = Literal["any", "str", "int", "float", "bool", "list", "dict"]

VARIABLE_TYPES: dict[str, VariableType] = {
    "any": "any",
    "str": "str",
    "string": "str",
    "text": "str",
    "int": "int",
    "integer": "int",
    "float": "float",
    "number": "float",
    "bool": "bool",
    "boolean": "bool",
    "list": "list",
    "array": "list",
    "dict": "dict",
    "object": "dict",
    "map": "dict",
}
"""Every accepted spelling of a type, folded → its canonical name."""


def coerce(value: Any, type_: VariableType) -> Any:
    """``value`` as ``type_``; null stays null.

    Parameters
    ----------
    value
        A JSON-like value.
    type_
        The variable's type.

    Raises
    ------
    ValueError
        Says what was expected and what was found.
    """
    if value is None or type_ == "any":
        return value
    result = _CONVERSIONS[type_](value)
    if result is None:
        raise ValueError(f"expected {_WORDS[type_]}, found {kind_of(value)}")
    return result


def _to_str(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else None


def _to_int(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str) and len(value) <= 40:
        try:
            return int(value)
        except ValueError:
            return None
    return None


def _to_float(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _to_bool(value: Any) -> bool | None:
    read = read_bool(value)
    return read if isinstance(read, bool) else None


def _to_list(value: Any) -> list[Any] | None:
    return list(value) if isinstance(value, (list, tuple)) else None


def _to_dict(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


_CONVERSIONS: dict[VariableType, Callable[[Any], Any]] = {
    "str": _to_str,
    "int": _to_int,
    "float": _to_float,
    "bool": _to_bool,
    "list": _to_list,
    "dict": _to_dict,
}
_WORDS: dict[VariableType, str] = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a map",
}
