"""Structured outputs: scripted ones are checked against the schema, others are made up to fit it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from openai import BadRequestError

from mozaiks_local.demo_model.instances import instance_errors, minimal_instance

Ask = Callable[..., Any]
Give = Callable[..., None]
PLAN = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "steps": {"type": "array", "items": {"type": "string"}}},
    "required": ["title", "steps"],
    "additionalProperties": False,
}


def form(schema: dict[str, Any], name: str = "Plan", strict: bool = True) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": strict}}


def value(completion: Any) -> Any:
    return json.loads(completion.choices[0].message.content)


def test_a_scripted_output_is_filled_and_sent_as_json(ask: Ask, script: Give) -> None:
    script({"json": {"title": "{user}", "steps": ["a", "b"]}})
    assert value(ask('say "hi"', response_format=form(PLAN))) == {"title": 'say "hi"', "steps": ["a", "b"]}


def test_a_scripted_output_that_does_not_fit_is_a_400_that_says_why(ask: Ask, script: Give) -> None:
    script({"json": {"title": "x", "steps": "none"}})
    with pytest.raises(BadRequestError, match=r"\$\.steps: 'none' is not of type 'array'"):
        ask("hi", response_format=form(PLAN))


def test_output_holds_for_the_output_of_that_name(ask: Ask, script: Give) -> None:
    script({"output": "Plan", "json": {"title": "t", "steps": []}}, {"say": "plain"})
    assert value(ask("hi", response_format=form(PLAN))) == {"title": "t", "steps": []}
    assert ask("hi").choices[0].message.content == "plain"


def test_say_lets_a_script_answer_with_what_does_not_fit(ask: Ask, script: Give) -> None:
    script({"say": "no json at all"})
    assert ask("hi", response_format=form(PLAN)).choices[0].message.content == "no json at all"


def test_an_unscripted_output_is_made_up(ask: Ask) -> None:
    assert instance_errors(value(ask("hi", response_format=form(PLAN))), PLAN) == []


def test_an_output_nothing_fits_is_a_400_that_asks_for_a_script(ask: Ask) -> None:
    endless = {**PLAN, "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    with pytest.raises(BadRequestError, match="requires itself"):
        ask("hi", response_format=form(endless))


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": ["b", "a"]},
        {"const": 5},
        {"type": ["integer", "null"], "minimum": 3},
        {"type": "number", "exclusiveMinimum": 1, "maximum": 2},
        {"type": "integer", "maximum": -4},
        {"type": "string", "minLength": 9},
        {"type": "string", "maxLength": 2},
        {"type": "string", "format": "date-time"},
        {"type": "array", "items": {"type": "boolean"}, "minItems": 2},
        {"anyOf": [{"type": "object", "required": ["a"], "properties": {"a": {"type": "null"}}}, {"type": "null"}]},
        {
            "allOf": [
                {"required": ["a"], "properties": {"a": {"type": "integer"}}},
                {"properties": {"b": {}}, "required": ["b"]},
            ]
        },
        {
            "$defs": {
                "N": {
                    "type": "object",
                    "properties": {"n": {"anyOf": [{"$ref": "#/$defs/N"}, {"type": "null"}]}},
                    "required": ["n"],
                }
            },
            "$ref": "#/$defs/N",
        },
    ],
    ids=json.dumps,
)
def test_a_made_up_value_fits_its_schema(schema: dict[str, Any]) -> None:
    assert instance_errors(minimal_instance(schema), schema) == []
