"""What is wrong with a request is a problem document with a stable code, and never the request's own content."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from mozaiks.bootstrap import Parts
from mozaiks.web.app import create_app
from mozaiks.web.guards import MAX_BODY_BYTES

from .conftest import MakeParts, Start

START = "/api/chats/acme/Greeter/start"
JSON = {"content-type": "application/json"}


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The problem document of an answer, whose form is checked."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    assert found["code"] == code
    assert found["type"] == f"urn:mozaiks:problem:{code.lower().replace('_', '-')}"
    assert {"title", "detail", "retryable"} <= found.keys()
    return found


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 100_000, b'{"user_id": "ann"} x'])
def test_a_body_that_is_no_json(api: TestClient, body: bytes) -> None:
    problem(api.post(START, content=body, headers=JSON), 400, "BAD_JSON")


@pytest.mark.parametrize("headers", [{"content-type": "text/plain"}, {"content-type": ""}])
def test_a_body_of_another_kind(api: TestClient, headers: dict[str, str]) -> None:
    answer = api.post(START, content=b'{"user_id": "ann"}', headers=headers)
    problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_json_with_a_character_set_is_taken(api: TestClient) -> None:
    answer = api.post(START, content=b'{"user_id": "ann"}', headers={"content-type": "Application/JSON; charset=utf-8"})
    assert answer.status_code == 200


def test_a_body_that_is_too_long_by_its_own_account(api: TestClient, parts: Parts) -> None:
    problem(api.post(START, content=b" " * (MAX_BODY_BYTES + 1), headers=JSON), 413, "BODY_TOO_LARGE")
    assert parts.database["chat_sessions"].count_documents({}) == 0


def test_a_body_that_grows_too_long(api: TestClient) -> None:
    pieces = (b" " * 65536 for _ in range(MAX_BODY_BYTES // 65536 + 1))
    problem(api.post(START, content=pieces, headers=JSON), 413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "user_id"),
        ([], "user_id"),
        ({"user_id": None}, "user_id"),
        ({"user_id": {"$ne": None}}, "user_id"),
        ({"user_id": "ann smith"}, "user_id"),
        ({"user_id": "ann", "client_request_id": {"$gt": ""}}, "client_request_id"),
        ({"user_id": "ann", "client_request_id": "x" * 65}, "client_request_id"),
        ({"user_id": "ann", "force_new": "perhaps"}, "body.force_new"),
        ({"user_id": "ann", "initial_message": " \n"}, "body.initial_message"),
        ({"user_id": "ann", "initial_message": 7}, "body.initial_message"),
    ],
)
def test_a_start_with_wrong_fields(api: TestClient, parts: Parts, body: Any, field: str) -> None:
    found = problem(api.post(START, json=body), 422, "VALIDATION")
    assert [each["field"] for each in found["errors"]] == [field]
    assert parts.database["chat_sessions"].count_documents({}) == 0


def test_half_of_a_surrogate_pair(api: TestClient) -> None:
    answer = api.post(START, content=b'{"user_id": "ann", "initial_message": "\\ud83d"}', headers=JSON)
    problem(answer, 422, "VALIDATION")


def test_everything_wrong_is_told_at_once(api: TestClient) -> None:
    answer = api.post(START, json={"user_id": "ann", "initial_message": "", "force_new": "perhaps"})
    found = problem(answer, 422, "VALIDATION")
    assert {each["field"] for each in found["errors"]} == {"body.force_new", "body.initial_message"}


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "  "}, {"text": None}, {"text": ["x"]}])
def test_a_message_without_a_text(api: TestClient, start: Start, body: dict[str, Any]) -> None:
    path = f"/api/chats/acme/Greeter/{start()['chat_id']}/messages"
    problem(api.post(path, json={"user_id": "ann", **body}), 422, "TEXT_REQUIRED")


def test_two_different_users_in_one_request(api: TestClient) -> None:
    problem(api.post(START, params={"user_id": "bob"}, json={"user_id": "ann"}), 422, "VALIDATION")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/chats/meta/a.b/Greeter/c1", "app_id"),
        ("/api/chats/meta/acme/Gr$eter/c1", "workflow_name"),
        ("/api/chats/meta/acme/Greeter/c%20", "chat_id"),
        ("/api/chats/meta/acme/Greeter/%00", "chat_id"),
        ("/api/chats/acme/Greeter?before=a.b", "query.before"),
        ("/api/chats/exists/Greeter", "app_id"),
        ("/api/chats/acme/Greeter?limit=0", "query.limit"),
        ("/api/chats/acme/Greeter?limit=many", "query.limit"),
        ("/api/chats/acme/Greeter?status=asleep", "query.status"),
        ("/api/chats/acme/Greeter/c1/events?after=-1", "query.after"),
        ("/api/chats/acme/Greeter/c1/events?limit=501", "query.limit"),
    ],
)
def test_ids_and_numbers_of_another_shape(api: TestClient, path: str, field: str) -> None:
    found = problem(api.get(f"{path}{'&' if '?' in path else '?'}user_id=ann"), 422, "VALIDATION")
    assert [each["field"] for each in found["errors"]] == [field]


@pytest.mark.parametrize("cursor", ["abc", "MTIz", "MTIzLg", "_" * 128])
def test_a_page_that_no_former_one_led_to(api: TestClient, cursor: str) -> None:
    problem(api.get("/api/chats/acme/Greeter", params={"user_id": "ann", "before": cursor}), 404, "NOT_FOUND")


def test_what_was_sent_is_not_repeated(api: TestClient, start: Start) -> None:
    path = f"/api/chats/acme/Greeter/{start()['chat_id']}/messages"
    answer = api.post(path, json={"user_id": "ann", "text": {"password": "hunter2"}, "on_busy": "hunter2"})
    assert answer.status_code == 422
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("path", ["/", "/api", "/api/chats", "/api/chats/acme/Greeter/", "/api/health/"])
def test_a_path_that_is_not_there(api: TestClient, path: str) -> None:
    problem(api.get(path), 404, "NOT_FOUND")


def test_a_method_a_path_does_not_have(api: TestClient) -> None:
    answer = api.put("/api/health")
    problem(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "GET"


def test_without_a_token_nobody_gets_in_where_they_are_checked(make_parts: MakeParts, parts: Parts) -> None:
    strict = make_parts(auth_enabled=True, jwt_secret="s" * 32, allowed_issuers="us")
    api = TestClient(create_app(strict))
    problem(api.post(START, json={"user_id": "ann"}), 401, "UNAUTHENTICATED")
    problem(api.get("/api/chats/acme/Greeter", params={"user_id": "ann"}), 401, "UNAUTHENTICATED")
    assert parts.database["chat_sessions"].count_documents({}) == 0
    strict.database.client.close()
