"""``api``: requests of the HTTP API, as API Gateway hands them over."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .aws import Aws
from .conftest import CHAT, Call, Read

Start = Callable[..., str]


def body(answer: dict[str, Any]) -> Any:
    assert answer["isBase64Encoded"] is False
    return json.loads(answer["body"])


@pytest.mark.parametrize(
    ("name", "status", "holds"),
    [
        ("http-health", 200, '"status":"ok"'),
        ("http-workflows", 200, '"name":"CustomerSupport"'),
        ("http-exists", 200, '"exists":true'),
        ("http-meta", 200, '"status":"created"'),
        ("http-list", 200, '"next_before":null'),
        ("http-events", 200, '"events":[]'),
        ("http-events-stream", 200, "retry: "),
        ("http-messages", 202, '"accepted":true'),
        ("http-active-runs", 200, '"active_runs":0'),
        ("http-perf-aggregate", 200, '"chats_opened":1'),
        ("http-perf-chats", 200, '"agent_turns":0'),
        ("http-perf-chat", 200, '"agent_turns":0'),
        ("http-prometheus", 200, 'mozaiks_chats{app_id="acme",workflow="HelloWorld",status="created"} 1'),
        ("http-transport", 200, '"transport":"websocket"'),
        ("http-tools", 200, '"tools":['),
        ("http-trace", 200, '"turns":[]'),
        ("http-theme", 200, '"version":0'),
        ("http-theme-put", 200, '"version":1'),
        ("http-oauth-completed", 202, '"event_id":'),
        ("http-cancel", 200, '"status":"cancelled"'),
    ],
)
def test_a_canonical_request_is_answered(
    call: Call, event: Read, start: Start, name: str, status: int, holds: str
) -> None:
    answer = call("api", event(name, chat_id=start()))
    assert answer["statusCode"] == status, answer["body"]
    assert holds in answer["body"]
    assert answer["isBase64Encoded"] is False


def test_a_started_chat_can_be_connected_to(call: Call, event: Read) -> None:
    started = body(call("api", event("http-start")))
    opening = event("socket-connect", chat_id=started["chat_id"])
    query = "&".join(f"{name}={value}" for name, value in opening["queryStringParameters"].items())
    assert started["websocket_url"] == f"wss://{opening['headers']['Host']}/dev?{query}"
    assert call("connect", opening) == {"statusCode": 200}


def test_a_message_over_http_starts_a_run(call: Call, event: Read, start: Start, aws: Aws) -> None:
    chat_id = start()
    call("api", event("http-messages", chat_id=chat_id))
    assert list(aws.executions) == [f"{chat_id}-r1"]


def test_a_run_that_cannot_start_is_a_problem_that_may_be_tried_again(
    call: Call, event: Read, start: Start, aws: Aws
) -> None:
    aws.step_functions_down = True
    answer = call("api", event("http-messages", chat_id=start()))
    assert answer["statusCode"] == 503
    assert answer["headers"]["retry-after"] == "1"
    assert body(answer)["code"] == "RUN_START_FAILED"


def test_a_problem_is_text_and_not_base64(call: Call, event: Read) -> None:
    answer = call("api", event("http-meta"))
    assert answer["statusCode"] == 404
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert body(answer)["detail"] == f"there is no chat {CHAT!r}"


def test_what_breaks_unexpectedly_names_the_request_and_nothing_else(
    call: Call, event: Read, start: Start, parts: Any
) -> None:
    chat_id = start()
    parts.database["chat_sessions"].update_one({"_id": chat_id}, {"$unset": {"greeting": ""}})
    answer = call("api", event("http-meta", chat_id=chat_id))
    assert answer["statusCode"] == 500
    problem = body(answer)
    assert problem["code"] == "INTERNAL"
    assert problem["instance"].startswith("urn:uuid:")
    assert "greeting" not in answer["body"]
