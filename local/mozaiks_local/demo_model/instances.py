"""Values for a JSON Schema: checked against it, or the smallest one made up for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["instance_errors", "minimal_instance", "resolve"]

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


def resolve(root: Mapping[str, Any], reference: str) -> Any:
    """What a local ``$ref`` points to.

    Raises
    ------
    KeyError, TypeError
        It points nowhere.
    """
    node: Any = root
    if reference != "#" and not reference.startswith("#/"):
        raise KeyError(reference)
    for step in reference[2:].split("/") if len(reference) > 1 else ():
        node = node[step.replace("~1", "/").replace("~0", "~")]
    return node


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
        return minimal_instance(resolve(top, str(schema["$ref"])), top, depth=depth + 1)
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
