"""Computed variables: what they are computed from, in which order, and to what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mozaiks.engine.context_queries import placeholders
from mozaiks.engine.context_values import coerced
from mozaiks.manifests.expressions import ExpressionError, parse
from mozaiks.manifests.spec import ContextVariableSpec

__all__ = ["computed_value", "in_order"]


def in_order(variables: tuple[ContextVariableSpec, ...]) -> list[ContextVariableSpec]:
    """The variables, each after those its expression or query names, else in the order of the file.

    Raises
    ------
    ValueError
        One needs its own value; or an expression cannot be parsed.
    """
    by_name = {variable.name: variable for variable in variables}
    ordered: dict[str, ContextVariableSpec] = {}
    for variable in variables:
        # A stack of its own: a chain of a thousand variables is no reason to fail.
        open_: dict[str, list[str]] = {}
        if variable.name not in ordered:
            open_[variable.name] = _needs(variable, by_name)
        while open_:
            name, needs = next(reversed(open_.items()))
            missing = next((other for other in needs if other not in ordered), None)
            if missing is None:
                ordered[name] = by_name[name]
                del open_[name]
            elif missing in open_:
                raise ValueError(f"the variable {missing!r} needs its own value, through {', '.join(sorted(open_))}")
            else:
                open_[missing] = _needs(by_name[missing], by_name)
    return list(ordered.values())


def computed_value(variable: ContextVariableSpec, values: Mapping[str, Any]) -> Any:
    """The value of a computed variable under ``values``. One of type bool says whether its expression is true.

    Raises
    ------
    ValueError
        The expression cannot be parsed, or its value is not of the variable's type.
    """
    try:
        expression = parse(variable.source.expression or "null")
    except ExpressionError as error:
        raise ValueError(f"its expression cannot be parsed: {error.message}") from None
    if variable.type == "bool":
        return expression.is_true(values)
    return coerced(variable, expression.evaluate(values))


def _needs(variable: ContextVariableSpec, declared: Mapping[str, ContextVariableSpec]) -> list[str]:
    source = variable.source
    if source.kind == "computed":
        try:
            names = parse(source.expression or "null").names
        except ExpressionError as error:
            raise ValueError(f"the expression of {variable.name!r} cannot be parsed: {error.message}") from None
    elif source.kind == "data_reference":
        names = placeholders(source.query_template)
    else:
        return []
    return sorted(names.intersection(declared))
