"""Starting, listing, looking at, speaking to and cancelling chats over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
from fastapi.testclient import TestClient

from mozaiks.bootstrap import Parts
from mozaiks.chats.states import Lease, cache_seed_of
from mozaiks.web.app import create_app

from .conftest import SOCKET, MakeParts, Start

ANN = {"user_id": "ann"}


def executions(state_machine: str) -> list[str]:
    found = boto3.client("stepfunctions").list_executions(stateMachineArn=state_machine)
    return [each["name"] for each in found["executions"]]


def meta(api: TestClient, chat_id: str) -> dict[str, Any]:
    answer = api.get(f"/api/chats/meta/acme/Greeter/{chat_id}", params=ANN)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_started_chat_is_described(start: Start) -> None:
    started = start()
    chat_id = started["chat_id"]
    assert started == {
        "success": True,
        "chat_id": chat_id,
        "workflow_name": "Greeter",
        "app_id": "acme",
        "user_id": "ann",
        "websocket_url": f"{SOCKET}?workflow=Greeter&app_id=acme&chat_id={chat_id}&user_id=ann",
        "cache_seed": cache_seed_of("acme", chat_id),
        "reused": False,
    }


def test_the_declared_spelling_of_a_workflow_is_answered(start: Start) -> None:
    assert start("gREETER")["workflow_name"] == "Greeter"


def test_the_socket_address_is_encoded(start: Start) -> None:
    started = start(user_id="ann+1@example.com|x")
    url = urlsplit(started["websocket_url"])
    assert dict(parse_qsl(url.query, strict_parsing=True))["user_id"] == "ann+1@example.com|x"
    assert "+" not in url.query


def test_the_same_request_finds_the_same_chat(start: Start) -> None:
    first = start(client_request_id="r-1")
    assert start(client_request_id="r-1") == {**first, "reused": True}


def test_a_chat_that_has_not_begun_is_used_again_unless_a_new_one_is_forced(start: Start) -> None:
    first = start()
    assert start()["chat_id"] == first["chat_id"]
    assert start(force_new=True)["chat_id"] != first["chat_id"]


def test_a_first_message_starts_a_run(api: TestClient, start: Start, state_machine: str) -> None:
    chat_id = start(initial_message="I am Ann.")["chat_id"]
    assert meta(api, chat_id)["status"] == "running"
    assert executions(state_machine) == [f"{chat_id}-r1"]


def test_a_workflow_that_does_not_exist_is_named_with_the_nearest(api: TestClient) -> None:
    answer = api.post("/api/chats/acme/Greetr/start", json=ANN)
    assert (answer.status_code, answer.json()["code"]) == (404, "WORKFLOW_NOT_FOUND")
    assert "did you mean 'Greeter'" in answer.json()["detail"]


def test_a_broken_workflow_says_what_is_wrong(api: TestClient) -> None:
    answer = api.post("/api/chats/acme/Broken/start", json=ANN)
    assert (answer.status_code, answer.json()["code"]) == (409, "WORKFLOW_INVALID")
    (problem,) = answer.json()["details"]["problems"]
    assert (problem["file"], problem["line"], problem["key"]) == ("Broken/orchestrator.yaml", 2, "max_turnz")


def test_a_process_that_knows_no_socket_address_says_so(make_parts: MakeParts, parts: Parts) -> None:
    lost = make_parts(websocket_public_url=None)
    answer = TestClient(create_app(lost)).post("/api/chats/acme/Greeter/start", json=ANN)
    assert (answer.status_code, answer.json()["code"]) == (500, "CONFIGURATION")
    assert "WEBSOCKET_PUBLIC_URL" in answer.json()["detail"]
    assert parts.database["chat_sessions"].count_documents({}) == 0
    lost.database.client.close()


def test_meta_tells_the_state_of_a_chat(api: TestClient, start: Start) -> None:
    started = start()
    found = meta(api, started["chat_id"])
    assert (found["status"], found["waiting_for"], found["last_seq"]) == ("waiting", "input", 2)
    assert (found["cache_seed"], found["workflow_name"]) == (started["cache_seed"], "Greeter")
    (pending,) = found["pending"]
    assert (pending["kind"], pending["prompt"], pending["agent"]) == ("input", "What is your name?", None)
    assert found["usage"]["total_tokens"] == 0


def test_meta_names_the_chat_that_spawned_this_one(api: TestClient, start: Start, parts: Parts) -> None:
    chat_id = start()["chat_id"]
    assert meta(api, chat_id)["parent_chat_id"] is None
    parts.database["chat_sessions"].update_one({"_id": chat_id}, {"$set": {"parent_chat_id": "above"}})
    assert meta(api, chat_id)["parent_chat_id"] == "above"


def test_a_hidden_agents_name_is_not_told(api: TestClient, start: Start, parts: Parts) -> None:
    chat_id = start()["chat_id"]
    asked = [{"request_id": "r", "kind": "input", "agent": "Aide", "prompt": "?"}]
    parts.database["chat_sessions"].update_one({"_id": chat_id}, {"$set": {"pending": asked}})
    (pending,) = meta(api, chat_id)["pending"]
    assert {key: value for key, value in pending.items() if value is not None} == {
        "request_id": "r",
        "kind": "input",
        "prompt": "",
        "secret_fields": [],
    }


@pytest.mark.parametrize("known", [True, False])
def test_exists_tells_whether_a_chat_is_there(api: TestClient, start: Start, known: bool) -> None:
    chat_id = start()["chat_id"] if known else "nothere"
    answer = api.get(f"/api/chats/exists/acme/greeter/{chat_id}", params=ANN)
    assert answer.status_code == 200
    assert answer.json() == {"chat_id": chat_id, "exists": known}


def test_chats_are_listed_newest_first_page_by_page(api: TestClient, start: Start) -> None:
    started = [start(force_new=True)["chat_id"] for _ in range(5)]
    listed, before, sizes = [], None, []
    while True:
        page = api.get("/api/chats/acme/greeter", params={**ANN, "limit": 2, **({"before": before} if before else {})})
        assert page.status_code == 200, page.text
        listed += [chat["chat_id"] for chat in page.json()["chats"]]
        sizes.append(len(page.json()["chats"]))
        before = page.json()["next_before"]
        if before is None:
            break
    assert listed == started[::-1]
    assert sizes == [2, 2, 1]


def test_chats_are_listed_by_state(api: TestClient, start: Start) -> None:
    start(force_new=True)
    running = start(initial_message="Hello")["chat_id"]
    page = api.get("/api/chats/acme/Greeter", params={**ANN, "status": "running"}).json()
    assert [chat["chat_id"] for chat in page["chats"]] == [running]


def test_another_workflows_chats_are_not_listed(api: TestClient, start: Start) -> None:
    start("Speaker")
    assert api.get("/api/chats/acme/Greeter", params=ANN).json() == {"chats": [], "next_before": None}


def test_a_broken_workflows_chats_are_still_listed(api: TestClient, start: Start, workflows: Path) -> None:
    chat_id = start()["chat_id"]
    (workflows / "Greeter" / "orchestrator.yaml").write_text("workflow_name: Greeter\nwhat: is this\n")
    page = api.get("/api/chats/acme/greeter", params=ANN).json()
    assert [chat["chat_id"] for chat in page["chats"]] == [chat_id]


def test_a_chat_of_a_workflow_that_is_gone_can_still_be_looked_at(
    api: TestClient, start: Start, workflows: Path
) -> None:
    chat_id = start()["chat_id"]
    (workflows / "Greeter").rename(workflows / "_Greeter")
    assert meta(api, chat_id)["chat_id"] == chat_id


def test_neither_list_nor_meta_tells_what_the_engine_keeps(api: TestClient, start: Start, parts: Parts) -> None:
    chat_id = start()["chat_id"]
    lease = Lease("the-engines-lease", parts.service.clock())
    parts.database["chat_sessions"].update_one(
        {"_id": chat_id},
        {"$set": {"state": '{"k":"the-engines-state"}', "lease": {"token": lease.token, "until": lease.until}}},
    )
    for path in ("/api/chats/acme/Greeter", f"/api/chats/meta/acme/Greeter/{chat_id}"):
        answer = api.get(path, params=ANN)
        assert answer.status_code == 200
        assert "the-engines" not in answer.text


def test_a_message_is_stored_and_starts_a_run(api: TestClient, start: Start, state_machine: str) -> None:
    chat_id = start()["chat_id"]
    open_request = meta(api, chat_id)["pending"][0]["request_id"]
    answer = api.post(f"/api/chats/acme/Greeter/{chat_id}/messages", json={**ANN, "text": "Ann"})
    assert answer.status_code == 202
    sent = answer.json()
    assert sent == {
        "chat_id": chat_id,
        "accepted": True,
        "queued": False,
        "message_id": sent["message_id"],
        "request_id": open_request,
    }
    assert meta(api, chat_id)["status"] == "running"
    assert executions(state_machine) == [f"{chat_id}-r1"]


def test_a_message_that_comes_twice_takes_effect_once(api: TestClient, start: Start) -> None:
    chat_id = start()["chat_id"]
    body = {**ANN, "text": "Ann", "client_message_id": "m-1"}
    first, second = (api.post(f"/api/chats/acme/Greeter/{chat_id}/messages", json=body) for _ in range(2))
    assert first.json() == second.json()
    assert meta(api, chat_id)["last_seq"] == 4


def test_a_message_to_a_running_chat_is_queued_or_refused_as_it_asks(api: TestClient, start: Start) -> None:
    path = f"/api/chats/acme/Greeter/{start(initial_message='Hello')['chat_id']}/messages"
    assert api.post(path, json={**ANN, "text": "more"}).json()["queued"] is True
    refused = api.post(path, json={**ANN, "text": "more", "on_busy": "reject"})
    assert (refused.status_code, refused.json()["code"], refused.json()["retryable"]) == (409, "CHAT_BUSY", True)


def test_a_request_that_is_not_open_cannot_be_answered(api: TestClient, start: Start) -> None:
    path = f"/api/chats/acme/Greeter/{start()['chat_id']}/messages"
    answer = api.post(path, json={**ANN, "text": "x", "request_id": "another"})
    assert (answer.status_code, answer.json()["code"]) == (409, "REQUEST_NOT_OPEN")


def test_a_cancelled_chat_stays_cancelled(api: TestClient, start: Start) -> None:
    chat_id = start()["chat_id"]
    for body in ({"json": ANN}, {"params": ANN}):
        answer = api.post(f"/api/chats/acme/Greeter/{chat_id}/cancel", **body)
        assert (answer.status_code, answer.json()) == (200, {"chat_id": chat_id, "status": "cancelled"})
    answer = api.post(f"/api/chats/acme/Greeter/{chat_id}/messages", json={**ANN, "text": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "CHAT_ENDED")
