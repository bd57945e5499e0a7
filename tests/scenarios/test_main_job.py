"""A person opens a chat, reads an answer as it is written, answers, and comes to an end."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from websockets.asyncio.client import connect

from mozaiks_local.client import ChatClient, Event
from mozaiks_local.demo_model import Fault

from .conftest import House, streamed, texts, turn

HIDDEN_OPENING = 1
"""The first event of a chat that its agent begins: the hidden message. The client counts it and does not show it."""


def durable(events: list[Event]) -> list[int]:
    return [event.seq for event in events if event.seq is not None]


def test_hello_world_from_the_first_greeting_to_the_last(house: House, play: Any) -> None:
    async def scenario() -> str:
        started = await house.start("helloworld")
        assert started.workflow_name == "HelloWorld"
        async with ChatClient(started.websocket_url) as chat:
            opening = await turn(chat)
            assert opening[0].type == "chat_meta"
            assert texts(opening)[0][0] == "GreeterAgent"
            answer = await turn(chat, "How do I say hello in Japanese?")
            (agent, words) = texts(answer)[-1]
            assert (agent, "こんにちは" in words) == ("GreeterAgent", True)
            assert words in streamed(answer).values()
            assert [e.data["tool_name"] for e in answer if e.type == "chat.tool_call"] == ["look_up_greeting"]
            farewell = await turn(chat, "Bye!")
            assert farewell[-1].data["status"] == "completed"
            assert durable([*opening, *answer, *farewell]) == list(range(HIDDEN_OPENING + 1, chat.last_seq + 1))
        return started.chat_id

    chat_id = play(scenario())
    for run_no in (1, 2, 3):
        assert house.eventually(lambda n=run_no: house.execution(chat_id, n) == "SUCCEEDED")


def test_customer_support_goes_through_all_its_agents(house: House, play: Any) -> None:
    async def scenario() -> None:
        started = await house.start("CustomerSupport")
        async with ChatClient(started.websocket_url) as chat:
            greeting = await chat.read_until("chat.input_request", within=20)
            assert texts(greeting)[0][0] == "FrontlineAgent"
            broken = await turn(chat, "The router from my order ORD-1001 keeps dropping the wifi")
            speakers = [event.data["agent"] for event in broken if event.type == "chat.select_speaker"]
            assert speakers == ["FrontlineAgent", "TechnicalAgent", "EscalationAgent"]
            tools = [event.data["tool_name"] for event in broken if event.type == "chat.tool_call"]
            assert tools == ["lookup_order", "run_diagnostics", "create_ticket"]
            assert broken[-1].data["status"] == "waiting"
            end = await turn(chat, "Thanks, bye!")
            assert end[-1].data["status"] == "completed"

    play(scenario())


def test_two_tabs_of_a_chat_see_the_same(house: House, play: Any) -> None:
    async def scenario() -> None:
        started = await house.start("HelloWorld")
        async with ChatClient(started.websocket_url) as one, ChatClient(started.websocket_url) as two:
            await asyncio.gather(turn(one), turn(two))
            await one.send("How do I say hello in Swahili?")
            seen_by_one, seen_by_two = await asyncio.gather(turn(one), turn(two))
            assert texts(seen_by_one) == texts(seen_by_two)
            assert texts(seen_by_two)[0] == (None, "How do I say hello in Swahili?")

    play(scenario())


def test_who_reconnects_gets_exactly_what_was_missed(house: House, play: Any) -> None:
    async def scenario() -> None:
        started = await house.start("HelloWorld")
        async with ChatClient(started.websocket_url) as chat:
            await turn(chat)
            seen = chat.last_seq
        async with ChatClient(started.websocket_url, last_seq=seen) as other:
            await turn(other, "How do I say hello in Japanese?")
            total = other.last_seq
        async with ChatClient(started.websocket_url, last_seq=seen) as late:
            missed = await late.read_until("chat.resume_boundary", within=10)
        assert missed[0].type == "chat_meta"
        assert durable(missed) == list(range(seen + 1, total + 1))
        assert missed[-1].data["last_seq"] == total
        assert missed[-1].data["replayed_count"] == total - seen

    play(scenario())


def test_who_comes_in_the_middle_of_a_message_gets_the_text_so_far(house: House, play: Any) -> None:
    answer = "This answer is written slowly, so that somebody can come in while it is being written."
    house.workflow("Slow", {"Host": [{"say": answer}]})
    house.demo.faults.add(Fault("slow", workflow="Slow", delay_ms=60))

    async def scenario() -> None:
        started = await house.start("Slow")
        async with ChatClient(started.websocket_url) as first:
            await first.read_until("chat.print", within=20)
            await asyncio.sleep(0.5)
            async with ChatClient(started.websocket_url) as late:
                opening = await late.read_until("chat.print", within=10)
                so_far = opening[-1].data
                assert so_far["offset"] == 0
                assert len(so_far["content"]) > 5
                assert answer.startswith(so_far["content"])
                rest = await turn(late)
                assert streamed([*opening, *rest]) == {so_far["message_id"]: answer}

    play(scenario())


def test_a_cut_socket_costs_nothing(house: House, play: Any) -> None:
    answer = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen."
    house.workflow("Cut", {"Host": [{"say": answer}]})
    house.demo.faults.add(Fault("slow", workflow="Cut", delay_ms=50))

    async def scenario() -> None:
        started = await house.start("Cut")
        async with ChatClient(started.websocket_url) as chat:
            events = await chat.read_until("chat.print", within=20)
            await chat.drop()
            events += await chat.read_until("chat.run_complete", within=20)
            assert chat.reconnects == 1
        assert durable(events) == list(range(HIDDEN_OPENING + 1, durable(events)[-1] + 1))
        assert texts(events)[-1] == ("Host", answer)

    play(scenario())


def test_what_is_sent_twice_is_taken_once(house: House, play: Any) -> None:
    house.workflow("Echo", {"Host": [{"say": "You said: {user}"}]})

    async def scenario() -> str:
        started = await house.start("Echo")
        async with ChatClient(started.websocket_url) as chat:
            await turn(chat)
            frame = {"type": "user.input.submit", "text": "once", "client_message_id": "m1"}
            await asyncio.gather(*(chat.send_frame(frame) for _ in range(5)))
            await turn(chat)
            await asyncio.sleep(0.5)
        return started.chat_id

    chat_id = play(scenario())
    assert [said for said in house.said(chat_id) if said[0] is None] == [(None, "go"), (None, "once")]
    assert sum(event.type == "chat.run_start" for event in house.log(chat_id)) == 2


def test_a_message_during_a_run_is_heard_in_its_turn(house: House, play: Any) -> None:
    house.workflow("Busy", {"Host": [{"say": "Heard: {user}"}]})
    house.demo.faults.add(Fault("slow", workflow="Busy", delay_ms=100))

    async def scenario() -> str:
        started = await house.start("Busy")
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.print", within=20)
            await chat.send("me too")
            await chat.read_until("chat.run_complete", within=20)
        return started.chat_id

    assert house.said(play(scenario()))[-1] == ("Host", "Heard: me too")


def test_a_chat_is_started_once_per_request(house: House, play: Any) -> None:
    async def scenario() -> None:
        request = {"client_request_id": "req-1", "app": "acme", "user": "once"}
        first = await house.start("HelloWorld", **request)
        second = await house.start("HelloWorld", **request)
        assert (first.chat_id, first.reused, second.reused) == (second.chat_id, False, True)
        assert 0 <= first.cache_seed < 2**32

    play(scenario())


def test_a_client_that_does_not_ask_for_batches_gets_each_event_in_a_frame_of_its_own(house: House, play: Any) -> None:
    async def scenario() -> None:
        started = await house.start("HelloWorld")
        async with ChatClient(started.websocket_url) as chat:
            await turn(chat)
            total = chat.last_seq
        async with connect(started.websocket_url) as socket:
            seqs: list[int] = []
            while (frame := json.loads(await socket.recv()))["type"] != "chat.resume_boundary":
                assert frame["type"] != "chat.batch"
                seqs += [frame["seq"]] if "seq" in frame else []
            assert seqs == list(range(1, total + 1))

    play(scenario())
