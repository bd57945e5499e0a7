"""The nodes of a parsed expression and what they mean. See ``expressions`` for the language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

__all__ = [
    "Compare",
    "Junction",
    "Length",
    "Listing",
    "Not",
    "Operator",
    "Path",
    "Tree",
    "Value",
    "evaluate",
    "is_true",
    "paths_of",
]

Operator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]

_COMPARISON_BUDGET = 100_000
"""Values looked at by one deep comparison; a larger (or cyclic) one counts as unequal."""


@dataclass(frozen=True, slots=True)
class Value:
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Path:
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Length:
    of: Tree


@dataclass(frozen=True, slots=True)
class Not:
    of: Tree


@dataclass(frozen=True, slots=True)
class Junction:
    """``and`` or ``or`` over two or more operands."""

    word: Literal["and", "or"]
    operands: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    operator: Operator
    left: Tree
    right: Tree


Tree: TypeAlias = Value | Path | Listing | Length | Not | Junction | Compare


def paths_of(tree: Tree) -> Iterator[tuple[str, ...]]:
    """The variables read anywhere under ``tree``."""
    match tree:
        case Path(parts):
            yield parts
        case Listing(items):
            for item in items:
                yield from paths_of(item)
        case Length(of) | Not(of):
            yield from paths_of(of)
        case Junction(_, operands):
            for operand in operands:
                yield from paths_of(operand)
        case Compare(_, left, right):
            yield from paths_of(left)
            yield from paths_of(right)
        case Value():
            return


def evaluate(tree: Tree, values: Mapping[str, Any]) -> Any:
    """The value of ``tree`` with ``values`` bound."""
    match tree:
        case Value(value):
            return value
        case Path(parts):
            return _look_up(parts, values)
        case Listing(items):
            return [evaluate(item, values) for item in items]
        case Length(of):
            return _length(evaluate(of, values))
        case Not(of):
            return not is_true(evaluate(of, values))
        case Junction(word, operands):
            result: Any = None
            for operand in operands:
                result = evaluate(operand, values)
                if is_true(result) is (word == "or"):
                    break
            return result
        case Compare(operator, left, right):
            return _compare(operator, evaluate(left, values), evaluate(right, values))


def is_true(value: object) -> bool:
    """Truth of a JSON-like value. An object of any other type is true: its own opinion is not asked."""
    if value is None or isinstance(value, bool):
        return value is True
    if isinstance(value, (int, float)):
        return value != 0
    if isinstance(value, (str, list, tuple, dict)):
        return len(value) > 0
    return True


def _look_up(parts: tuple[str, ...], values: Mapping[str, Any]) -> Any:
    found: Any = values
    for part in parts:
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def _length(value: object) -> int | None:
    if value is None:
        return 0
    return len(value) if isinstance(value, (str, list, tuple, dict)) else None


def _compare(operator: Operator, left: Any, right: Any) -> bool:
    match operator:
        case "==":
            return _Equality().same(left, right)
        case "!=":
            return not _Equality().same(left, right)
        case "in":
            return _contains(right, left)
        case "not in":
            return not _contains(right, left)
    if not ((_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str))):
        return False
    match operator:
        case "<":
            return bool(left < right)
        case "<=":
            return bool(left <= right)
        case ">":
            return bool(left > right)
        case ">=":
            return bool(left >= right)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _contains(container: Any, item: Any) -> bool:
    if isinstance(container, str):
        return isinstance(item, str) and item in container
    if isinstance(container, dict):
        return isinstance(item, str) and item in container
    if isinstance(container, (list, tuple)):
        equality = _Equality()
        return any(equality.same(item, member) for member in container)
    return False


class _Equality:
    """Deep equality of JSON-like values that ends on any input."""

    def __init__(self) -> None:
        self.budget = _COMPARISON_BUDGET

    def same(self, left: Any, right: Any, depth: int = 0) -> bool:
        self.budget -= 1
        if self.budget < 0 or depth > 64:
            return False
        if isinstance(left, bool) or isinstance(right, bool) or left is None or right is None:
            return left is right
        if _is_number(left) and _is_number(right):
            return bool(left == right)
        if isinstance(left, str) and isinstance(right, str):
            return left == right
        if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
            if len(left) != len(right):
                return False
            return all(self.same(a, b, depth + 1) for a, b in zip(left, right, strict=True))
        if isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            return all(self.same(value, right[key], depth + 1) for key, value in left.items())
        return False
