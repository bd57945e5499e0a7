"""Frames of clients: what is understood, and what is said about the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mozaiks.chats.commands import (
    _TYPES,
    MAX_FRAME_BYTES,
    Approval,
    ComponentAction,
    Hello,
    SubmitInput,
    UiToolResponse,
    parse_frame,
)
from mozaiks.errors import MozaiksError


def code_of(body: str) -> str:
    with pytest.raises(MozaiksError) as caught:
        parse_frame(body)
    return caught.value.code


def test_fields_may_stand_under_data_or_at_the_top() -> None:
    top = parse_frame('{"type":"user.input.submit","text":"hi","client_message_id":"m1"}')
    under = parse_frame('{"type":"user.input.submit","data":{"text":"hi","client_message_id":"m1"}}')
    assert top == under
    assert isinstance(top, SubmitInput)


def test_the_older_name_of_last_seq_is_understood() -> None:
    hello = parse_frame('{"type":"client.resume","chat_id":"c1","lastClientIndex":7}')
    assert isinstance(hello, Hello)
    assert hello.last_seq == 7


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "BAD_JSON"),
        ("", "BAD_JSON"),
        ("[" * 5000, "BAD_JSON"),
        ("[1]", "BAD_FRAME"),
        ('"text"', "BAD_FRAME"),
        ("{}", "BAD_FRAME"),
        ('{"type":7}', "BAD_FRAME"),
        ('{"type":"chat.frobnicate"}', "UNKNOWN_TYPE"),
        ('{"type":"user.input.submit"}', "TEXT_REQUIRED"),
        ('{"type":"user.input.submit","text":""}', "TEXT_REQUIRED"),
        ('{"type":"user.input.submit","text":"  "}', "TEXT_REQUIRED"),
        ('{"type":"user.input.submit","text":{"$ne":1}}', "TEXT_REQUIRED"),
        ('{"type":"user.input.submit","text":"\\ud800"}', "TEXT_REQUIRED"),
        ('{"type":"user.input.submit","text":"x","client_message_id":{"$ne":null}}', "VALIDATION"),
        ('{"type":"user.input.submit","text":"x","request_id":"a b"}', "VALIDATION"),
        ('{"type":"user.input.submit","text":"x","on_busy":"explode"}', "VALIDATION"),
        ('{"type":"client.hello","last_seq":-1}', "VALIDATION"),
        ('{"type":"client.hello","chat_id":{"$gt":""}}', "VALIDATION"),
        ('{"type":"ui_tool_response","eventId":"e"}', "VALIDATION"),
        ('{"type":"ui_tool_response","response":1}', "VALIDATION"),
        ('{"type":"ui_tool_response","eventId":"a b","response":1}', "VALIDATION"),
        ('{"type":"ui_tool_response","eventId":"e","response":1e999}', "VALIDATION"),
        ('{"type":"ui_tool_response","eventId":"e","response":NaN}', "BAD_JSON"),
        ('{"type":"chat.approval","eventId":"e"}', "VALIDATION"),
        ('{"type":"chat.approval","eventId":"e","approved":1}', "VALIDATION"),
        ('{"type":"chat.approval","eventId":"e","approved":"true"}', "VALIDATION"),
        ('{"type":"chat.approval","eventId":"e","approved":true,"reason":"\\ud800"}', "VALIDATION"),
        ('{"type":"chat.component_action","component_id":"c","action_type":"a","set":[1]}', "VALIDATION"),
        ('{"type":"chat.component_action","action_type":"a","set":{}}', "VALIDATION"),
        ('{"type":"chat.start_workflow"}', "VALIDATION"),
        ('{"type":"chat.start_workflow","workflow_name":"../x"}', "VALIDATION"),
        ('{"type":"chat.start_workflow","workflow_name":"W","initial_message":"\\ud800"}', "VALIDATION"),
        ('{"type":"chat.start_workflow_batch"}', "VALIDATION"),
        ('{"type":"chat.start_workflow_batch","runs":[]}', "VALIDATION"),
        ('{"type":"chat.start_workflow_batch","runs":{"workflow_name":"W"}}', "VALIDATION"),
        ('{"type":"chat.start_workflow_batch","runs":[{"workflow_name":{"$ne":1}}]}', "VALIDATION"),
    ],
)
def test_a_wrong_frame_is_named_by_its_code(body: str, code: str) -> None:
    assert code_of(body) == code


def test_a_frame_of_the_size_limit_is_taken_and_a_larger_one_is_not() -> None:
    def frame(length: int) -> str:
        return json.dumps({"type": "user.input.submit", "text": "x" * length})

    spare = MAX_FRAME_BYTES - len(frame(0))
    parse_frame(frame(spare))
    assert code_of(frame(spare + 1)) == "FRAME_TOO_LARGE"


def test_the_size_counts_bytes_not_characters() -> None:
    body = json.dumps({"type": "user.input.submit", "text": "é" * 20_000}, ensure_ascii=False)
    assert len(body) < MAX_FRAME_BYTES
    assert code_of(body) == "FRAME_TOO_LARGE"


def test_an_error_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(MozaiksError) as caught:
        parse_frame('{"type":"user.input.submit","text":"x","on_busy":"my secret"}')
    assert "secret" not in caught.value.message


def test_an_answer_names_the_event_that_asked() -> None:
    frame = parse_frame('{"type":"ui_tool_response","data":{"eventId":"e1","response":{"a":[1]}}}')
    assert isinstance(frame, UiToolResponse)
    assert (frame.event_id, frame.response) == ("e1", {"a": [1]})


def test_an_answer_may_be_null() -> None:
    frame = parse_frame('{"type":"ui_tool_response","eventId":"e1","response":null}')
    assert isinstance(frame, UiToolResponse)
    assert frame.response is None


def test_an_approval_may_come_with_a_reason() -> None:
    frame = parse_frame('{"type":"chat.approval","eventId":"e1","approved":false,"reason":"no"}')
    assert isinstance(frame, Approval)
    assert (frame.approved, frame.reason) == (False, "no")


def test_a_component_sets_variables() -> None:
    frame = parse_frame('{"type":"chat.component_action","component_id":"c","action_type":"a","set":{"x":1}}')
    assert isinstance(frame, ComponentAction)
    assert frame.set == {"x": 1}


@pytest.mark.parametrize(
    ("body", "reference"),
    [
        ('{"type":"user.input.submit","text":"","client_message_id":"m1"}', {"client_message_id": "m1"}),
        ('{"type":"user.input.submit","data":{"client_message_id":"m1"}}', {"client_message_id": "m1"}),
        ('{"type":"chat.approval","eventId":"e1"}', {"eventId": "e1"}),
        ('{"type":"chat.frobnicate","client_message_id":"m1"}', {"client_message_id": "m1"}),
        ('{"type":"user.input.submit","client_message_id":{"$ne":1}}', {}),
        ('{"type":"user.input.submit","client_message_id":"' + "x" * 200 + '"}', {}),
    ],
)
def test_a_refusal_says_which_frame_it_refuses(body: str, reference: dict[str, str]) -> None:
    with pytest.raises(MozaiksError) as caught:
        parse_frame(body)
    told = caught.value.details
    assert {key: told[key] for key in ("client_message_id", "eventId") if key in told} == reference


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


FIELDS = ["text", "eventId", "response", "approved", "reason", "component_id", "action_type", "set", "last_seq", "data"]


@given(
    JSON
    | st.fixed_dictionaries(
        {"type": st.sampled_from(sorted(_TYPES))}, optional={name: JSON | st.just("x") for name in FIELDS}
    )
)
def test_no_frame_raises_anything_but_its_own_error(value: Any) -> None:
    try:
        frame = parse_frame(json.dumps(value))
    except MozaiksError:
        return
    json.dumps(frame.model_dump(), allow_nan=False)


@given(st.text())
def test_no_text_raises_anything_but_its_own_error(body: str) -> None:
    try:
        parse_frame(body)
    except MozaiksError:
        return
