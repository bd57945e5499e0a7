"""Triage: who answers is decided by a tool, by the model, by variables, and before anybody speaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mozaiks.access.principal import Tenant
from mozaiks_local.client import ChatClient, Event

from ..conftest import House, texts, turn
from .conftest import prompts_of, speakers, tools, updates

Call = Callable[..., list[list[Event]]]


@pytest.fixture
def call(house: House, play: Any) -> Call:
    """Calls the line and says these things, one after the other; what the client saw of each."""

    async def scenario(*said: str) -> list[list[Event]]:
        started = await house.start("Triage")
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.input_request", within=20)
            return [await turn(chat, text) for text in said]

    return lambda *said: play(scenario(*said))


def test_a_tool_hands_a_report_to_its_desk(call: Call) -> None:
    (run,) = call("A street lamp in Mill Lane is out")
    assert speakers(run) == ["Receptionist", "RoadsDesk"]
    assert tools(run) == ["assess_report", "open_case"]
    (answer,) = [e.data for e in run if e.type == "chat.tool_response" and e.data["tool_name"] == "assess_report"]
    assert answer["content"] == {"area": "roads", "severity": "low", "desk": "RoadsDesk"}
    (case,) = updates(run, "case")
    assert (case["desk"], case["told"]) == ("RoadsDesk", True)
    assert case["id"] in texts(run)[-1][1]
    assert run[-1].data["status"] == "waiting"


def test_a_report_nobody_can_place_is_asked_about(call: Call) -> None:
    unclear, clear = call("Something is wrong at the square", "The drain there is blocked")
    assert speakers(unclear) == ["Receptionist"]
    assert "about water" in texts(unclear)[-1][1]
    assert speakers(clear) == ["Receptionist", "WaterDesk"]


def test_a_known_case_goes_to_its_desk_by_a_rule_on_variables(call: Call) -> None:
    known, unknown = call("What about C-104?", "And C-999?")
    assert speakers(known) == ["Receptionist", "RoadsDesk"]
    assert [case["told"] for case in updates(known, "case")] == [False, True]
    assert texts(known)[-1] == ("RoadsDesk", "Case C-104: the pothole at the station will be filled on Wednesday.")
    assert speakers(unknown) == ["Receptionist"]
    assert updates(unknown, "case") == []


def test_the_model_hands_a_question_to_a_desk_and_ends_the_call(call: Call) -> None:
    works, bye = call("Are there road works this week?", "Thanks, bye")
    assert speakers(works) == ["Receptionist", "RoadsDesk"]
    assert tools(works) == []
    assert "Thursday" in texts(works)[-1][1]
    assert speakers(bye) == ["Receptionist"]
    assert bye[-1].data["status"] == "completed"


def test_a_dangerous_report_passes_over_the_desk_before_it_speaks(call: Call) -> None:
    alarm, worry, safe, next_report = call(
        "A water main has burst and the cellar is flooding",
        "How long will it take?",
        "We are all safe now",
        "The road sign at the station fell over",
    )
    assert speakers(alarm) == ["Receptionist", "EmergencyDesk"]
    assert updates(alarm, "crew_is_out") == [True]
    assert "555-0112" in texts(alarm)[-1][1]
    assert speakers(worry) == ["EmergencyDesk"]
    assert speakers(safe) == ["EmergencyDesk"]
    assert updates(safe, "crew_is_out") == [False]
    assert speakers(next_report) == ["Receptionist", "RoadsDesk"]


def test_only_the_callers_own_reports_of_this_app_are_read(house: House, play: Any) -> None:
    report = {"caller": "rosa", "open": True, "internal": "rude"}
    house.parts.database["town_reports"].insert_many(
        [
            {**report, "app_id": "acme", "case_id": "C-1", "about": "a dripping hydrant"},
            {**report, "app_id": "acme", "case_id": "C-2", "about": "a closed case", "open": False},
            {**report, "app_id": "acme", "case_id": "C-3", "about": "somebody else's", "caller": "ann"},
            {**report, "app_id": "other", "case_id": "C-4", "about": "another town's"},
        ]
    )

    async def scenario() -> str:
        started = await house.start("Triage", user="rosa", initial_message="Something is wrong at the square")
        async with ChatClient(started.websocket_url) as chat:
            await turn(chat)
        return started.chat_id

    chat_id = play(scenario())
    context = house.parts.chats.get(Tenant("acme"), chat_id).state["context"]
    assert context["earlier_reports"] == [{"case_id": "C-1", "about": "a dripping hydrant"}]
    assert "a dripping hydrant" in prompts_of(house, chat_id, "Receptionist")[0]


def test_a_setting_reaches_only_the_prompts_it_is_meant_for(house: House, play: Any) -> None:
    async def scenario() -> str:
        started = await house.start("Triage", initial_message="The bridge has collapsed")
        async with ChatClient(started.websocket_url) as chat:
            await turn(chat)
        return started.chat_id

    chat_id = play(scenario())
    assert "555-0112" in prompts_of(house, chat_id, "EmergencyDesk")[0]
    assert "555-0112" not in prompts_of(house, chat_id, "Receptionist")[0]
