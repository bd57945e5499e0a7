"""What a page needs to know of a workflow."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

TOOLS = """
tools:
  - {name: look_up, file: tools/code.py, function: look_up, agent: Host, description: Looks up.}
  - name: choose_plan
    tool_type: UI_Tool
    agent: [Host, Aide]
    description: Lets the user choose.
    parameters: {type: object, properties: {plans: {type: array, items: {type: string}}}}
    ui: {component: PlanPicker, mode: modal, response_schema: {type: object, required: [plan]}}
  - name: show_plan
    tool_type: UI_Tool
    agent: Host
    description: Shows the plan.
    parameters: {type: object, properties: {title: {type: string}}}
    ui: {component: PlanView, mode: artifact, awaits_response: false}
  - {name: pay, file: tools/code.py, function: pay, agent: Host, description: Pays., requires_approval: true}
  - name: secret_view
    tool_type: UI_Tool
    agent: Aide
    description: Of an agent that users do not see.
    parameters: {type: object, properties: {}}
    ui: {component: Hidden}
"""
CODE = "def look_up(order: str) -> str:\n    return order\n\n\ndef pay(amount: int) -> int:\n    return amount\n"


@pytest.fixture
def with_tools(workflows: Path) -> None:
    (workflows / "Greeter" / "tools").mkdir()
    (workflows / "Greeter" / "tools.yaml").write_text(TOOLS)
    (workflows / "Greeter" / "tools" / "code.py").write_text(CODE)


@pytest.mark.usefixtures("with_tools")
def test_the_tools_that_users_meet_are_told(api: TestClient) -> None:
    found = api.get("/api/workflows/gREETER/tools").json()
    assert found["workflow_name"] == "Greeter"
    told = {tool["name"]: tool for tool in found["tools"]}
    assert set(told) == {"choose_plan", "show_plan", "pay"}
    assert told["choose_plan"] == {
        "name": "choose_plan",
        "description": "Lets the user choose.",
        "category": "",
        "tool_type": "UI_Tool",
        "agents": ["Host"],
        "component": "PlanPicker",
        "mode": "modal",
        "awaits_response": True,
        "requires_approval": False,
        "parameters": {"type": "object", "properties": {"plans": {"type": "array", "items": {"type": "string"}}}},
        "response_schema": {"type": "object", "required": ["plan"]},
    }
    assert (told["show_plan"]["mode"], told["show_plan"]["awaits_response"]) == ("artifact", False)
    assert (told["pay"]["component"], told["pay"]["requires_approval"]) == (None, True)


def test_a_client_learns_how_to_talk_to_a_workflow(api: TestClient) -> None:
    found = api.get("/api/workflows/greeter/transport").json()
    assert (found["transport"], found["websocket_url"]) == ("websocket", "wss://chat.example.com/dev")
    assert (found["startup_mode"], found["accepts_input"]) == ("UserDriven", True)
    opened = api.post(found["start_path"].format(app_id="acme"), json={"user_id": "ann"}).json()
    log = api.get(found["events_path"].format(app_id="acme", chat_id=opened["chat_id"]), params={"user_id": "ann"})
    assert log.json()["events"]


def test_a_workflow_that_takes_no_input_says_so(api: TestClient, workflows: Path) -> None:
    (workflows / "Speaker" / "orchestrator.yaml").write_text("startup_mode: BackendOnly\ninitial_message: Begin.\n")
    assert api.get("/api/workflows/Speaker/transport").json()["accepts_input"] is False


@pytest.mark.parametrize("what", ["tools", "transport"])
@pytest.mark.parametrize(
    ("name", "status", "code"), [("No", 404, "WORKFLOW_NOT_FOUND"), ("Broken", 409, "WORKFLOW_INVALID")]
)
def test_a_workflow_that_cannot_be_used_says_why(api: TestClient, what: str, name: str, status: int, code: str) -> None:
    answer = api.get(f"/api/workflows/{name}/{what}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_settings_for_pages_are_told_as_they_are(api: TestClient, workflows: Path) -> None:
    (workflows / "Speaker" / "ui_config.yaml").write_text("theme: paper\npanels: {log: {collapsed: true}}\n")
    told = {each["name"]: each["ui_config"] for each in api.get("/api/workflows").json()["workflows"]}
    assert told == {"Greeter": {}, "Speaker": {"theme": "paper", "panels": {"log": {"collapsed": True}}}}
