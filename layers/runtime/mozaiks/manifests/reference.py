"""The field-by-field reference of the canonical dialect, as Markdown, generated from its models."""

from __future__ import annotations

import inspect
from typing import Any

from mozaiks.manifests.canonical.base import CanonicalModel
from mozaiks.manifests.schemas import FILES, generate_schemas

__all__ = ["generate_reference"]


def generate_reference() -> str:
    """One section per manifest file, one table per map in it: field, type, default, meaning, other spellings."""
    aliases = {model.__name__: model.dialects for model in _models(CanonicalModel)}
    parts: list[str] = []
    for name, schema in generate_schemas().items():
        parts += [f"## `{name}`", ""]
        parts += _table(schema, aliases[FILES[name].__name__])
        for title, definition in schema.get("$defs", {}).items():
            parts += [f"### {title}", "", definition.get("description", ""), ""]
            parts += _table(definition, aliases.get(title, {}))
    return "\n".join(parts).rstrip() + "\n"


def _models(model: type[CanonicalModel]) -> list[type[CanonicalModel]]:
    return [found for sub in model.__subclasses__() for found in (sub, *_models(sub))]


def _table(schema: dict[str, Any], dialects: dict[str, str]) -> list[str]:
    rows = ["| field | type | default | meaning |", "|---|---|---|---|"]
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        spellings = [f"`{alias}`" for alias, canonical in dialects.items() if canonical == name]
        meaning = field.get("description", "")
        if spellings:
            meaning = f"{meaning} Also written {', '.join(spellings)}.".strip()
        default = "required" if name in required else _default(field)
        rows.append(f"| `{name}` | {_cell(_type(field))} | {default} | {_cell(inspect.cleandoc(meaning))} |")
    return [*rows, ""]


def _default(field: dict[str, Any]) -> str:
    value = field.get("default")
    if value is None:
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        title = str(field["$ref"]).rpartition("/")[2]
        return f"[{title}](#{title.lower()})"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "anyOf" in field:
        return " or ".join(_type(variant) for variant in field["anyOf"])
    kind = field.get("type")
    if kind == "array":
        return f"list of {_type(field.get('items', {}))}"
    if kind == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"map of {_type(field['additionalProperties'])}"
    words = {"string": "text", "integer": "whole number", "boolean": "true or false", "object": "map"}
    return words.get(str(kind), str(kind or "any"))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
