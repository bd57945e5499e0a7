"""What the real API refuses is refused by name; what it accepts passes."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from mozaiks_local.demo_model import check_request
from mozaiks_local.demo_model.errors import RuleViolation
from unit.demo_model.messages import answered, called, offered

USER = {"role": "user", "content": "hi"}
STRICT = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


def request(*messages: Any, **options: Any) -> dict[str, Any]:
    return {"model": "any", "messages": list(messages), **options}


def output(schema: Any, name: str = "Out", strict: bool = True) -> dict[str, Any]:
    form = {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": strict}}
    return request(USER, response_format=form)


def function(parameters: Any, **more: Any) -> dict[str, Any]:
    return request(USER, tools=[{"type": "function", "function": {"name": "f", "parameters": parameters, **more}}])


def with_calls(*calls: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "tool_calls": [call["tool_calls"][0] for call in calls]}


def with_arguments(arguments: Any) -> dict[str, Any]:
    message = called("f")
    message["tool_calls"][0]["function"]["arguments"] = arguments
    return request(USER, message, answered("ok"))


def without(schema: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}


REFUSED: list[tuple[str, Any]] = [
    ("body_object", []),
    ("known_parameters", request(USER, temprature=1)),
    ("model_required", {"messages": [USER]}),
    ("messages_required", {"model": "any"}),
    ("messages_not_empty", request()),
    ("message_object", request("hi")),
    ("known_role", request({"role": "agent", "content": "hi"})),
    ("known_role", request({"role": ["user"], "content": "hi"})),
    ("message_name", request({"role": "user", "content": "hi", "name": "Ann Lee"})),
    ("content_shape", request({"role": "user", "content": None})),
    ("content_shape", request({"role": "user"})),
    ("content_shape", request({"role": "user", "content": []})),
    ("content_shape", request({"role": "user", "content": {"text": "hi"}})),
    ("content_shape", request({"role": "user", "content": 3})),
    ("content_part", request({"role": "user", "content": ["hi"]})),
    ("content_part", request({"role": "user", "content": [{"type": "text", "text": None}]})),
    ("content_part", request({"role": "user", "content": [{"type": "image_url", "image_url": "x"}]})),
    ("content_part", request({"role": "system", "content": [{"type": "image_url", "image_url": {"url": "x"}}]})),
    ("assistant_not_empty", request(USER, {"role": "assistant", "content": None})),
    ("assistant_not_empty", request(USER, {"role": "assistant"})),
    ("tool_calls_shape", request(USER, {"role": "assistant", "content": "x", "tool_calls": []})),
    ("tool_calls_shape", request(USER, {"role": "assistant", "tool_calls": ["f"]})),
    ("tool_call_id", request(USER, called("f", call_id="x" * 41), answered("ok", "x" * 41))),
    ("tool_call_id", request(USER, called("f", call_id=""), answered("ok", ""))),
    ("name_pattern", request(USER, called("a.b"), answered("ok"))),
    ("tool_call_arguments", with_arguments("{")),
    ("tool_call_arguments", with_arguments("[1]")),
    ("tool_call_arguments", with_arguments("")),
    ("tool_call_arguments", with_arguments({"a": 1})),
    ("tool_calls_answered", request(USER, called("f"))),
    ("tool_calls_answered", request(USER, called("f"), USER)),
    ("tool_calls_answered", request(USER, called("f"), called("f", call_id="b"), answered("ok", "b"))),
    ("tool_calls_answered", request(USER, with_calls(called("f"), called("g", call_id="b")), answered("ok"))),
    ("tool_message_follows_call", request(USER, answered("ok"))),
    ("tool_message_follows_call", request(USER, called("f"), answered("ok", "other"))),
    ("tool_message_once", request(USER, called("f"), answered("ok"), answered("ok"))),
    ("tool_call_id_required", request(USER, called("f"), {"role": "tool", "content": "ok"})),
    ("tool_call_id_unique", request(USER, with_calls(called("f"), called("g")), answered("ok"))),
    ("tool_call_id_unique", request(USER, called("f"), answered("ok"), called("f"), answered("ok"))),
    ("tools_not_empty", request(USER, tools=[])),
    ("tools_limit", request(USER, tools=[offered(f"f{n}") for n in range(129)])),
    ("tool_shape", request(USER, tools=[{"name": "f"}])),
    ("tool_names_unique", request(USER, tools=[offered("f"), offered("f")])),
    ("name_pattern", request(USER, tools=[offered("my tool")])),
    ("name_pattern", request(USER, tools=[offered("f" * 65)])),
    ("function_parameters_object_schema", function({"type": "string"})),
    ("function_parameters_object_schema", function({})),
    ("function_parameters_object_schema", function(None)),
    ("function_parameters_object_schema", function({"type": "object", "anyOf": []})),
    ("function_parameters_object_schema", function({"type": "object", "properties": {"a": "string"}})),
    ("array_schema_items", function({"type": "object", "properties": {"a": {"type": "array"}}})),
    ("strict_schema", function({"type": "object", "properties": {}}, strict=True)),
    ("tool_choice_needs_tools", request(USER, tool_choice="auto")),
    ("tool_choice", request(USER, tools=[offered("f")], tool_choice="f")),
    ("tool_choice", request(USER, tools=[offered("f")], tool_choice={"type": "function", "function": {"name": "g"}})),
    ("response_format", request(USER, response_format={"type": "yaml"})),
    ("response_format", request(USER, response_format={"type": "json_schema"})),
    ("response_format", output(None, strict=False)),
    ("json_object_needs_word", request(USER, response_format={"type": "json_object"})),
    ("name_pattern", output(STRICT, name="My Model")),
    ("strict_schema", output(without(STRICT, "additionalProperties"))),
    ("strict_schema", output(without(STRICT, "required"))),
    ("strict_schema", output({**STRICT, "required": ["a", "b"]})),
    ("strict_schema", output({"type": "array", "items": STRICT})),
    ("strict_schema", output({**STRICT, "properties": {"a": {"type": "string", "default": ""}}})),
    ("strict_schema", output({**STRICT, "properties": {"a": {"oneOf": [{"type": "string"}]}}})),
    ("strict_schema", output({**STRICT, "properties": {"a": {"$ref": "#/$defs/Gone"}}})),
    ("strict_schema", output({**STRICT, "properties": {"a": {"$ref": "#", "description": "x"}}})),
    ("strict_schema", output({**STRICT, "properties": {"a": {"description": "anything"}}})),
    ("strict_schema", output({**STRICT, "properties": {"a": {"type": "array", "items": {"type": "object"}}}})),
    ("stream_boolean", request(USER, stream="yes")),
    ("stream_options", request(USER, stream_options={"include_usage": True})),
    ("number_range", request(USER, temperature=3)),
    ("number_range", request(USER, max_tokens=0)),
    ("number_range", request(USER, max_completion_tokens="many")),
    ("one_choice", request(USER, n=2)),
]


@pytest.mark.parametrize(("rule", "body"), REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_a_request_the_api_refuses_is_refused_naming_the_rule(rule: str, body: Any) -> None:
    with pytest.raises(RuleViolation) as caught:
        check_request(body)
    assert caught.value.rule == rule
    assert rule in caught.value.message
    assert caught.value.status == 400


ACCEPTED: list[Any] = [
    request(USER),
    request({"role": "developer", "content": [{"type": "text", "text": "be brief"}]}, {**USER, "name": "ann"}),
    request({"role": "system", "content": ""}, USER, {"role": "assistant", "content": ""}, USER),
    request(USER, called("f"), answered("ok"), {"role": "assistant", "content": "done"}, USER),
    request(
        USER,
        with_calls(called("f"), called("g", call_id="b")),
        answered("second first", "b"),
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "ok"}]},
    ),
    request({"role": "user", "content": [{"type": "text", "text": "[A]: hi"}, {"type": "text", "text": "[user]: yo"}]}),
    request(
        USER, tools=[offered("f", a={"type": "array", "items": {}})], tool_choice="required", parallel_tool_calls=False
    ),
    request(USER, tools=[{"type": "function", "function": {"name": "no_parameters"}}]),
    request(USER, stream=True, stream_options={"include_usage": True}, temperature=0, max_tokens=5),
    output(STRICT),
    output({"type": "object"}, strict=False),
    output(
        {
            "type": "object",
            "properties": {
                "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
                "kind": {"enum": ["a", "b"]},
            },
            "required": ["next", "kind"],
            "additionalProperties": False,
            "$defs": {"Node": STRICT},
        }
    ),
    request({"role": "user", "content": "answer in JSON"}, response_format={"type": "json_object"}),
]


@pytest.mark.parametrize("body", ACCEPTED, ids=range(len(ACCEPTED)))
def test_a_request_the_api_accepts_passes_unchanged(body: Any) -> None:
    before = copy.deepcopy(body)
    check_request(body)
    assert body == before


def test_an_unanswered_call_is_named_by_its_id() -> None:
    with pytest.raises(RuleViolation, match="call_1") as caught:
        check_request(request(USER, called("f"), USER))
    assert caught.value.param == "messages.1.tool_calls"


def test_a_strict_schema_is_refused_with_the_place_inside_it() -> None:
    broken = {**STRICT, "properties": {"a": {"type": "object", "properties": {}, "required": []}}}
    with pytest.raises(RuleViolation, match=r"\$\.properties\.a"):
        check_request(output(broken))
