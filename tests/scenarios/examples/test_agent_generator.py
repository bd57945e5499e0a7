"""AgentGenerator: a chat spawns others, waits for them, and puts together what they made."""

from __future__ import annotations

from typing import Any

from mozaiks.access.principal import Principal
from mozaiks_local.client import ChatClient, Event

from ..conftest import House, texts
from .conftest import of_type, on_the_wire, prompts_of, speakers, updates

WISH = "An agent that answers guests of a campsite by the sea"


async def until_it_waits(chat: ChatClient, text: str) -> list[Event]:
    await chat.send(text)
    return await chat.read_until("chat.run_complete", within=30)


async def one_agent(house: House) -> tuple[str, list[Event]]:
    started = await house.start("AgentGenerator")
    async with ChatClient(started.websocket_url) as chat:
        await chat.read_until("chat.input_request", within=20)
        return started.chat_id, await until_it_waits(chat, WISH)


def test_a_sentence_becomes_an_agent_made_by_two_chats(house: House, play: Any) -> None:
    _, events = play(one_agent(house))
    (batch,) = of_type(events, "chat.workflow_batch_started")
    assert [each["workflow_name"] for each in batch["children"]] == ["AgentPersona", "AgentToolkit"]
    assert [each["status"] for each in of_type(events, "chat.workflow_child_completed")] == ["completed"] * 2
    (resumed,) = of_type(events, "chat.workflow_resumed")
    assert (resumed["completed"], resumed["total"]) == (2, 2)
    said = texts(events)[-1]
    assert said[0] == "Assembler"
    assert "Meet Marlow: it has look_up_answer, ask_a_colleague." in said[1]
    (blueprint,) = updates(events, "blueprint")
    assert "answers guests of a campsite by the sea" in blueprint["system_message"]
    assert [tool["requires_approval"] for tool in blueprint["tools"]] == [False, True]
    assert events[-1].data["status"] == "waiting"


def test_the_children_are_chats_of_their_own_that_name_their_parent(house: House, play: Any) -> None:
    chat_id, events = play(one_agent(house))
    (batch,) = of_type(events, "chat.workflow_batch_started")
    for child in batch["children"]:
        chat = house.parts.service.get(Principal("acme", "ann"), child["chat_id"])
        assert (chat.parent_chat_id, chat.depth, chat.status) == (chat_id, 1, "completed")
        hidden, said = house.said(child["chat_id"])
        assert hidden[0] is None
        assert "answers guests of a campsite by the sea" in hidden[1]
        assert said[0] in ("Writer", "Toolsmith")


def test_the_assembler_is_shown_what_the_children_made(house: House, play: Any) -> None:
    chat_id, _ = play(one_agent(house))
    prompt = prompts_of(house, chat_id, "Assembler")[0]
    assert "You are Marlow" in prompt
    assert prompt.count('"child_results"') == 1


def test_who_splits_the_work_is_not_seen(house: House, play: Any) -> None:
    _, events = play(one_agent(house))
    assert speakers(events) == [None, "Assembler"]
    assert "PatternSelection" not in on_the_wire(events)


def test_where_there_is_nothing_to_make_no_child_is_opened(house: House, play: Any) -> None:
    async def small_talk() -> list[Event]:
        started = await house.start("AgentGenerator")
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.input_request", within=20)
            return await until_it_waits(chat, "Hello there!")

    events = play(small_talk())
    assert of_type(events, "chat.workflow_batch_started") == []
    assert texts(events)[-1][1].startswith("Tell me what the agent shall do")


def test_a_second_wish_has_children_of_its_own(house: House, play: Any) -> None:
    async def two() -> list[list[Event]]:
        started = await house.start("AgentGenerator")
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.input_request", within=20)
            return [await until_it_waits(chat, text) for text in (WISH, "Now one that explains train tickets")]

    first, second = play(two())
    (one,), (other,) = (of_type(events, "chat.workflow_batch_started") for events in (first, second))
    assert not {each["chat_id"] for each in one["children"]} & {each["chat_id"] for each in other["children"]}
    assert "explains train tickets" in updates(second, "blueprint")[0]["system_message"]
