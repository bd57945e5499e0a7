"""The JSON Schemas OpenAI's API accepts: for a function's parameters, and under ``strict``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .errors import RuleViolation
from .instances import resolve

__all__ = ["check_function_schema", "check_strict_schema"]

_FORBIDDEN_STRICT = (
    "allOf",
    "default",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "not",
    "oneOf",
    "patternProperties",
    "then",
)
_FORBIDDEN_ROOT = ("oneOf", "anyOf", "allOf", "enum", "not")
_MAX_PROPERTIES = 5000
_MAX_DEPTH = 10


def _children(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for group in ("properties", "$defs", "definitions"):
        for name, child in (schema.get(group) or {}).items():
            yield f"{path}.{group}.{name}", child
    for key in ("anyOf", "oneOf", "allOf"):
        for index, child in enumerate(schema.get(key) or ()):
            yield f"{path}.{key}.{index}", child
    if "items" in schema:
        yield f"{path}.items", schema["items"]
    if isinstance(schema.get("additionalProperties"), dict):
        yield f"{path}.additionalProperties", schema["additionalProperties"]


def _is_type(schema: Mapping[str, Any], name: str) -> bool:
    declared = schema.get("type")
    return declared == name or (isinstance(declared, list) and name in declared)


def check_function_schema(schema: Any, name: str, param: str) -> None:
    """Refuse what the API refuses as ``parameters`` of a function that is not strict.

    Raises
    ------
    RuleViolation
        Rule ``function_parameters_object_schema`` or ``array_schema_items``.
    """
    rule = "function_parameters_object_schema"
    if not isinstance(schema, dict):
        raise RuleViolation(
            rule, f"'parameters' of function {name!r} is {type(schema).__name__}, not an object schema.", param
        )
    if schema.get("type") != "object":
        raise RuleViolation(
            rule,
            f"Invalid schema for function {name!r}: it must have type 'object', got {schema.get('type')!r}.",
            param,
        )
    for keyword in _FORBIDDEN_ROOT:
        if keyword in schema:
            raise RuleViolation(
                rule, f"Invalid schema for function {name!r}: {keyword!r} may not stand at its top level.", param
            )
    _check_nodes(schema, name, param)


def _check_nodes(root: Mapping[str, Any], name: str, param: str) -> None:
    pending: list[tuple[str, Any]] = [("$", root)]
    while pending:
        path, node = pending.pop()
        if isinstance(node, bool):
            continue
        if not isinstance(node, dict):
            raise RuleViolation(
                "function_parameters_object_schema",
                f"Invalid schema for function {name!r}: {path} is no schema: {node!r}.",
                param,
            )
        if not isinstance(node.get("properties", {}), dict):
            raise RuleViolation(
                "function_parameters_object_schema",
                f"Invalid schema for function {name!r}: {path}.properties is no map.",
                param,
            )
        if _is_type(node, "array") and "items" not in node:
            raise RuleViolation(
                "array_schema_items",
                f"Invalid schema for function {name!r}: in {path}, array schema missing items.",
                param,
            )
        pending.extend(_children(node, path))


def check_strict_schema(schema: Any, name: str, param: str) -> None:
    """Refuse what the API refuses under ``strict: true``.

    Raises
    ------
    RuleViolation
        Rule ``strict_schema``, naming the place inside the schema.
    """

    def refuse(path: str, what: str) -> RuleViolation:
        return RuleViolation("strict_schema", f"Invalid schema {name!r}: in {path}, {what}.", param)

    if not isinstance(schema, dict):
        raise refuse("$", f"expected a schema, got {type(schema).__name__}")
    if schema.get("type") != "object" or "anyOf" in schema:
        raise refuse("$", f"the root must be of type 'object' and no union, got type {schema.get('type')!r}")
    properties_total = 0
    pending: list[tuple[str, Any, int]] = [("$", schema, 1)]
    while pending:
        path, node, depth = pending.pop()
        if not isinstance(node, dict):
            raise refuse(path, f"expected a schema, got {node!r}")
        for keyword in _FORBIDDEN_STRICT:
            if keyword in node:
                raise refuse(path, f"{keyword!r} is not permitted")
        if "$ref" in node:
            if len(node) > 1:
                raise refuse(path, f"$ref cannot have keywords {sorted(set(node) - {'$ref'})}")
            try:
                resolve(schema, str(node["$ref"]))
            except (KeyError, TypeError):
                raise refuse(path, f"$ref {node['$ref']!r} points nowhere") from None
            continue
        if not ({"type", "anyOf", "enum", "const"} & set(node)):
            raise refuse(path, "schema must have a 'type' key")
        if _is_type(node, "object"):
            depth += 1
            properties = node.get("properties", {})
            if not isinstance(properties, dict):
                raise refuse(path, "'properties' must be a map")
            properties_total += len(properties)
            if node.get("additionalProperties") is not False:
                raise refuse(path, "'additionalProperties' is required to be supplied and to be false")
            required = node.get("required", [])
            if not isinstance(required, list) or set(required) != set(properties):
                missing = sorted(set(properties) - set(required if isinstance(required, list) else []))
                extra = sorted(set(required) - set(properties)) if isinstance(required, list) else []
                raise refuse(
                    path, f"'required' must hold every key of 'properties' (missing {missing}, unknown {extra})"
                )
        if _is_type(node, "array") and "items" not in node:
            raise refuse(path, "array schema missing items")
        if depth > _MAX_DEPTH + 1:
            raise refuse(path, f"more than {_MAX_DEPTH} levels of objects")
        pending.extend((child_path, child, depth) for child_path, child in _children(node, path))
    if properties_total > _MAX_PROPERTIES:
        raise refuse("$", f"{properties_total} properties; {_MAX_PROPERTIES} are allowed")
