"""Query templates of ``data_reference`` variables, with variables bound as values.

A template is read by a small grammar that knows where a field, an operator and a value stand. What is bound comes to
stand where a value does, and only text, numbers, booleans and null are bound, so nothing a variable holds can be read
as an operator or as a field. An operator outside the list is refused: some run code, read other collections, or take
values apart as expressions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from mozaiks.manifests.expressions import ExpressionError, parse

__all__ = ["bound", "placeholders"]

_PLACEHOLDER: Final = re.compile(r"\$\{([^{}]*)\}")
_JUNCTIONS: Final = frozenset({"$and", "$or", "$nor"})
_VALUE_OPERATORS: Final = frozenset(
    {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$all", "$exists", "$type", "$size", "$mod"}
)
_FIXED_OPERATORS: Final = frozenset({"$regex", "$options"})
"""Their operand has a grammar of its own, in which a bound value would not be a value."""
_OPERATORS: Final = _JUNCTIONS | _VALUE_OPERATORS | _FIXED_OPERATORS | {"$not", "$elemMatch"}
_MAX_INT: Final = 2**63


def placeholders(template: Mapping[str, Any] | None) -> frozenset[str]:
    """The variables a template reads: ``a`` for ``${a.b}``."""
    return frozenset(name.split(".")[0].strip() for name in _names(template))


def bound(template: Mapping[str, Any] | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """The query of ``template`` under ``values``.

    A text that is one placeholder becomes the variable's value, with its type; a placeholder within a longer text
    becomes part of that text. A missing variable is null.

    Parameters
    ----------
    template
        In MongoDB's query language; ``None`` matches every document of the tenant.
    values
        Variable name → JSON value.

    Raises
    ------
    ValueError
        An operator that is not allowed or stands in a wrong place, or a variable that cannot stand in a query. Names
        the variable, never its value.
    """
    return _query(template or {}, values)


def _query(template: object, values: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(template, Mapping):
        raise ValueError("a part of the query is no map of fields")  # noqa: TRY004 - one kind of refusal
    query: dict[str, Any] = {}
    for key, part in template.items():
        if key in _JUNCTIONS:
            if not isinstance(part, (list, tuple)) or not part:
                raise ValueError(f"{key} of the query takes a list of queries")
            query[key] = [_query(item, values) for item in part]
        else:
            query[_field(key)] = _condition(part, values)
    return query


def _condition(part: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a field is compared with, always as operators: a bound value is an operand, never the whole condition."""
    if isinstance(part, Mapping) and any(str(key).startswith("$") for key in part):
        return {_operator(key): _operand(key, operand, values) for key, operand in part.items()}
    return {"$eq": _literal(part, values)}


def _operand(operator: str, operand: Any, values: Mapping[str, Any]) -> Any:
    if operator == "$not":
        if not (isinstance(operand, Mapping) and any(str(key).startswith("$") for key in operand)):
            raise ValueError("$not of the query takes a map of operators")
        return _condition(operand, values)
    if operator == "$elemMatch":
        if isinstance(operand, Mapping) and any(key in _VALUE_OPERATORS | _FIXED_OPERATORS for key in operand):
            return _condition(operand, values)
        return _query(operand, values)
    if operator in _FIXED_OPERATORS:
        if not isinstance(operand, str) or _PLACEHOLDER.search(operand):
            raise ValueError(f"{operator} of the query takes a fixed text; a variable cannot be a pattern")
        return operand
    return _literal(operand, values)


def _literal(part: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(part, str):
        return _bind(part, values)
    if isinstance(part, Mapping):
        return {_field(key): _literal(item, values) for key, item in part.items()}
    if isinstance(part, (list, tuple)):
        return [_literal(item, values) for item in part]
    return part


def _field(key: object) -> str:
    if not isinstance(key, str) or not key or key.startswith("$") or _PLACEHOLDER.search(key):
        if key in _OPERATORS:
            raise ValueError(f"the operator {key} of the query stands where a field is expected")
        raise ValueError(f"the query has {key!r} where a field is expected; a field is fixed and begins with no '$'")
    return key


def _operator(key: object) -> str:
    if key not in _OPERATORS or key in _JUNCTIONS:
        allowed = ", ".join(sorted(_OPERATORS - _JUNCTIONS))
        raise ValueError(f"the query has {key!r} where an operator is expected; there are {allowed}")
    return str(key)


def _bind(text: str, values: Mapping[str, Any]) -> Any:
    whole = _PLACEHOLDER.fullmatch(text)
    if whole is not None:
        return _scalar(whole.group(1), values)
    return _PLACEHOLDER.sub(lambda found: _within_text(found.group(1), values), text)


def _scalar(name: str, values: Mapping[str, Any]) -> str | int | float | bool | None:
    value = _look_up(name, values)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            raise ValueError(f"${{{name}}} of the query holds half of a surrogate pair")
        return value
    if isinstance(value, int):
        if not -_MAX_INT <= value < _MAX_INT:
            raise ValueError(f"${{{name}}} of the query holds a number of more than 64 bits")
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    kind = "a map" if isinstance(value, Mapping) else "a list" if isinstance(value, (list, tuple)) else "no JSON"
    raise ValueError(f"${{{name}}} of the query holds {kind}; a query takes text, numbers, true, false and null")


def _within_text(name: str, values: Mapping[str, Any]) -> str:
    value = _scalar(name, values)
    if value is None:
        raise ValueError(f"${{{name}}} of the query is null and stands within a text")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _look_up(name: str, values: Mapping[str, Any]) -> Any:
    """Names and dotted paths as in expressions, and nothing else of them."""
    if not all(part.isidentifier() for part in name.strip().split(".")):
        raise ValueError(f"${{{name}}} of the query is no variable's name")
    try:
        return parse(f"${{{name.strip()}}}").evaluate(values)
    except ExpressionError as error:
        raise ValueError(f"${{{name}}} of the query is no variable's name: {error.message}") from None


def _names(part: Any) -> list[str]:
    if isinstance(part, str):
        return _PLACEHOLDER.findall(part)
    if isinstance(part, Mapping):
        return [name for item in part.values() for name in _names(item)]
    if isinstance(part, (list, tuple)):
        return [name for item in part for name in _names(item)]
    return []
