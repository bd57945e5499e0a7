"""Components: what their code makes is what people are shown, and what it sets is kept."""

from __future__ import annotations

from typing import Any

import pytest

from mozaiks.chats.events import Event
from mozaiks.errors import MozaiksError

Bench = Any

CODE = """
ran = []

def chart(topic: str, context_variables, chat_id: str):
    ran.append(chat_id)
    if topic == "nothing":
        raise ValueError("there are no numbers of nothing")
    context_variables["drawn"] = topic
    return {"title": topic.upper(), "times": ran.count(chat_id)}

def survey(topic: str, context_variables, ui_response=None):
    if ui_response is None:
        context_variables["drawn"] = topic
        return {"question": f"What of {topic}?"}
    return {"answered": ui_response, "about": context_variables["drawn"]}

def deploy(target: str):
    return f"{target} is live"

def choose(context_variables):
    from mozaiks.authoring import ask_user
    context_variables["drawn"] = "lots"
    return ask_user("Which?")
"""
CONTEXT = "variables: {drawn: {type: str, client_visible: true, client_writable: true}}\n"
TOOLS = """
tools:
  - {name: chart, type: UI_Tool, file: tools/code.py, ui: {component: Chart, mode: artifact, awaits_response: false}}
  - {name: survey, type: UI_Tool, file: tools/code.py, ui: {component: Survey}}
  - {name: deploy, type: Agent_Tool, file: tools/code.py, requires_approval: true, ui: {component: Gate, mode: modal}}
  - {name: choose, file: tools/code.py}
  - {name: banner, type: UI_Tool, requires_approval: true, ui: {awaits_response: false}, parameters: {text: str}}
"""
DONE = {"after": "tool", "say": "Done."}


def begun(bench: Bench, tool: str, **arguments: Any) -> str:
    """A chat whose agent calls ``tool`` at once, run until it waits."""
    call = {"after": "user", "call": {"tool": tool, "arguments": arguments}}
    bench.workflow({"Host": [call, DONE]}, tools=TOOLS, code=CODE, context=CONTEXT)
    chat_id: str = bench.start()
    assert bench.run(chat_id)["outcome"] == "waiting"
    return chat_id


def calls(bench: Bench, chat_id: str) -> list[Event]:
    return [event for event in bench.log(chat_id) if event.type == "chat.tool_call"]


def test_what_code_made_is_shown_where_nobody_is_waited_for(bench: Bench) -> None:
    chat_id = begun(bench, "chart", topic="rain")
    (call,) = calls(bench, chat_id)
    assert (call.data["component_type"], call.data["display"]) == ("Chart", "artifact")
    assert (call.data["payload"], call.data["awaiting_response"]) == ({"title": "RAIN", "times": 1}, False)
    assert bench.chat(chat_id).last_artifact["payload"] == call.data["payload"]
    types = bench.types(chat_id)
    assert types.index("tool_call") < types.index("tool_response")


def test_what_code_set_while_it_made_a_shown_component_is_kept(bench: Bench) -> None:
    chat_id = begun(bench, "chart", topic="rain")
    updates = [event.data for event in bench.log(chat_id) if event.type == "context_update"]
    assert [(update["variable"], update["value"]) for update in updates] == [("drawn", "rain")]


def test_code_that_fails_shows_no_component(bench: Bench) -> None:
    chat_id = begun(bench, "chart", topic="nothing")
    (call,) = calls(bench, chat_id)
    assert "component_type" not in call.data
    assert call.data["arguments"] == {"topic": "nothing"}
    (response,) = [event.data for event in bench.log(chat_id) if event.type == "chat.tool_response"]
    assert (response["success"], response["content"]) == (False, "Error: ValueError: there are no numbers of nothing")


def test_a_component_is_shown_once_though_the_worker_dies_before_it_is_told(bench: Bench) -> None:
    call = {"after": "user", "call": {"tool": "chart", "arguments": {"topic": "rain"}}}
    bench.workflow({"Host": [call, DONE]}, tools=TOOLS, code=CODE, context=CONTEXT)
    chat_id = bench.start()
    bench.die_at_write(3)
    with pytest.raises(MozaiksError):
        bench.slice(chat_id)
    bench.revive(chat_id)
    bench.run(chat_id)
    (call_told,) = calls(bench, chat_id)
    assert call_told.data["payload"] == {"title": "RAIN", "times": 1}


def test_what_code_set_before_it_asked_counts_while_people_think(bench: Bench) -> None:
    chat_id = begun(bench, "survey", topic="tea")
    assert [event.data["value"] for event in bench.log(chat_id) if event.type == "context_update"] == ["tea"]
    (request,) = bench.chat(chat_id).pending
    bench.parts.service.answer(bench.ann, chat_id, request["request_id"], "good")
    bench.run(chat_id)
    (response,) = [event.data for event in bench.log(chat_id) if event.type == "chat.tool_response"]
    assert response["content"] == {"answered": "good", "about": "tea"}


def test_what_a_tool_set_before_it_asked_by_itself_is_kept(bench: Bench) -> None:
    chat_id = begun(bench, "choose")
    assert [event.data["value"] for event in bench.log(chat_id) if event.type == "context_update"] == ["lots"]


def test_a_tool_may_ask_for_leave_with_a_component_of_its_own(bench: Bench) -> None:
    chat_id = begun(bench, "deploy", target="shop")
    (asked,) = calls(bench, chat_id)
    assert (asked.data["interaction_type"], asked.data["component_type"]) == ("approval", "Gate")
    assert (asked.data["display"], asked.data["payload"]) == ("modal", {"target": "shop"})
    bench.parts.service.approve(bench.ann, chat_id, asked.event_id, approved=True)
    bench.run(chat_id)
    assert len(calls(bench, chat_id)) == 1
    (response,) = [event.data for event in bench.log(chat_id) if event.type == "chat.tool_response"]
    assert response["content"] == "shop is live"


def test_a_component_that_needs_leave_is_shown_once_it_is_given(bench: Bench) -> None:
    chat_id = begun(bench, "banner", text="We are open.")
    (asked,) = calls(bench, chat_id)
    assert (asked.data["interaction_type"], asked.data["component_type"]) == ("approval", None)
    bench.parts.service.approve(bench.ann, chat_id, asked.event_id, approved=True)
    bench.run(chat_id)
    _, shown = calls(bench, chat_id)
    assert (shown.data["component_type"], shown.data["payload"]) == ("banner", {"text": "We are open."})


def test_a_component_that_is_refused_is_not_shown(bench: Bench) -> None:
    chat_id = begun(bench, "banner", text="We are open.")
    (asked,) = calls(bench, chat_id)
    bench.parts.service.approve(bench.ann, chat_id, asked.event_id, approved=False)
    bench.run(chat_id)
    assert len(calls(bench, chat_id)) == 1


def test_an_output_may_go_to_a_component_that_waits(bench: Bench) -> None:
    bench.workflow(
        {"Host": [{"json": {"steps": ["one", "two"], "goal": "run"}}]},
        tools="tools: [{name: plan, type: UI_Tool, auto_execute: true, ui: {component: Plan, mode: artifact}}]\n",
        outputs="models: {Plan: {fields: {goal: {type: str}, steps: {type: list, items: str}}}}\n"
        "registry: {Host: Plan}\n",
        agent_fields={"Host": {"auto_tool_mode": True}},
    )
    chat_id = bench.start()
    assert bench.run(chat_id)["outcome"] == "waiting"
    (asked,) = calls(bench, chat_id)
    assert (asked.data["component_type"], asked.data["awaiting_response"]) == ("Plan", True)
    assert asked.data["payload"] == {"steps": ["one", "two"], "goal": "run"}
    bench.parts.service.answer(bench.ann, chat_id, asked.event_id, {"accepted": True})
    bench.run(chat_id)
    (response,) = [event.data for event in bench.log(chat_id) if event.type == "chat.tool_response"]
    assert response["content"] == {"accepted": True}
    assert len([each for each in bench.demo.requests if each.agent == "Host"]) == 1


def test_an_answer_is_checked_against_the_schema_that_the_manifest_says(bench: Bench) -> None:
    tools = (
        "tools:\n  - name: pick\n    ui: {response_schema: {type: object, properties: {day: {type: string}},"
        " required: [day]}}\n"
    )
    bench.workflow({"Host": [{"after": "user", "call": {"tool": "pick"}}, DONE]}, tools=tools)
    chat_id = bench.start()
    bench.run(chat_id)
    (asked,) = calls(bench, chat_id)
    assert asked.data["schema"]["required"] == ["day"]
    assert bench.chat(chat_id).pending[0]["schema"] == asked.data["schema"]
