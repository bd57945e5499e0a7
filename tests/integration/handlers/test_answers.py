"""``message``: frames that answer a chat's requests, and components that set variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mozaiks.access.principal import Tenant
from mozaiks.bootstrap import Parts
from mozaiks.chats.changes import Change
from mozaiks.chats.requests import announce
from mozaiks.chats.states import ChatStatus, PendingInput, pending_input
from mozaiks.store.tool_results import MongoToolResults

from .aws import Aws
from .conftest import ANN, CONNECTION, Call, Read

REQUEST = "3b9d1f7a5c2e48069d4b6a8c0e1f2d3a"
ACME = Tenant("acme")
Paused = Callable[..., str]


def request(kind: Any, **fields: Any) -> PendingInput:
    return pending_input(kind, request_id=REQUEST, agent="Host", tool_name="t", tool_call_id="c1", **fields)


@pytest.fixture
def paused(call: Call, event: Read, start: Callable[..., str], parts: Parts) -> Paused:
    """A chat that waits, with the canonical connection to it; returns its id."""

    def make(*requests: PendingInput, writable: dict[str, str] | None = None) -> str:
        chat_id = start()
        pairs = list((writable or {}).items())
        parts.database["chat_sessions"].update_one({"_id": chat_id}, {"$set": {"greeting.writable": pairs}})
        change = Change(
            {"status": ChatStatus.WAITING, "waiting_for": "ui_tool", "pending": requests},
            tuple(map(announce, requests)),
        )
        parts.chats.transact(ACME, chat_id, lambda _: change)
        call("connect", event("socket-connect", chat_id=chat_id))
        return chat_id

    return make


@pytest.fixture
def frames(aws: Aws) -> list[dict[str, Any]]:
    return aws.frames[CONNECTION]


def kept(parts: Parts, chat_id: str) -> dict[str, Any]:
    return MongoToolResults(parts.database).read(ACME, chat_id, ["c1:answer", "c1:approval"])


def test_a_component_answers_and_the_chat_goes_on(
    call: Call, event: Read, paused: Paused, frames: list[dict[str, Any]], aws: Aws, parts: Parts
) -> None:
    chat_id = paused(request("ui_tool"))
    for _ in range(2):
        call("message", event("socket-ui-tool-response", chat_id=chat_id))
    assert [(frame["type"], frame["data"]["status"]) for frame in frames] == [("chat.ui_tool_complete", "completed")]
    assert frames[0]["data"]["eventId"] == REQUEST
    assert kept(parts, chat_id) == {"c1:answer": {"response": {"size": "L"}, "timed_out": False}}
    assert list(aws.executions) == [f"{chat_id}-r1"]


def test_an_approval_is_denied_with_its_reason(
    call: Call, event: Read, paused: Paused, frames: list[dict[str, Any]], parts: Parts
) -> None:
    chat_id = paused(request("approval"))
    call("message", event("socket-approval", chat_id=chat_id))
    assert frames[0]["data"]["status"] == "denied"
    assert kept(parts, chat_id) == {"c1:approval": {"approved": False, "reason": "Too expensive.", "timed_out": False}}


def test_a_new_connection_is_told_what_is_open(
    call: Call, event: Read, paused: Paused, frames: list[dict[str, Any]]
) -> None:
    paused(request("ui_tool", component="Picker", mode="artifact", payload={"sizes": ["S"]}))
    call("message", event("message-greet"))
    meta = frames[0]["data"]
    (pending,) = meta["pending"]
    assert (pending["request_id"], pending["component_type"], pending["payload"]) == (
        REQUEST,
        "Picker",
        {"sizes": ["S"]},
    )
    assert meta["last_artifact"]["event_id"] == REQUEST
    (asked,) = (frame for frame in frames if frame["type"] == "chat.tool_call")
    assert (asked["event_id"], asked["data"]["awaiting_response"]) == (REQUEST, True)


def test_a_cancelled_chat_puts_its_components_away(
    call: Call, event: Read, paused: Paused, frames: list[dict[str, Any]]
) -> None:
    chat_id = paused(request("ui_tool"))
    call("message", event("socket-cancel", chat_id=chat_id))
    assert [frame["type"] for frame in frames] == ["chat.ui_tool_dismiss", "chat.run_complete"]


def test_a_refused_answer_says_which_one(call: Call, event: Read, paused: Paused, frames: list[dict[str, Any]]) -> None:
    chat_id = paused(request("ui_tool", schema={"type": "integer"}))
    call("message", event("socket-ui-tool-response", chat_id=chat_id))
    (error,) = frames
    assert (error["type"], error["data"]["code"]) == ("error", "VALIDATION")
    assert (error["data"]["details"]["eventId"], error["data"]["details"]["path"]) == (REQUEST, "$")


def test_a_refused_message_says_which_one(
    call: Call, event: Read, paused: Paused, frames: list[dict[str, Any]]
) -> None:
    chat_id = paused(request("ui_tool"))
    message = {"type": "user.input.submit", "text": "hi", "client_message_id": "m7", "on_busy": "reject"}
    call("message", event("socket-message", chat_id=chat_id, body=message))
    (error,) = frames
    assert (error["data"]["code"], error["data"]["details"]["client_message_id"]) == ("CHAT_BUSY", "m7")


def test_a_component_sets_a_variable_and_hears_of_it(
    call: Call, event: Read, paused: Paused, frames: list[dict[str, Any]], parts: Parts
) -> None:
    chat_id = paused(request("ui_tool"), writable={"count": "int"})
    body = {"type": "chat.component_action", "component_id": "c", "action_type": "set", "set": {"count": "7"}}
    call("message", event("socket-component-action", chat_id=chat_id, body=body))
    assert [frame["type"] for frame in frames] == ["context_update", "component_action_ack"]
    assert frames[0]["data"] == {"kind": "context_update", "variable": "count", "value": 7}
    assert frames[1]["data"]["applied"] == {"count": 7}
    assert parts.service.get(ANN, chat_id).context_inbox == {"count": 7}


def test_a_component_sets_nothing_else(
    call: Call, event: Read, paused: Paused, frames: list[dict[str, Any]], parts: Parts
) -> None:
    chat_id = paused(request("ui_tool"), writable={"count": "int"})
    body = {"type": "chat.component_action", "component_id": "c", "action_type": "set", "set": {"count": 7, "price": 0}}
    call("message", event("socket-component-action", chat_id=chat_id, body=body))
    (error,) = frames
    assert (error["data"]["code"], error["data"]["details"]["variable"]) == ("FORBIDDEN_VARIABLE", "price")
    assert parts.service.get(ANN, chat_id).context_inbox == {}


def test_the_canonical_component_action_is_acknowledged(
    call: Call, event: Read, paused: Paused, frames: list[dict[str, Any]]
) -> None:
    chat_id = paused(request("ui_tool"))
    call("message", event("socket-component-action", chat_id=chat_id))
    assert [frame["type"] for frame in frames] == ["component_action_ack"]


def test_the_canonical_answer_over_http_is_taken(call: Call, event: Read, paused: Paused, aws: Aws) -> None:
    chat_id = paused(request("ui_tool"))
    answer = call("api", event("http-answers", chat_id=chat_id))
    assert answer["statusCode"] == 202, answer["body"]
    assert list(aws.executions) == [f"{chat_id}-r1"]


def test_the_canonical_retry_over_http_is_taken(
    call: Call, event: Read, start: Callable[..., str], parts: Parts, aws: Aws
) -> None:
    chat_id = start()
    parts.service.begin(ANN, chat_id)
    parts.service.mark_failed("acme", chat_id, 1, "States.Timeout")
    answer = call("api", event("http-retry", chat_id=chat_id))
    assert answer["statusCode"] == 202, answer["body"]
    assert list(aws.executions) == [f"{chat_id}-r1", f"{chat_id}-r2"]
