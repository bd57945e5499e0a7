"""The schema of a component's answer."""

from __future__ import annotations

import pytest

from .conftest import Workbench

SCHEMA = {"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]}


def tool(**fields: object) -> dict[str, object]:
    return {"tools.json": {"tools": [{"name": "pick", **fields}]}, "tools/pick.py": "def pick(): ...\n"}


def test_it_is_kept_as_it_is(bench: Workbench) -> None:
    ui = bench.load(tool(ui={"response_schema": SCHEMA})).tools[0].ui
    assert ui is not None
    assert ui.response_schema == SCHEMA


def test_it_is_part_of_the_version(bench: Workbench) -> None:
    assert bench.load(tool(ui={})).version != bench.load(tool(ui={"response_schema": SCHEMA})).version


@pytest.mark.parametrize(
    "fields",
    [
        {"ui": {"response_schema": SCHEMA, "awaits_response": False}},
        {"type": "Agent_Tool", "requires_approval": True, "ui": {"response_schema": SCHEMA}},
    ],
    ids=["shown only", "approval"],
)
def test_where_no_answer_is_awaited_it_is_an_error(bench: Workbench, fields: dict[str, object]) -> None:
    problem = bench.error(tool(**fields))
    assert (problem.code, problem.key) == ("contradiction", "response_schema")
    assert "no answer is awaited" in problem.message


def test_what_is_no_schema_is_told_with_its_place(bench: Workbench) -> None:
    problem = bench.error(tool(ui={"response_schema": {"type": "object", "properties": {"a": {"type": "txt"}}}}))
    assert (problem.code, problem.key, problem.line) == ("wrong_value", "response_schema", 1)
    assert "$.properties.a.type" in problem.message
