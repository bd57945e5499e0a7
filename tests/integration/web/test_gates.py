"""Gates over HTTP: what is available to whom, and a start that comes too early."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from mozaiks.access.principal import Principal, Tenant
from mozaiks.bootstrap import Parts
from mozaiks.chats.greeting import facts_of
from mozaiks.errors import MozaiksError
from mozaiks.web.app import create_app

from .conftest import MakeParts

ANN = Principal("acme", "ann")
START = "/api/chats/acme/{}/start"

Complete = Callable[..., None]


@pytest.fixture
def pack(workflows: Path) -> Callable[[str], None]:
    def write(text: str) -> None:
        (workflows / "_pack").mkdir(exist_ok=True)
        (workflows / "_pack" / "workflow_graph.json").write_text(text)

    return write


@pytest.fixture
def gated(pack: Callable[[str], None]) -> None:
    """``Speaker`` needs ``Greeter``; ``Greeter`` is better begun after ``Speaker``."""
    speaker = {"id": "Speaker", "dependencies": [{"id": "greeter", "reason": "It asks for the name."}]}
    greeter = {"id": "Greeter", "dependencies": [{"id": "Speaker", "gating": "optional", "reason": "It warms up."}]}
    pack(json.dumps({"workflows": [speaker, greeter]}))


@pytest.fixture
def complete(parts: Parts) -> Complete:
    """A completed chat of a workflow."""

    def make(workflow: str, principal: Principal = ANN) -> None:
        facts = facts_of(parts.workflows.get(workflow).spec)
        chat_id = parts.service.start(principal, facts, force_new=True).chat.chat_id
        parts.database["chat_sessions"].update_one({"_id": chat_id}, {"$set": {"status": "completed"}})

    return make


def available(api: TestClient, user: str = "ann", app: str = "acme") -> dict[str, dict[str, Any]]:
    answer = api.get(f"/api/workflows/{app}/available", params={"user_id": user})
    assert answer.status_code == 200
    return {each["name"]: each for each in answer.json()["workflows"]}


@pytest.mark.usefixtures("gated")
def test_a_start_before_its_prerequisites_is_refused_with_what_is_missing(api: TestClient, parts: Parts) -> None:
    answer = api.post(START.format("speaker"), json={"user_id": "ann"})
    assert (answer.status_code, answer.json()["code"]) == (409, "PREREQUISITES_MISSING")
    problem = answer.json()
    details = problem.get("details", problem)
    assert details["missing"] == [{"workflow_name": "Greeter", "reason": "It asks for the name."}]
    assert parts.database["chat_sessions"].count_documents({}) == 0


@pytest.mark.usefixtures("gated")
def test_it_starts_once_they_are_completed(api: TestClient, complete: Complete) -> None:
    complete("Greeter")
    assert api.post(START.format("Speaker"), json={"user_id": "ann"}).status_code == 200


@pytest.mark.usefixtures("gated")
@pytest.mark.parametrize("stranger", [Principal("acme", "bob"), Principal("other", "ann")], ids=str)
def test_what_another_user_or_app_completed_opens_nothing(
    api: TestClient, complete: Complete, stranger: Principal
) -> None:
    complete("Greeter", stranger)
    assert api.post(START.format("Speaker"), json={"user_id": "ann"}).status_code == 409
    assert available(api)["Speaker"]["available"] is False
    assert available(api, stranger.user_id, stranger.app_id)["Speaker"]["available"] is True


@pytest.mark.usefixtures("gated")
def test_a_request_that_started_a_chat_finds_it_when_the_gate_has_shut(
    api: TestClient, parts: Parts, complete: Complete
) -> None:
    complete("Greeter")
    body = {"user_id": "ann", "client_request_id": "r-1"}
    first = api.post(START.format("Speaker"), json=body).json()
    parts.database["chat_sessions"].delete_many({"workflow_name": "Greeter"})
    second = api.post(START.format("Speaker"), json=body)
    assert (second.status_code, second.json()["chat_id"]) == (200, first["chat_id"])
    assert api.post(START.format("Speaker"), json={"user_id": "ann"}).status_code == 409


@pytest.mark.usefixtures("gated")
def test_every_workflow_is_listed_with_what_stands_in_its_way(api: TestClient, complete: Complete) -> None:
    found = available(api)
    assert [(name, each["available"], each["code"]) for name, each in found.items()] == [
        ("Broken", False, "WORKFLOW_INVALID"),
        ("Greeter", True, None),
        ("Speaker", False, "PREREQUISITES_MISSING"),
    ]
    assert found["Speaker"]["missing"] == [{"workflow_name": "Greeter", "reason": "It asks for the name."}]
    assert found["Greeter"]["advised"] == [{"workflow_name": "Speaker", "reason": "It warms up.", "completed": False}]
    complete("Greeter")
    complete("Speaker")
    found = available(api)
    assert (found["Speaker"]["available"], found["Speaker"]["missing"]) == (True, [])
    assert found["Greeter"]["advised"][0]["completed"] is True


@pytest.mark.usefixtures("gated")
def test_the_list_is_not_sent_again_until_it_changes(api: TestClient, complete: Complete) -> None:
    url, query = "/api/workflows/acme/available", {"user_id": "ann"}
    tag = {"if-none-match": api.get(url, params=query).headers["etag"]}
    assert api.get(url, params=query, headers=tag).status_code == 304
    complete("Greeter")
    assert api.get(url, params=query, headers=tag).status_code == 200


@pytest.mark.parametrize("text", ["{", "null", '{"workflows": [{"id": "Speeker"}]}'])
def test_a_broken_pack_shows_every_workflow_and_starts_none(
    api: TestClient, parts: Parts, pack: Callable[[str], None], text: str
) -> None:
    pack(text)
    found = available(api)
    assert {name: (each["available"], each["code"]) for name, each in found.items()} == {
        "Broken": (False, "WORKFLOW_INVALID"),
        "Greeter": (False, "PACK_INVALID"),
        "Speaker": (False, "PACK_INVALID"),
    }
    answer = api.post(START.format("Greeter"), json={"user_id": "ann"})
    assert (answer.status_code, answer.json()["code"]) == (409, "PACK_INVALID")
    assert parts.database["chat_sessions"].count_documents({}) == 0


@pytest.mark.usefixtures("gated")
def test_a_database_that_does_not_answer_opens_no_gate(make_parts: MakeParts) -> None:
    lost = make_parts(mongodb_uri="mongodb://127.0.0.1:1/?directConnection=true")
    api = TestClient(create_app(lost))
    for answer in (
        api.get("/api/workflows/acme/available", params={"user_id": "ann"}),
        api.post(START.format("Speaker"), json={"user_id": "ann"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (503, "DATABASE_UNAVAILABLE")
    with pytest.raises(MozaiksError) as caught:
        lost.gates.require(ANN.tenant, "Speaker")
    assert caught.value.code == "DATABASE_UNAVAILABLE"
    lost.database.client.close()


@pytest.mark.usefixtures("gated")
def test_a_whole_app_has_no_gate_that_could_open(parts: Parts, complete: Complete) -> None:
    complete("Greeter")
    with pytest.raises(ValueError, match="a gate is a user's"):
        parts.gates.require(Tenant("acme"), "Speaker")


def test_without_a_pack_everything_that_loads_is_available(api: TestClient) -> None:
    assert {name for name, each in available(api).items() if each["available"]} == {"Greeter", "Speaker"}


@pytest.mark.usefixtures("gated")
def test_what_a_gate_asks_is_answered_by_an_index_alone(parts: Parts, complete: Complete) -> None:
    complete("Greeter")
    query = {**ANN.tenant.key, "status": "completed", "workflow_name": {"$in": ["Greeter"]}}
    stages = [{"$match": query}, {"$group": {"_id": "$workflow_name"}}]
    plan = parts.database.command(
        "explain", {"aggregate": "chat_sessions", "pipeline": stages, "cursor": {}}, verbosity="executionStats"
    )
    assert '"completed"' in json.dumps(plan, default=str)
    assert "COLLSCAN" not in json.dumps(plan, default=str)
