"""JSON Schema as TypeScript types: the part of it that pydantic and our own documents write."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

__all__ = ["comment", "interface", "type_of"]

_PLAIN: Final = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
_IDENTIFIER: Final = re.compile(r"^[A-Za-z_$][\w$]*$")


def type_of(schema: Mapping[str, Any], name_of: Callable[[str], str]) -> str:
    """The TypeScript type of what fits ``schema``.

    Parameters
    ----------
    schema
        A JSON Schema.
    name_of
        The TypeScript name of a referenced schema, by the last step of its ``$ref``.

    Raises
    ------
    ValueError
        If the schema says something that has no counterpart here: better no types than wrong ones.
    """
    if "$ref" in schema:
        return name_of(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    if "enum" in schema:
        return " | ".join(json.dumps(each, ensure_ascii=False) for each in schema["enum"])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " | ".join(dict.fromkeys(type_of(each, name_of) for each in schema[key]))
    kind = schema.get("type")
    if kind is None:
        return "JsonValue"
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind == "array":
        item = type_of(schema.get("items", {}), name_of)
        return f"readonly ({item})[]" if " | " in item else f"readonly {item}[]"
    if kind == "object":
        return _object(schema, name_of)
    raise ValueError(f"{kind!r} is no type that TypeScript types are made of; found in {json.dumps(schema)[:200]}")


def interface(name: str, schema: Mapping[str, Any], name_of: Callable[[str], str]) -> str:
    """An exported declaration of an object's fields."""
    needed = set(schema.get("required", ()))
    lines = [f"{comment(schema.get('description'))}export interface {name} {{"]
    for field, each in schema.get("properties", {}).items():
        key = field if _IDENTIFIER.match(field) else json.dumps(field)
        mark = "" if field in needed else "?"
        lines.append(f"{comment(each.get('description'), '  ')}  readonly {key}{mark}: {type_of(each, name_of)};")
    return "\n".join([*lines, "}"])


def comment(words: str | None, indent: str = "") -> str:
    """A doc comment on lines of its own, or nothing."""
    if not words:
        return ""
    plain = " ".join(words.split()).replace("*/", "* /")
    return f"{indent}/** {plain} */\n"


def _object(schema: Mapping[str, Any], name_of: Callable[[str], str]) -> str:
    if schema.get("properties"):
        needed = set(schema.get("required", ()))
        fields = "; ".join(
            f"readonly {key if _IDENTIFIER.match(key) else json.dumps(key)}{'' if key in needed else '?'}: "
            f"{type_of(each, name_of)}"
            for key, each in schema["properties"].items()
        )
        return f"{{ {fields} }}"
    values = schema.get("additionalProperties", True)
    inner = type_of(values, name_of) if isinstance(values, Mapping) and values else "JsonValue"
    return f"Readonly<Record<string, {inner}>>"
