"""Structured outputs: what is accepted, what is said about the rest, what a provider is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mozaiks.engine.outputs import DeclaredOutput, Fault, checked, output_of
from mozaiks.manifests.spec import AgentSpec, StructuredOutputSpec, WorkflowSpec

SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Plan",
    "properties": {
        "title": {"type": "string", "default": "x"},
        "steps": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["title", "steps"],
    "additionalProperties": False,
}
PLAN = StructuredOutputSpec(agent="A", model_name="Plan", json_schema=SCHEMA)


@pytest.mark.parametrize("wrap", ["{}", "```json\n{}\n```", "  {}\n"])
def test_an_object_that_fits_is_accepted(wrap: str) -> None:
    value = {"title": "t", "steps": [1]}
    assert checked(PLAN, wrap.replace("{}", json.dumps(value))) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello", "no JSON"),
        ("[1]", "an object is expected"),
        ('{"title": "t"}', "'steps' is a required property"),
        ('{"title": "t", "steps": ["a"]}', "$.steps[0]"),
        ('{"title": "t", "steps": [], "more": 1}', "Additional properties"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_what_does_not_fit_is_explained(text: str, words: str) -> None:
    fault = checked(PLAN, text)
    assert isinstance(fault, Fault)
    assert words in fault.words


def test_annotations_go_and_fields_of_their_names_stay() -> None:
    sent = DeclaredOutput("Plan", SCHEMA).json_schema
    assert "title" not in sent
    assert sent["properties"]["title"] == {"type": "string"}


@pytest.mark.parametrize(
    "field", [{}, {"type": "object", "additionalProperties": {"type": "string"}}, {"type": "array"}, {"type": "object"}]
)
def test_a_model_that_strict_mode_refuses_is_told_in_the_prompt(field: dict[str, Any]) -> None:
    output = DeclaredOutput("Open", {"type": "object", "properties": {"a": field}, "required": ["a"]})
    assert output.json_schema is None
    assert output.system_prompt is not None
    assert '"a"' in output.system_prompt


def test_the_first_output_whose_condition_holds_is_asked_for() -> None:
    outputs = (PLAN.model_copy(update={"when": "ready", "model_name": "Late"}), PLAN)
    spec = WorkflowSpec(
        name="W", version="v", initial_agent="A", agents=(AgentSpec(name="A"),), structured_outputs=outputs
    )
    for context, name in (({"ready": True}, "Late"), ({}, "Plan")):
        found = output_of(spec, "A", context)
        assert found is not None
        assert found.model_name == name
    assert output_of(spec, "B", {}) is None
