"""The TypeScript types of frames and bodies are those of the backend."""

from __future__ import annotations

from typing import Any

import pytest

from mozaiks_local.typescript import SOURCES, generated_modules
from mozaiks_local.typescript.schema_types import interface, type_of

GENERATED = generated_modules()


@pytest.mark.parametrize("path", GENERATED)
def test_a_generated_module_is_what_the_backend_says_today(path: str) -> None:
    found = (SOURCES / path).read_text(encoding="utf-8")
    assert found == GENERATED[path], f"{path} is out of date; write it again: python -m mozaiks_local.typescript"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "string"),
        ({"type": "integer", "minimum": 0}, "number"),
        ({}, "JsonValue"),
        ({"enum": ["a", None]}, '"a" | null'),
        ({"const": True}, "true"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string | null"),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}]}, "number"),
        ({"type": "array", "items": {"$ref": "#/x/Thing"}}, "readonly Thing[]"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, 'readonly ("a" | "b")[]'),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "Readonly<Record<string, number>>"),
        ({"type": "object", "additionalProperties": True}, "Readonly<Record<string, JsonValue>>"),
        ({"type": "object", "properties": {"a-b": {"type": "null"}}}, '{ readonly "a-b"?: null }'),
    ],
)
def test_a_schema_becomes_the_type_of_what_fits_it(schema: dict[str, Any], expected: str) -> None:
    assert type_of(schema, str) == expected


def test_a_schema_without_a_counterpart_is_refused() -> None:
    with pytest.raises(ValueError, match="'date'"):
        type_of({"type": "date"}, str)


def test_a_description_cannot_end_its_comment() -> None:
    told = interface("Thing", {"description": "a */ alert(1) /*", "properties": {}}, str)
    assert told.count("*/") == 1
