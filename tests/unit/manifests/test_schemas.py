"""The committed JSON Schemas are those of the models, and describe the canonical dialect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mozaiks.manifests.schemas import FILES, SCHEMAS_FOLDER, generate_schemas, schema_text

NEWSROOM = Path(__file__).parent / "fixtures/json/Newsroom"


def test_the_committed_schemas_are_those_of_the_models() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in SCHEMAS_FOLDER.glob("*.schema.json")}
    generated = {f"{name}.schema.json": schema_text(schema) for name, schema in generate_schemas().items()}
    assert committed == generated, "run: python -m mozaiks.manifests.schemas"


@pytest.mark.parametrize("name", list(FILES))
def test_each_is_a_valid_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(generate_schemas()[name])


@pytest.mark.parametrize("name", list(FILES))
def test_the_canonical_dialect_is_valid_under_its_schema(name: str) -> None:
    places = {"nested_pack": "_pack/workflow_graph.json", "pack": "../_pack/workflow_graph.json"}
    path = NEWSROOM / places.get(name, f"{name}.json")
    data = {"$schema": "x.json", **json.loads(path.read_text(encoding="utf-8"))}
    jsonschema.validate(data, generate_schemas()[name])
    FILES[name].model_validate(data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("orchestrator", {"max_turns": "many"}),
        ("orchestrator", {"patern": "Auto"}),
        ("agents", {"agents": {}}),
        ("agents", {"agents": {"A": {"system_mesage": "x"}}}),
        ("tools", {"tools": [{"description": "no name"}]}),
        ("handoffs", {"handoffs": [{"from_agent": "A"}]}),
        ("context_variables", {"variables": {"v": {"type": "dictionary"}}}),
        ("structured_outputs", {"models": {"M": {"fields": {"f": {}}}}}),
        ("pack", {"journeys": [{"id": "j", "steps": [[]]}]}),
        ("pack", {"version": 3}),
    ],
)
def test_a_mistake_is_not(name: str, data: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, generate_schemas()[name])


def test_a_tools_agent_may_be_one_name_or_several() -> None:
    schema = generate_schemas()["tools"]
    jsonschema.validate({"tools": [{"name": "t", "agent": "A"}, {"name": "u", "agent": ["A", "B"]}]}, schema)
