"""``docs/protocol.md`` as data: what it says of each frame, and its examples."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

__all__ = [
    "ASYNCAPI",
    "PAGE",
    "ROOT",
    "Field",
    "Section",
    "complaints",
    "data_schema",
    "fields_of",
    "frames_in",
    "section",
    "sections",
    "table",
]

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/protocol.md"
ASYNCAPI = ROOT / "docs/asyncapi.json"

_FENCE = re.compile(r"^(?P<fence>```|~~~)json\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^### `(?P<type>[a-z_.]+)`$", re.MULTILINE)


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    optional: bool


@dataclass(frozen=True)
class Section:
    """What stands under the heading of one frame."""

    type: str
    text: str

    @property
    def fields(self) -> dict[str, Field]:
        if "| field |" not in self.text:
            return {}
        rows = (_field(row) for row in table(self.text, "field"))
        return {field.name: field for field in rows}

    @property
    def examples(self) -> list[dict[str, Any]]:
        return frames_in(self.text)

    @property
    def errors(self) -> set[str]:
        """The codes of its own that the frame can be answered with."""
        said = re.search(r"^Errors: (.+?)\.$", self.text, re.MULTILINE | re.DOTALL)
        return set(re.findall(r"`([A-Z_]+)`", said[1])) if said else set()


@lru_cache
def text() -> str:
    return PAGE.read_text(encoding="utf-8")


def frames_in(body: str) -> list[dict[str, Any]]:
    """The frames that are written out."""
    return [json.loads(found["text"]) for found in _FENCE.finditer(body)]


def section(title: str) -> str:
    """The text under a heading of the second level."""
    return text().split(f"\n## {title}\n")[1].split("\n## ")[0].strip()


def sections(title: str) -> dict[str, Section]:
    """The frames described under a heading of the second level, by type."""
    body = section(title)
    headings = list(_HEADING.finditer(body))
    ends = [*(heading.start() for heading in headings[1:]), len(body)]
    return {
        heading["type"]: Section(heading["type"], body[heading.end() : end])
        for heading, end in zip(headings, ends, strict=True)
    }


def table(body: str, first_column: str) -> list[list[str]]:
    """The rows of the table whose first heading is ``first_column``, without backticks."""
    rows = body[body.index(f"| {first_column} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip().replace("`", "") for cell in row.strip("|").split("|")] for row in rows]


def _field(row: list[str]) -> Field:
    return Field(row[0].removesuffix("?"), row[1], row[0].endswith("?"))


def fields_of(schema: dict[str, Any], untold: tuple[str, ...] = ("type", "kind")) -> dict[str, Field]:
    """The fields of an object's schema as the page tells them. ``untold``: said once for all frames."""
    required = schema.get("required", ())
    return {
        name: Field(name, _words(part), name not in required)
        for name, part in schema["properties"].items()
        if name not in untold
    }


def data_schema(document: dict[str, Any], type_: str) -> dict[str, Any]:
    """The schema of an event's data, where it is not a reference to something too large."""
    data: dict[str, Any] = document["components"]["schemas"][type_]["properties"]["data"]
    return data["anyOf"][0] if "anyOf" in data else data


def _words(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_words(each) for each in schema["anyOf"])
    if "$ref" in schema:
        return {"ChatStatus": "text", "LastArtifact": "object", "JourneyProgress": "object"}[
            schema["$ref"].rsplit("/", 1)[1]
        ]
    if "enum" in schema:
        return " or ".join(schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    names = {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "object": "object",
        "array": "list",
        "null": "null",
    }
    return names[schema["type"]] if "type" in schema else "any JSON"


def complaints(document: dict[str, Any], frame: dict[str, Any]) -> list[str]:
    """What is wrong with a frame by the AsyncAPI document, fields it does not name included."""
    schemas = document["components"]["schemas"]
    if frame["type"] not in schemas:
        return [f"{frame['type']} is not described"]
    schema = {"$ref": f"#/components/schemas/{frame['type']}", "components": document["components"]}
    found = [f"{error.json_path}: {error.message}" for error in Draft7Validator(schema).iter_errors(frame)]
    found += [f"{name} is not described" for name in frame.keys() - schemas[frame["type"]]["properties"].keys()]
    data = frame.get("data", {})
    if "data" in frame and "oversize" not in data:
        described = data_schema(document, frame["type"])["properties"]
        found += [f"data.{name} is not described" for name in data.keys() - described.keys()]
    for request in data.get("pending", ()):
        described = schemas["OpenRequest"]["properties"]
        found += [f"pending.{name} is not described" for name in request.keys() - described.keys()]
    return found
