"""Panel: a model names the next speaker after each contribution, and can name nothing else."""

from __future__ import annotations

from typing import Any

from mozaiks_local.client import ChatClient, Event

from ..conftest import House, texts, turn
from .conftest import on_the_wire, speakers, updates


async def evening(house: House) -> tuple[str, list[list[Event]]]:
    started = await house.start("Panel")
    async with ChatClient(started.websocket_url) as chat:
        await chat.read_until("chat.input_request", within=20)
        asked = ("Should our town ban cars from the old market?", "And who pays for it?", "Thank you all, bye")
        return started.chat_id, [await turn(chat, text) for text in asked]


def test_the_floor_goes_round_and_comes_back(house: House, play: Any) -> None:
    _, (question, more, goodbye) = play(evening(house))
    assert speakers(question) == ["Moderator", "Economist", "Engineer", "Teacher", "Moderator"]
    assert speakers(more) == ["Moderator", "Teacher", "Engineer", "Economist", "Moderator"]
    assert speakers(goodbye) == ["Moderator"]
    assert [run[-1].data["status"] for run in (question, more, goodbye)] == ["waiting", "waiting", "completed"]
    assert goodbye[-1].data["result"] == "text"


def test_texts_of_the_moderator_say_whose_turn_it_is(house: House, play: Any) -> None:
    _, (question, more, goodbye) = play(evening(house))
    assert updates(question, "phase") == ["discussion", "questions"]
    assert updates(more, "phase") == ["discussion", "questions"]
    assert updates(goodbye, "phase") == []
    assert "Over to you" in texts(question)[-1][1]


def test_the_choice_is_one_structured_call_among_the_other_agents(house: House, play: Any) -> None:
    chat_id, runs = play(evening(house))
    asked = [each for each in house.demo.requests if each.chat == chat_id and each.agent == "SpeakerSelector"]
    assert len(asked) == 8
    assert asked[0].body["response_format"]["json_schema"]["name"] == "next_speaker"
    schema = asked[0].body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["agent"]["enum"] == ["Economist", "Engineer", "Teacher"]
    assert all("tools" not in each.body for each in asked)
    assert "SpeakerSelector" not in on_the_wire([event for run in runs for event in run])
