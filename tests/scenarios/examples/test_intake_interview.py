"""IntakeInterview: questions one by one, a hidden word, a brief nobody outside sees, a goodbye."""

from __future__ import annotations

from typing import Any

from mozaiks_local.client import ChatClient, Event

from ..conftest import House, texts, turn
from .conftest import on_the_wire, prompts_of, speakers, tools, updates

ANSWERS = ("An oak bookshelf for our hallway", "Before the end of June", "About 1200 euros")


async def interview(house: House) -> tuple[str, list[list[Event]]]:
    """The chat's id and what the client saw of each run."""
    started = await house.start("IntakeInterview")
    async with ChatClient(started.websocket_url) as chat:
        runs = [await turn(chat)]
        for answer in ANSWERS:
            runs.append(await turn(chat, answer))
    return started.chat_id, runs


def test_the_interview_asks_on_until_every_question_is_answered(house: House, play: Any) -> None:
    _, runs = play(interview(house))
    asked = [texts(run)[-1] for run in runs[:3]]
    assert [agent for agent, _ in asked] == ["Interviewer"] * 3
    assert ["What would you like" in asked[0][1], "When" in asked[1][1], "spend" in asked[2][1]] == [True] * 3
    assert [run[-1].data["status"] for run in runs] == ["waiting", "waiting", "waiting", "completed"]
    assert [updates(run, "answered") for run in runs] == [[], [1], [2], [3]]
    assert [updates(run, "interview_complete") for run in runs] == [[], [], [], [True]]


def test_the_hidden_word_brings_in_the_others(house: House, play: Any) -> None:
    chat_id, runs = play(interview(house))
    assert speakers(runs[3]) == ["Interviewer", None, "Coordinator"]
    assert tools(runs[3]) == ["note_answer"]
    (goodbye,) = [said for said in texts(runs[3]) if said[0] is not None]
    assert goodbye[0] == "Coordinator"
    assert ANSWERS[0] in goodbye[1]
    assert [agent for agent, _ in house.said(chat_id)][-3:] == ["Interviewer", "Summariser", "Coordinator"]
    assert ("Interviewer", "NEXT") in house.said(chat_id)


def test_neither_the_word_nor_the_brief_reaches_the_client(house: House, play: Any) -> None:
    chat_id, runs = play(interview(house))
    wire = on_the_wire([event for run in runs for event in run])
    assert "NEXT" not in wire
    assert "Summariser" not in wire
    assert "read_notes" not in wire
    assert "Exact measures" not in wire
    (brief,) = [each.data for each in house.log(chat_id) if each.type == "chat.structured_output_ready"]
    assert brief["agent"] == "Summariser"
    assert brief["structured_data"] == {
        "piece": ANSWERS[0],
        "deadline": ANSWERS[1],
        "budget": ANSWERS[2],
        "fit": "good",
        "rush": False,
        "open_points": ["Exact measures of the place", "Wood and finish"],
    }


def test_a_replay_hides_the_same(house: House, play: Any) -> None:
    async def scenario() -> list[Event]:
        started = await house.start("IntakeInterview")
        async with ChatClient(started.websocket_url) as chat:
            await turn(chat)
            for answer in ANSWERS:
                await turn(chat, answer)
        async with ChatClient(started.websocket_url) as late:
            return await late.read_until("chat.resume_boundary", within=10)

    wire = on_the_wire(play(scenario()))
    assert "offer within" in wire
    assert not any(word in wire for word in ("NEXT", "Summariser", "Exact measures"))


def test_prompts_show_the_variables_an_agent_is_given(house: House, play: Any) -> None:
    chat_id, _ = play(interview(house))
    first, *_, last = prompts_of(house, chat_id, "Interviewer")
    assert "What would you like to spend?" in first
    assert ANSWERS[1] not in first
    assert ANSWERS[1] in last
    assert "What would you like to spend?" not in prompts_of(house, chat_id, "Summariser")[0]
