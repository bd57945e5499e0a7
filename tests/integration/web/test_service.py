"""Health, the list of workflows, what is not built, and the API's own description."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from mozaiks.access.principal import checked_id
from mozaiks.bootstrap import Parts
from mozaiks.errors import MozaiksError
from mozaiks.web.app import create_app

from .conftest import MakeParts


@pytest.mark.parametrize("path", ["/api/health", "/health"])
def test_a_healthy_process_says_so(api: TestClient, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 200
    found = answer.json()
    assert found["status"] == "ok"
    assert found["mongo"]["reachable"] is True
    assert found["workflows"] == {"valid": 2, "invalid": 1}


def test_a_process_without_its_database_is_not_healthy(make_parts: MakeParts) -> None:
    lost = make_parts(mongodb_uri="mongodb://user:hunter2@127.0.0.1:1/?directConnection=true")
    answer = TestClient(create_app(lost)).get("/api/health")
    assert (answer.status_code, answer.json()["code"]) == (503, "DATABASE_UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"
    assert "hunter2" not in answer.text
    assert "127.0.0.1" not in answer.text
    lost.database.client.close()


def test_workflows_are_listed_with_what_users_see(api: TestClient) -> None:
    found = api.get("/api/workflows").json()
    greeter, speaker = found["workflows"]
    assert greeter == {
        "name": "Greeter",
        "description": "Says hello.",
        "startup_mode": "UserDriven",
        "agents": ["Host"],
        "tools": 0,
        "version": greeter["version"],
        "ui_config": {},
    }
    assert re.fullmatch(r"[0-9a-f]{64}", greeter["version"])
    assert (speaker["name"], speaker["startup_mode"]) == ("Speaker", "AgentDriven")


def test_a_broken_workflow_is_listed_with_its_problems_and_hides_no_other(api: TestClient) -> None:
    (broken,) = api.get("/api/workflows").json()["invalid"]
    assert broken["name"] == "Broken"
    assert broken["problems"][0]["file"] == "Broken/orchestrator.yaml"


def test_a_changed_manifest_is_read_again_on_a_developers_machine(api: TestClient, workflows: Path) -> None:
    assert [each["name"] for each in api.get("/api/workflows").json()["invalid"]] == ["Broken"]
    (workflows / "Broken" / "orchestrator.yaml").write_text("workflow_name: Broken\n")
    assert api.get("/api/workflows").json()["invalid"] == []


def test_the_description_knows_problems_and_not_the_frameworks_errors(api: TestClient) -> None:
    document = api.get("/openapi.json").json()
    assert "HTTPValidationError" not in str(document)
    refs = set(re.findall(r"'#/components/schemas/(\w+)'", str(document)))
    assert refs <= document["components"]["schemas"].keys()


def test_the_examples_of_the_description_are_taken(api: TestClient, parts: Parts) -> None:
    schemas = api.get("/openapi.json").json()["components"]["schemas"]
    chat_id = api.post("/api/chats/acme/Greeter/start", json=schemas["StartChat"]["examples"][0]).json()["chat_id"]
    answer = api.post(f"/api/chats/acme/Greeter/{chat_id}/messages", json=schemas["SendMessage"]["examples"][0])
    assert answer.status_code == 202


def test_the_described_shapes_of_ids_are_those_that_are_checked(api: TestClient) -> None:
    document = api.get("/openapi.json").json()
    patterns = {
        parameter["name"]: parameter["schema"].get("pattern")
        for operations in document["paths"].values()
        for operation in operations.values()
        for parameter in operation.get("parameters", [])
        if parameter["name"] in {"app_id", "workflow_name", "chat_id"}
    }
    assert len(patterns) == 3
    for kind, pattern in patterns.items():
        for value in ("a", "a" * 64, "a" * 65, "", "A-_9", "a.b", "a\n", "é"):
            try:
                checked = checked_id(kind, value) == value
            except MozaiksError:
                checked = False
            assert bool(re.fullmatch(pattern.strip("^$"), value)) is checked, (kind, value)


def test_the_docs_page_is_there(api: TestClient) -> None:
    assert api.get("/docs").status_code == 200
