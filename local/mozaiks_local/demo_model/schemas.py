"""JSON Schemas: OpenAI's strict subset, instances checked against a schema, and the smallest instance of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .errors import RuleViolation

__all__ = ["check_function_schema", "check_strict_schema", "instance_errors", "minimal_instance"]

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
_FORMATS = {
    "date": "2025-01-01",
    "time": "12:00:00Z",
    "date-time": "2025-01-01T12:00:00Z",
    "duration": "PT1S",
    "email": "demo@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


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


def _resolve(root: Mapping[str, Any], reference: str) -> Any:
    node: Any = root
    if reference != "#" and not reference.startswith("#/"):
        raise KeyError(reference)
    for step in reference[2:].split("/") if len(reference) > 1 else ():
        node = node[step.replace("~1", "/").replace("~0", "~")]
    return node


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
                _resolve(schema, str(node["$ref"]))
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


def instance_errors(instance: Any, schema: Mapping[str, Any]) -> list[str]:
    """What is wrong with ``instance`` under ``schema``, as ``path: message``; empty when it fits."""
    # Late: a quarter of the import time of this package, needed by structured outputs only.
    import jsonschema  # type: ignore[import-untyped, unused-ignore]

    validator = jsonschema.Draft202012Validator(schema)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(instance)]


def minimal_instance(schema: Any, root: Mapping[str, Any] | None = None, *, depth: int = 0) -> Any:
    """A small value that fits ``schema``: required properties only, the first of each choice.

    A ``pattern`` is not solved; check the result with :func:`instance_errors`.

    Raises
    ------
    RecursionError
        A schema that requires itself and so has no finite instance.
    """
    if not isinstance(schema, Mapping):
        return {}
    top = schema if root is None else root
    if depth > 60:
        raise RecursionError("the schema requires itself without end")
    if "$ref" in schema:
        return minimal_instance(_resolve(top, str(schema["$ref"])), top, depth=depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if "default" in schema:
        return schema["default"]
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return _first_choice(schema[key], top, depth)
    if schema.get("allOf"):
        merged: dict[str, Any] = {}
        for part in schema["allOf"]:
            value = minimal_instance(part, top, depth=depth + 1)
            merged = {**merged, **value} if isinstance(value, dict) else value
        return merged
    declared = schema.get("type", "object" if "properties" in schema else "string")
    kind = declared[0] if isinstance(declared, list) else declared
    if kind == "object":
        properties = schema.get("properties") or {}
        return {
            key: minimal_instance(properties.get(key, {}), top, depth=depth + 1) for key in schema.get("required", ())
        }
    if kind == "array":
        return [minimal_instance(schema.get("items", {}), top, depth=depth + 1)] * int(schema.get("minItems", 0))
    if kind == "string":
        return _text(schema)
    if kind in ("integer", "number"):
        return _number(schema, kind)
    return False if kind == "boolean" else None


def _first_choice(choices: list[Any], root: Mapping[str, Any], depth: int) -> Any:
    # A recursive schema ends only in its null or leaf branch; a shallow one should show its content.
    order = choices if depth < 12 else sorted(choices, key=lambda choice: 0 if choice.get("type") == "null" else 1)
    failure: RecursionError | None = None
    for choice in order:
        try:
            return minimal_instance(choice, root, depth=depth + 1)
        except RecursionError as error:
            failure = error
    raise failure or RecursionError("a union without choices")


def _text(schema: Mapping[str, Any]) -> str:
    text = _FORMATS.get(str(schema.get("format")), "demo")
    text = text.ljust(int(schema.get("minLength", 0)), ".")
    return text[: int(schema["maxLength"])] if "maxLength" in schema else text


def _number(schema: Mapping[str, Any], kind: str) -> int | float:
    step = schema.get("multipleOf") or (1 if kind == "integer" else 0.5)
    value: int | float = 0
    if "minimum" in schema:
        value = max(value, schema["minimum"])
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        value = schema["exclusiveMinimum"] + step
    if "maximum" in schema:
        value = min(value, schema["maximum"])
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        value = schema["exclusiveMaximum"] - step
    return int(value) if kind == "integer" else value
