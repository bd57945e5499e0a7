"""What a person at a terminal is asked in the place of a component."""

from __future__ import annotations

from typing import Any

import pytest

from mozaiks_local.cli.component_form import Form, form_of
from mozaiks_local.client import Event


def form(**data: Any) -> Form:
    return form_of(Event("chat.tool_call", {"tool_name": "t", "awaiting_response": True, **data}, event_id="e1"))


def fields(**properties: Any) -> Form:
    return form(schema={"type": "object", "properties": properties, "required": list(properties)})


def answered(asked: Form, *lines: str) -> Any:
    for line in lines:
        asked.take(line)
    assert asked.question is None
    return asked.response


def test_each_field_is_read_as_what_its_schema_says() -> None:
    asked = fields(
        name={"type": "string"},
        size={"enum": ["S", "L"]},
        count={"type": "integer"},
        price={"type": "number"},
        gift={"type": "boolean"},
        tags={"type": "array"},
    )
    assert answered(asked, "Ada", "L", "2", "1.5", "yes", '["a"]') == {
        "name": "Ada",
        "size": "L",
        "count": 2,
        "price": 1.5,
        "gift": True,
        "tags": ["a"],
    }


@pytest.mark.parametrize(
    ("rules", "line", "expected"),
    [
        ({"enum": ["S", "L"]}, "XL", "one of: S, L"),
        ({"type": "integer"}, "two", "a number"),
        ({"type": "boolean"}, "perhaps", "yes or no"),
        ({"type": "object"}, "{", "JSON"),
        ({"type": "string"}, "", "an answer is needed"),
    ],
)
def test_a_line_that_does_not_fit_leaves_its_question_open(rules: Any, line: str, expected: str) -> None:
    asked = fields(field=rules)
    with pytest.raises(ValueError, match=expected):
        asked.take(line)
    assert asked.question is not None


@pytest.mark.parametrize("rules", [{"type": "string", "format": "password"}, {"type": "string", "writeOnly": True}])
def test_a_field_whose_schema_hides_it_is_hidden(rules: Any) -> None:
    question = fields(key=rules).question
    assert question is not None
    assert question.hidden


def test_a_field_that_is_kept_as_a_secret_is_hidden_with_and_without_a_schema() -> None:
    schema = {"type": "object", "properties": {"key": {"type": "string"}}}
    for asked in (form(secret_fields=["key"], schema=schema), form(secret_fields=["key"])):
        question = asked.question
        assert question is not None
        assert (question.name, question.hidden) == ("key", True)


def test_an_optional_field_may_be_left_out() -> None:
    asked = form(schema={"type": "object", "properties": {"note": {"type": "string"}}})
    assert answered(asked, "") == {}


def test_without_a_schema_the_whole_answer_is_asked_for() -> None:
    assert answered(form(), '{"ok": true}') == {"ok": True}


def test_an_approval_is_one_question() -> None:
    asked = form(interaction_type="approval")
    assert (answered(asked, "no"), asked.approval) == (False, True)
