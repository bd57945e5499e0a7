"""``message``: greets new connections and carries out their frames. Answers go over the socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mozaiks.access.principal import Principal
from mozaiks.bootstrap import Parts

from .aws import Aws
from .conftest import ANN, CHAT, CONNECTION, Call, Read

Join = Callable[[], str]
Log = Callable[[str], list[str]]


@pytest.fixture
def join(call: Call, event: Read, start: Callable[..., str], aws: Aws) -> Join:
    """A new chat with the canonical connection to it; returns the chat's id."""

    def make() -> str:
        chat_id = start()
        assert call("connect", event("socket-connect", chat_id=chat_id)) == {"statusCode": 200}
        return chat_id

    return make


@pytest.fixture
def frames(aws: Aws) -> list[dict[str, Any]]:
    """What was posted to the canonical connection."""
    return aws.frames[CONNECTION]


def codes(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["data"]["code"] for frame in frames if frame["type"] == "error"]


def test_a_greeting_tells_what_the_chat_is_and_starts_its_agent(
    call: Call, event: Read, join: Join, frames: list[dict[str, Any]], aws: Aws, parts: Parts
) -> None:
    chat_id = join()
    assert call("message", event("message-greet")) == {"statusCode": 200}
    assert [frame["type"] for frame in frames[:2]] == ["chat_meta", "chat.resume_boundary"]
    assert frames[0]["data"]["status"] == "created"
    assert aws.executions == {f"{chat_id}-r1": {"app_id": "acme", "chat_id": chat_id, "run_no": 1}}
    assert parts.service.get(ANN, chat_id).status == "running"


def test_a_second_greeting_starts_no_second_run(call: Call, event: Read, join: Join, aws: Aws) -> None:
    chat_id = join()
    for _ in range(2):
        call("message", event("message-greet"))
    assert list(aws.executions) == [f"{chat_id}-r1"]


def test_the_greeting_of_a_connection_that_left_is_dropped(
    call: Call, event: Read, join: Join, aws: Aws, frames: list[dict[str, Any]]
) -> None:
    join()
    call("connect", event("socket-disconnect"))
    assert call("message", event("message-greet")) == {"statusCode": 200}
    assert frames == []
    assert aws.executions == {}


def test_a_connection_that_is_gone_is_removed(call: Call, event: Read, join: Join, aws: Aws, parts: Parts) -> None:
    join()
    aws.gone.add(CONNECTION)
    long_ago = parts.service.clock() - timedelta(minutes=1)
    parts.database["connections"].update_one({"_id": CONNECTION}, {"$set": {"connected_at": long_ago}})
    call("message", event("socket-hello"))
    assert parts.database["connections"].count_documents({}) == 0


def test_a_message_is_stored_shown_and_run(
    call: Call, event: Read, join: Join, log: Log, frames: list[dict[str, Any]], aws: Aws
) -> None:
    chat_id = join()
    assert call("message", event("socket-message", chat_id=chat_id)) == {"statusCode": 200}
    assert log(chat_id) == ["chat.text"]
    assert [(frame["type"], frame["seq"]) for frame in frames] == [("chat.text", 1)]
    assert list(aws.executions) == [f"{chat_id}-r1"]


def test_a_message_that_comes_twice_takes_effect_once(call: Call, event: Read, join: Join, log: Log, aws: Aws) -> None:
    chat_id = join()
    for _ in range(2):
        call("message", event("socket-message", chat_id=chat_id))
    assert log(chat_id) == ["chat.text"]
    assert list(aws.executions) == [f"{chat_id}-r1"]


def test_a_run_that_cannot_start_is_told_and_starts_with_the_next_try(
    call: Call, event: Read, join: Join, log: Log, frames: list[dict[str, Any]], aws: Aws
) -> None:
    chat_id = join()
    aws.step_functions_down = True
    call("message", event("socket-message", chat_id=chat_id))
    assert codes(frames) == ["RUN_START_FAILED"]
    assert frames[-1]["data"]["retryable"] is True
    aws.step_functions_down = False
    call("message", event("socket-message", chat_id=chat_id))
    assert log(chat_id) == ["chat.text"]
    assert list(aws.executions) == [f"{chat_id}-r1"]


def test_a_cancelled_chat_says_so_and_takes_no_more(
    call: Call, event: Read, join: Join, frames: list[dict[str, Any]]
) -> None:
    chat_id = join()
    call("message", event("socket-cancel", chat_id=chat_id))
    assert frames[-1]["type"] == "chat.run_complete"
    assert frames[-1]["data"]["status"] == "cancelled"
    call("message", event("socket-message", chat_id=chat_id))
    assert codes(frames) == ["CHAT_ENDED"]


def test_a_ping_is_answered(call: Call, event: Read, join: Join, frames: list[dict[str, Any]]) -> None:
    join()
    call("message", event("socket-ping"))
    assert [frame["type"] for frame in frames] == ["pong"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "BAD_JSON"),
        ("", "BAD_JSON"),
        ("[]", "BAD_FRAME"),
        ("{}", "BAD_FRAME"),
        ({"type": "chat.fly"}, "UNKNOWN_TYPE"),
        ({"type": "user.input.submit"}, "TEXT_REQUIRED"),
        ({"type": "user.input.submit", "text": " \n"}, "TEXT_REQUIRED"),
        ({"type": "user.input.submit", "text": "x", "client_message_id": {"$ne": None}}, "VALIDATION"),
        ({"type": "user.input.submit", "text": "x", "request_id": "none-of-this-chat"}, "REQUEST_NOT_OPEN"),
        ({"type": "user.input.submit", "text": "x" * 33_000}, "FRAME_TOO_LARGE"),
        ({"type": "chat.approval", "eventId": "e", "approved": True}, "REQUEST_NOT_OPEN"),
        ({"type": "chat.approval", "eventId": "e", "approved": "yes"}, "VALIDATION"),
        ({"type": "ui_tool_response", "eventId": "e", "response": None}, "REQUEST_NOT_OPEN"),
        ({"type": "ui_tool_response", "eventId": "e"}, "VALIDATION"),
        (
            {"type": "chat.component_action", "component_id": "c", "action_type": "a", "set": {"x": 1}},
            "FORBIDDEN_VARIABLE",
        ),
        ({"type": "chat.start_workflow", "workflow_name": "W"}, "WORKFLOW_NOT_FOUND"),
        ({"type": "ping", "chat_id": CHAT}, "CHAT_NOT_FOUND"),
    ],
)
def test_a_bad_frame_is_answered_with_its_code_and_changes_nothing(
    call: Call, event: Read, join: Join, log: Log, frames: list[dict[str, Any]], body: Any, code: str
) -> None:
    chat_id = join()
    assert call("message", event("socket-message", body=body)) == {"statusCode": 200}
    assert codes(frames) == [code]
    assert len(frames) == 1
    assert log(chat_id) == []


def test_a_frame_for_anothers_chat_is_answered_like_one_for_a_missing_chat(
    call: Call, event: Read, join: Join, start: Callable[..., str], parts: Parts, log: Log, frames: list[dict[str, Any]]
) -> None:
    join()
    bobs = start(Principal("acme", "bob"))
    call("message", event("socket-message", chat_id=bobs))
    call("message", event("socket-message", chat_id=CHAT))
    hers, missing = (json.dumps(frame["data"]) for frame in frames)
    assert hers.replace(bobs, CHAT) == missing
    assert log(bobs) == []


def test_a_frame_of_an_unknown_connection_does_nothing(
    call: Call, event: Read, start: Callable[..., str], log: Log, frames: list[dict[str, Any]]
) -> None:
    chat_id = start()
    assert call("message", event("socket-message", chat_id=chat_id)) == {"statusCode": 200}
    assert frames == []
    assert log(chat_id) == []
