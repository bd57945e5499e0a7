"""What a context variable can hold: JSON of its type, of bounded size and depth."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from mozaiks.manifests.coercion import coerce
from mozaiks.manifests.spec import ContextVariableSpec

__all__ = ["MAX_TOTAL_BYTES", "MAX_VALUE_BYTES", "check_total", "coerced", "json_text", "plain", "same"]

MAX_VALUE_BYTES: Final = 256 * 1024
"""JSON of one value. It is stored at every safe point and may stand in every prompt."""
MAX_TOTAL_BYTES: Final = 1024 * 1024
"""JSON of all values of a chat together: they live in one document."""

_MAX_DEPTH: Final = 64

_EXPECTED: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a map",
}


def coerced(variable: ContextVariableSpec, value: Any) -> Any:
    """``value`` as the variable's type, where nothing is lost by it; null stays null.

    Text becomes the number, boolean, list or map it spells; a whole float becomes an int; a scalar becomes text. The
    result shares no list or map with ``value``.

    Raises
    ------
    ValueError
        Says what was expected and what kind of value was found. Never holds the value: it may be a secret.
    """
    result = plain(value)
    if variable.type in ("list", "dict") and isinstance(result, str):
        result = _spelled(result, result)
    if variable.type == "float" and isinstance(result, int) and not _is_exact_float(result):
        raise ValueError("expected a number, found a whole number too large to be kept exactly")
    try:
        typed = coerce(result, variable.type)
    except ValueError:
        # Its words quote the value.
        raise ValueError(f"expected {_EXPECTED[variable.type]}, found {_kind(value)}") from None
    if _size(typed) > MAX_VALUE_BYTES:
        raise ValueError(f"found a value of more than {MAX_VALUE_BYTES} bytes of JSON")
    return typed


def plain(value: Any) -> Any:
    """A copy of ``value`` in JSON's own types alone.

    Raises
    ------
    ValueError
        For what is no JSON (NaN, keys that are no text, other objects) or is too large or too deep.
    """
    return _Copy().of(value)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same; true is not 1, and the order of keys says nothing."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def check_total(values: Mapping[str, Any]) -> None:
    """``ValueError`` if all values together are larger than a chat may keep."""
    size = _size(dict(values))
    if size > MAX_TOTAL_BYTES:
        raise ValueError(f"together the variables hold {size} bytes of JSON; at most {MAX_TOTAL_BYTES} are kept")


def json_text(value: Any) -> str:
    """``value`` as JSON that any encoder of text accepts."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(value)
    return text


class _Copy:
    """Copies one value, and stops at one that is too deep or too large: lists may hold one another many times."""

    def __init__(self) -> None:
        self._budget = MAX_VALUE_BYTES

    def of(self, value: Any, depth: int = 0) -> Any:
        if depth > _MAX_DEPTH:
            raise ValueError(f"found a value nested deeper than {_MAX_DEPTH} levels")
        self._spend(1)
        if value is None or isinstance(value, bool):
            return value
        # The base types' own conversions: an enum's member becomes its value, whatever it prints as.
        if isinstance(value, str):
            self._spend(len(value))
            return str.__str__(value)
        if isinstance(value, int):
            return int.__int__(value)
        if isinstance(value, float):
            if not math.isfinite(value):
                raise ValueError("found a number that is not finite, which is no JSON")
            return float.__float__(value)
        if isinstance(value, (list, tuple)):
            return [self.of(item, depth + 1) for item in value]
        if isinstance(value, Mapping):
            return {self._key(key): self.of(item, depth + 1) for key, item in value.items()}
        raise ValueError(f"found {type(value).__name__}, which is no JSON")

    def _key(self, key: object) -> str:
        if not isinstance(key, str):
            raise ValueError(f"found a key that is {type(key).__name__}; keys of a map are text")  # noqa: TRY004
        self._spend(len(key))
        return str.__str__(key)

    def _spend(self, characters: int) -> None:
        self._budget -= characters
        if self._budget < 0:
            raise ValueError(f"found a value of more than {MAX_VALUE_BYTES} bytes of JSON")


def _spelled(text: str, otherwise: Any) -> Any:
    """The list or map that ``text`` spells in JSON, else ``otherwise``."""
    if len(text) > MAX_VALUE_BYTES:
        return otherwise
    try:
        return plain(json.loads(text, parse_constant=_no_constant))
    except (ValueError, RecursionError):
        return otherwise


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _is_exact_float(value: int) -> bool:
    try:
        return int(float(value)) == value
    except OverflowError:
        return False


def _size(value: Any) -> int:
    # ``ValueError`` of its own for an integer of more digits than Python prints.
    return len(json_text(value).encode())


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    for types, words in (
        (bool, "true or false"),
        (str, "a text that is none"),
        (int, "a whole number"),
        (float, "a number with a fraction"),
        ((list, tuple), "a list"),
        (Mapping, "a map"),
    ):
        if isinstance(value, types):
            return words
    return type(value).__name__
