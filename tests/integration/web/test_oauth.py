"""The webhook of another service: to the right chat, once, and for a client that is away too."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from mozaiks.access.principal import Principal
from mozaiks.bootstrap import Parts
from mozaiks.web.app import create_app

from .conftest import MakeParts, Start

PATH = "/api/realtime/oauth/completed"
ANN = {"user_id": "ann"}

Notice = Callable[..., dict[str, Any]]


@pytest.fixture
def notice(start: Start) -> Notice:
    """A notice for a chat of Ann's, as the platform sends it."""
    chat_id = start()["chat_id"]

    def make(**other: Any) -> dict[str, Any]:
        return {
            "chatSessionId": chat_id, "correlationId": "state=a/b+c==", "appId": "acme", "userId": "ann",
            "platform": "Reddit", "success": True, "accountId": "t2_9x", "accountName": "ann_makes_tea", "error": None,
            "timestampUtc": "2026-01-14T00:00:00Z", **other,
        }  # fmt: skip

    return make


def told(api: TestClient, chat_id: str) -> list[dict[str, Any]]:
    events = api.get(f"/api/chats/acme/Greeter/{chat_id}/events", params=ANN).json()["events"]
    return [event for event in events if event["type"] == "oauth_completed"]


def test_the_chat_is_told(api: TestClient, notice: Notice) -> None:
    body = notice()
    answer = api.post(PATH, json=body)
    assert answer.status_code == 202, answer.text
    (event,) = told(api, body["chatSessionId"])
    assert answer.json() == {"success": True, "chat_id": body["chatSessionId"], "event_id": event["event_id"]}
    assert event["data"] == {
        "kind": "oauth_completed", "platform": "Reddit", "success": True, "account_id": "t2_9x",
        "account_name": "ann_makes_tea", "error": None, "correlation_id": "state=a/b+c==",
    }  # fmt: skip


def test_a_client_that_was_away_is_told_when_it_comes_back(api: TestClient, parts: Parts, notice: Notice) -> None:
    body = notice()
    api.post(PATH, json=body)
    replayed = list(parts.service.replay(Principal("acme", "ann"), body["chatSessionId"], 2))
    assert [frame["type"] for frame in replayed if "seq" in frame] == ["oauth_completed"]


def test_a_repeated_notice_is_taken_once(api: TestClient, notice: Notice) -> None:
    body = notice()
    first, second = api.post(PATH, json=body), api.post(PATH, json={**body, "success": False})
    assert (second.status_code, second.json()) == (202, first.json())
    (event,) = told(api, body["chatSessionId"])
    assert event["data"]["success"] is True


def test_another_authorisation_of_the_same_chat_is_told_too(api: TestClient, notice: Notice) -> None:
    for correlation_id in ("one", "two"):
        assert api.post(PATH, json=notice(correlationId=correlation_id)).status_code == 202
    assert [event["data"]["correlation_id"] for event in told(api, notice()["chatSessionId"])] == ["one", "two"]


@pytest.mark.parametrize("other", [{"appId": "other"}, {"userId": "bob"}, {"chatSessionId": "c" * 32}], ids=str)
def test_a_chat_that_is_anothers_is_as_one_that_is_missing(
    api: TestClient, parts: Parts, notice: Notice, other: dict[str, str]
) -> None:
    body = notice(**other)
    answer = api.post(PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "CHAT_NOT_FOUND")
    assert answer.json()["detail"] == f"there is no chat {body['chatSessionId']!r}"
    assert parts.database["chat_events"].count_documents({"type": "oauth_completed"}) == 0


def test_a_chat_that_has_ended_is_told_and_stays_as_it_is(api: TestClient, notice: Notice) -> None:
    body = notice()
    chat_id = body["chatSessionId"]
    api.post(f"/api/chats/acme/Greeter/{chat_id}/cancel", json=ANN)
    assert api.post(PATH, json=body).status_code == 202
    assert len(told(api, chat_id)) == 1
    assert api.get(f"/api/chats/meta/acme/Greeter/{chat_id}", params=ANN).json()["status"] == "cancelled"


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"appId": {"$ne": ""}}, "app_id"),
        ({"appId": "meta"}, "app_id"),
        ({"chatSessionId": "a/b"}, "chat_id"),
        ({"correlationId": ""}, "body.correlationId"),
        ({"correlationId": "x" * 1025}, "body.correlationId"),
        ({"platform": "\ud800"}, "body.platform"),
        ({"accountName": "\ud800"}, "body.accountName"),
        ({"error": "\ud800"}, "body.error"),
        ({"success": "perhaps"}, "body.success"),
    ],
)
def test_what_has_another_shape_is_refused(api: TestClient, notice: Notice, other: dict[str, Any], field: str) -> None:
    content = json.dumps(notice(**other))  # by hand: it can spell half of a surrogate pair
    answer = api.post(PATH, content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")
    assert [each["field"] for each in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(("given", "status"), [(None, 401), ("wrong", 401), ("the secret of the platform", 202)])
def test_where_a_secret_is_shared_it_must_be_brought(
    make_parts: MakeParts, parts: Parts, notice: Notice, given: str | None, status: int
) -> None:
    guarded = make_parts(realtime_gateway_shared_secret="the secret of the platform")
    headers = {} if given is None else {"X-Internal-Auth": given}
    answer = TestClient(create_app(guarded)).post(PATH, json=notice(), headers=headers)
    assert answer.status_code == status, answer.text
    assert "the secret of the platform" not in answer.text
    assert parts.database["chat_events"].count_documents({"type": "oauth_completed"}) == (status == 202)
    guarded.database.client.close()


def test_a_deployment_without_a_shared_secret_takes_no_calls(make_parts: MakeParts, notice: Notice) -> None:
    deployed = make_parts(stage="prod", jwt_secret="0123456789" * 4, allowed_issuers="us")
    answer = TestClient(create_app(deployed)).post(PATH, json=notice())
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    deployed.database.client.close()
