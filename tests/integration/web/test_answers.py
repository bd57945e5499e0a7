"""Answers and retries over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import httpx
import pytest
from fastapi.testclient import TestClient

from mozaiks.access.principal import Tenant
from mozaiks.bootstrap import Parts
from mozaiks.chats.changes import Change
from mozaiks.chats.requests import announce
from mozaiks.chats.states import ChatStatus, PendingInput, pending_input

from .conftest import Start

Paused = Callable[..., str]
ACME = Tenant("acme")


def form(request_id: str = "f1", **fields: Any) -> PendingInput:
    return pending_input(
        "ui_tool",
        request_id=request_id,
        **{"agent": "Host", "tool_name": "pick", "tool_call_id": f"call_{request_id}", "component": "Picker", **fields},
    )


def approval(request_id: str = "a1", **fields: Any) -> PendingInput:
    return pending_input(
        "approval", request_id=request_id, agent="Host", tool_name="pay", tool_call_id=f"call_{request_id}", **fields
    )


@pytest.fixture
def paused(start: Start, parts: Parts) -> Paused:
    """A chat that waits for these requests; returns its id."""

    def make(*requests: PendingInput, **body: Any) -> str:
        chat_id: str = start(force_new=True, **body)["chat_id"]
        change = Change(
            {"pending": requests, "waiting_for": requests[0]["kind"], "status": ChatStatus.WAITING},
            tuple(map(announce, requests)),
        )
        parts.chats.transact(ACME, chat_id, lambda _: change)
        return chat_id

    return make


def answer(api: TestClient, chat_id: str, **body: Any) -> httpx.Response:
    return api.post(f"/api/chats/acme/Greeter/{chat_id}/answers", json={"user_id": "ann", **body})


def meta(api: TestClient, chat_id: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/api/chats/meta/acme/Greeter/{chat_id}", params={"user_id": "ann"}).json()
    return found


def runs(state_machine: str) -> list[str]:
    found = boto3.client("stepfunctions").list_executions(stateMachineArn=state_machine)
    return [each["name"] for each in found["executions"]]


def test_a_components_answer_resumes_the_chat(api: TestClient, paused: Paused, state_machine: str) -> None:
    chat_id = paused(form())
    told = answer(api, chat_id, request_id="f1", response={"size": "L"})
    assert told.status_code == 202
    assert told.json() == {
        "chat_id": chat_id,
        "request_id": "f1",
        "accepted": True,
        "status": "completed",
        "queued": False,
    }
    assert meta(api, chat_id)["status"] == "running"
    assert runs(state_machine) == [f"{chat_id}-r1"]


def test_requests_are_answered_one_by_one_and_the_chat_says_what_it_waits_for(
    api: TestClient, paused: Paused, state_machine: str
) -> None:
    chat_id = paused(form(), approval(), pending_input(request_id="q1"))
    waits = []
    for body in ({"request_id": "f1", "response": None}, {"request_id": "a1", "approved": True}):
        assert answer(api, chat_id, **body).json()["queued"] is True
        waits.append(meta(api, chat_id)["waiting_for"])
    assert waits == ["approval", "input"]
    assert runs(state_machine) == []
    assert answer(api, chat_id, request_id="q1", response="Ann").json()["queued"] is False
    assert runs(state_machine) == [f"{chat_id}-r1"]


def test_an_approval_says_what_became_of_it_however_often_it_is_sent(api: TestClient, paused: Paused) -> None:
    chat_id = paused(approval())
    first = answer(api, chat_id, request_id="a1", approved=False, reason="Too expensive.")
    assert first.json()["status"] == "denied"
    assert answer(api, chat_id, request_id="a1", approved=True).json() == first.json()


def test_an_open_request_is_described(api: TestClient, paused: Paused) -> None:
    expires = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    chat_id = paused(form(schema={"type": "object"}, expires_at=expires, mode="modal", payload={"sizes": ["S"]}))
    assert meta(api, chat_id)["pending"] == [
        {
            "request_id": "f1",
            "kind": "ui_tool",
            "agent": "Host",
            "prompt": "",
            "schema": {"type": "object"},
            "expires_at": "2030-01-02T03:04:05Z",
            "tool_name": "pick",
            "tool_call_id": "call_f1",
            "component_type": "Picker",
            "display": "modal",
            "payload": {"sizes": ["S"]},
            "secret_fields": [],
        }
    ]


def test_a_request_names_the_fields_that_are_kept_as_secrets(api: TestClient, paused: Paused) -> None:
    chat_id = paused(form(secrets={"key": "crm_api_key"}))
    (pending,) = meta(api, chat_id)["pending"]
    assert pending["secret_fields"] == ["key"]


def test_the_last_artifact_is_told(api: TestClient, paused: Paused) -> None:
    chat_id = paused(form(mode="artifact", payload={"page": 1}))
    found = meta(api, chat_id)["last_artifact"]
    assert (found["event_id"], found["component"], found["payload"]) == ("f1", "Picker", {"page": 1})


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"request_id": "f1"}, 422, "VALIDATION"),
        ({"response": 1}, 422, "VALIDATION"),
        ({"request_id": "f1", "response": 1, "approved": True}, 422, "VALIDATION"),
        ({"request_id": "f1", "approved": True}, 422, "VALIDATION"),
        ({"request_id": "f1", "approved": "true"}, 422, "VALIDATION"),
        ({"request_id": {"$ne": None}, "response": 1}, 422, "VALIDATION"),
        ({"request_id": "f2", "response": 1}, 409, "REQUEST_NOT_OPEN"),
        ({"request_id": "f1", "response": "text"}, 422, "VALIDATION"),
    ],
)
def test_a_wrong_answer_is_refused_and_the_request_stays_open(
    api: TestClient, paused: Paused, body: dict[str, Any], status: int, code: str
) -> None:
    chat_id = paused(form(schema={"type": "object"}))
    told = answer(api, chat_id, **body)
    assert (told.status_code, told.json()["code"]) == (status, code)
    assert [each["request_id"] for each in meta(api, chat_id)["pending"]] == ["f1"]


def test_a_response_that_does_not_fit_is_told_where(api: TestClient, paused: Paused) -> None:
    chat_id = paused(form(schema={"properties": {"age": {"type": "integer"}}}))
    told = answer(api, chat_id, request_id="f1", response={"age": "x"}).json()
    assert told["details"]["path"] == "$.age"
    assert told["errors"][0]["field"] == "response"


@pytest.mark.parametrize("number", ["1e999", "NaN", "-Infinity"])
def test_what_no_json_writer_takes_back_is_refused(api: TestClient, paused: Paused, number: str) -> None:
    chat_id = paused(form())
    told = api.post(
        f"/api/chats/acme/Greeter/{chat_id}/answers",
        content=f'{{"user_id": "ann", "request_id": "f1", "response": {{"n": {number}}}}}',
        headers={"content-type": "application/json"},
    )
    assert told.status_code in (400, 422)
    assert meta(api, chat_id)["pending"] != []


@pytest.mark.parametrize("route", ["answers", "retry"])
@pytest.mark.parametrize(("app", "user"), [("acme", "bob"), ("evil", "ann")])
def test_anothers_chat_is_answered_like_a_missing_one(
    api: TestClient, paused: Paused, route: str, app: str, user: str
) -> None:
    chat_id = paused(form())
    body = {"user_id": user, "request_id": "f1", "response": 1}
    theirs, missing = (api.post(f"/api/chats/{app}/Greeter/{id_}/{route}", json=body) for id_ in (chat_id, "missing"))
    assert (theirs.status_code, theirs.text.replace(chat_id, "missing")) == (404, missing.text)
    assert meta(api, chat_id)["status"] == "waiting"


def test_a_message_to_a_chat_that_waits_for_a_component_is_queued(
    api: TestClient, paused: Paused, state_machine: str
) -> None:
    chat_id = paused(form())
    told = api.post(f"/api/chats/acme/Greeter/{chat_id}/messages", json={"user_id": "ann", "text": "Wait!"}).json()
    assert (told["accepted"], told["queued"], told["request_id"]) == (True, True, None)
    assert (meta(api, chat_id)["status"], runs(state_machine)) == ("waiting", [])


def test_a_failed_chat_is_run_again(api: TestClient, start: Start, parts: Parts, state_machine: str) -> None:
    chat_id = start(initial_message="Hi")["chat_id"]
    parts.service.mark_failed("acme", chat_id, 1, "States.Timeout")
    told = api.post(f"/api/chats/acme/Greeter/{chat_id}/retry", json={"user_id": "ann"})
    assert (told.status_code, told.json()) == (202, {"chat_id": chat_id, "status": "running", "run_no": 2})
    assert sorted(runs(state_machine)) == [f"{chat_id}-r1", f"{chat_id}-r2"]


def test_what_did_not_fail_is_not_run_again(api: TestClient, paused: Paused) -> None:
    told = api.post(f"/api/chats/acme/Greeter/{paused(form())}/retry", params={"user_id": "ann"})
    assert (told.status_code, told.json()["code"]) == (409, "NOT_RETRYABLE")


def test_variables_that_clients_may_set_are_bound_with_the_chat(
    api: TestClient, start: Start, parts: Parts, workflows: Any
) -> None:
    (workflows / "Greeter" / "context_variables.yaml").write_text(
        "variables:\n  size: {type: str, client_writable: true}\n  secret: {type: str}\n"
    )
    chat_id = start(force_new=True)["chat_id"]
    assert parts.chats.get(ACME, chat_id).greeting.writable == {"size": "str"}
