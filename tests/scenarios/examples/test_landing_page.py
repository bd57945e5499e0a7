"""LandingPage: a structured output goes to its tool without the model being asked again."""

from __future__ import annotations

from typing import Any

from mozaiks_local.client import ChatClient, Event

from ..conftest import House, texts, turn
from .conftest import of_type, prompts_of, speakers, tools, updates


async def two_versions(house: House) -> tuple[str, list[Event], list[Event]]:
    started = await house.start("LandingPage")
    async with ChatClient(started.websocket_url) as chat:
        await chat.read_until("chat.input_request", within=20)
        first = await turn(chat, "A bicycle bell that sounds like a cello, for people who ride to work")
        second = await turn(chat, "Make it for children")
    return started.chat_id, first, second


def test_a_sentence_becomes_a_saved_page(house: House, play: Any) -> None:
    _, first, _ = play(two_versions(house))
    assert speakers(first) == ["Strategist", "PageBuilder", "Presenter"]
    assert tools(first) == ["note_brief", "save_page", "describe_page"]
    (page,) = updates(first, "page")
    assert (page["path"], page["version"]) == ("pages/your-mornings-are-about-to-sound-better-v1.html", 1)
    assert page["path"] in texts(first)[-1][1]
    assert first[-1].data["status"] == "waiting"


def test_the_output_is_the_tools_arguments(house: House, play: Any) -> None:
    _, first, _ = play(two_versions(house))
    (ready,) = of_type(first, "chat.structured_output_ready")
    assert (ready["agent"], ready["model_name"], ready["auto_tool_mode"]) == ("PageBuilder", "LandingPage", True)
    assert ready["turn_idempotency_key"]
    assert ready["structured_data"]["subline"] == "A bicycle bell that sounds like a cello"
    (call,) = [each for each in of_type(first, "chat.tool_call") if each["tool_name"] == "save_page"]
    assert call["arguments"] == ready["structured_data"]
    (said,) = [e.data for e in first if e.type == "chat.text" and e.data["agent"] == "PageBuilder"]
    assert said["structured_output"] == ready["structured_data"]


def test_the_model_is_asked_once_for_a_page(house: House, play: Any) -> None:
    chat_id, _, _ = play(two_versions(house))
    assert len(prompts_of(house, chat_id, "PageBuilder")) == 2, "once for each version"
    assert "cello" in prompts_of(house, chat_id, "PageBuilder")[0]


def test_a_wish_makes_another_version(house: House, play: Any) -> None:
    _, first, second = play(two_versions(house))
    (page,) = updates(second, "page")
    assert page["version"] == 2
    assert page["sha256"] != updates(first, "page")[0]["sha256"]
    assert speakers(second) == ["Strategist", "PageBuilder", "Presenter"]
