"""The client against a server that misbehaves on purpose."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from mozaiks_local.client import Backoff, ChatClient, ChatClosedError, ConnectRefusedError

from .bad_server import CHAT, Line, bad_server, delta, frame, text

QUICK = Backoff(first=0.01, longest=0.05)


def run(test: Coroutine[Any, Any, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(20):
            await test

    asyncio.run(limited())


def test_a_reordered_and_repeated_stream_is_shown_once_in_order() -> None:
    async def script(line: Line) -> None:
        await line.say(text(2), text(1), text(2), text(4), text(1), text(3), frame("chat.run_complete", 5))
        await line.hear_nothing_more()

    async def scenario() -> None:
        async with bad_server(script) as server, ChatClient(server.url) as chat:
            events = await chat.read_until("chat.run_complete", within=5)
            assert [event.seq for event in events] == [1, 2, 3, 4, 5]

    run(scenario())


def test_a_missing_event_is_asked_for_with_the_last_seq_seen() -> None:
    async def script(line: Line) -> None:
        await line.say(text(1), text(3))
        asked = await line.hear()
        assert (asked["type"], asked["chat_id"], asked["last_seq"]) == ("client.resume", CHAT, 1)
        await line.say(text(2), text(3), frame("chat.resume_boundary", last_seq=3))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server, ChatClient(server.url, gap_seconds=0.01) as chat:
            events = await chat.read_until("chat.resume_boundary", within=5)
            assert [event.seq for event in events] == [1, 2, 3, None]

    run(scenario())


def test_an_unanswered_question_for_a_missing_event_is_asked_again() -> None:
    async def script(line: Line) -> None:
        await line.say(text(2))
        await line.hear()
        await line.hear()
        await line.say(text(1))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server, ChatClient(server.url, gap_seconds=0.01) as chat:
            events = await chat.read_until("chat.text", within=5) + await chat.read_until("chat.text", within=5)
            assert [event.seq for event in events] == [1, 2]

    run(scenario())


def test_a_server_that_does_not_greet_is_told_hello() -> None:
    async def script(line: Line) -> None:
        hello = await line.hear()
        assert (hello["type"], hello["last_seq"]) == ("client.hello", 4)
        await line.say(frame("chat_meta", last_seq=4))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server, ChatClient(server.url, last_seq=4, greet_seconds=0.01) as chat:
            await chat.read_until("chat_meta", within=5)

    run(scenario())


def test_a_socket_lost_mid_message_goes_on_where_it_was() -> None:
    async def first(line: Line) -> None:
        await line.say(text(1), delta("m2", 0, "Hello "), delta("m2", 6, "wor"))
        await line.hear()
        line.cut()

    async def second(line: Line) -> None:
        assert line.query["last_seq"] == "1"
        await line.say(frame("chat_meta", last_seq=1), delta("m2", 0, "Hello world, how"), delta("m2", 16, " are you?"))
        await line.say(text(2, "Hello world, how are you?", "m2"))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(first, second) as server, ChatClient(server.url, backoff=QUICK) as chat:
            await chat.read_until("chat.text", within=5)
            shown = ""
            while shown != "Hello wor":
                shown += (await chat.read_until("chat.print", within=5))[-1].data["content"]
            await chat.send_frame({"type": "ping"})
            rest = await chat.read_until("chat.text", within=5)
            shown += "".join(event.data["content"] for event in rest if event.type == "chat.print")
            assert shown == rest[-1].data["content"] == "Hello world, how are you?"
            assert chat.reconnects == 1
            assert chat.draft is None

    run(scenario())


def test_a_message_whose_socket_was_lost_is_sent_again_with_its_id() -> None:
    async def first(line: Line) -> None:
        await line.say(frame("chat_meta", last_seq=0))
        assert (await line.hear())["text"] == "hello?"
        line.cut()

    async def second(line: Line) -> None:
        again = await line.hear()
        assert (again["text"], again["client_message_id"]) == ("hello?", "mine")
        await line.say(text(1, "hello?", "mine", role="user"))
        line.cut()

    async def third(line: Line) -> None:
        await line.say(frame("chat.run_complete", 2, status="completed"))
        await line.hear_nothing_more()

    async def scenario() -> None:
        async with bad_server(first, second, third) as server, ChatClient(server.url, backoff=QUICK) as chat:
            assert await chat.send("hello?", client_message_id="mine") == "mine"
            events = await chat.read_until("chat.run_complete", within=5)
            assert [event.seq for event in events if event.seq] == [1, 2]

    run(scenario())


def test_a_refused_message_is_not_sent_again() -> None:
    async def first(line: Line) -> None:
        await line.hear()
        await line.say(frame("error", code="CHAT_ENDED", message="the chat has ended", retryable=False))
        line.cut()

    async def second(line: Line) -> None:
        await line.say(frame("chat_meta", last_seq=0))
        await line.hear_nothing_more()

    async def scenario() -> None:
        async with bad_server(first, second) as server, ChatClient(server.url, backoff=QUICK) as chat:
            await chat.send("too late")
            await chat.read_until("chat_meta", within=5)

    run(scenario())


def test_answers_carry_the_ids_of_what_they_answer() -> None:
    async def script(line: Line) -> None:
        heard = [await line.hear() for _ in range(4)]
        assert heard[0]["request_id"] == "r1"
        assert heard[1] == {"type": "ui_tool_response", "eventId": "t1", "response": {"ok": 1}, "chat_id": CHAT}
        assert heard[2] == {
            "type": "chat.approval",
            "eventId": "t2",
            "approved": False,
            "reason": "no",
            "chat_id": CHAT,
        }
        assert heard[3] == {"type": "chat.cancel", "chat_id": CHAT}
        await line.say(frame("chat.run_complete", 1))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server, ChatClient(server.url) as chat:
            await chat.send("yes", request_id="r1")
            await chat.answer("t1", {"ok": 1})
            await chat.approve("t2", False, reason="no")
            await chat.cancel()
            await chat.read_until("chat.run_complete", within=5)

    run(scenario())


def test_a_frame_too_large_for_the_socket_is_refused_before_it_is_sent() -> None:
    async def script(line: Line) -> None:
        await line.say(frame("chat_meta", last_seq=0))
        await line.hear_nothing_more()

    async def scenario() -> None:
        async with bad_server(script) as server, ChatClient(server.url) as chat:
            await chat.read_until("chat_meta", within=5)
            with pytest.raises(ValueError, match="expected at most 32768"):
                await chat.send("x" * 40_000)

    run(scenario())


def test_a_token_travels_in_a_header_and_in_no_address() -> None:
    async def script(line: Line) -> None:
        assert line.headers["Authorization"] == "Bearer s3cret"
        assert line.socket.request is not None
        assert "s3cret" not in line.socket.request.path
        await line.say(frame("chat_meta", last_seq=0))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server, ChatClient(server.url, token="s3cret") as chat:
            await chat.read_until("chat_meta", within=5)

    run(scenario())


def test_a_socket_closed_for_policy_is_not_opened_again() -> None:
    async def script(line: Line) -> None:
        await line.socket.close(1008, "token expired")

    async def scenario() -> None:
        async with bad_server(script) as server, ChatClient(server.url, backoff=QUICK) as chat:
            with pytest.raises(ConnectRefusedError, match="token expired") as refused:
                await chat.read_until("chat_meta", within=5)
            assert refused.value.status == 1008
            assert len(server.lines) == 1

    run(scenario())


def test_a_refused_handshake_tells_its_status_and_hides_the_query() -> None:
    def refuse(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(HTTPStatus.FORBIDDEN, json.dumps({"message": "not your chat"}))

    async def scenario() -> None:
        async with serve(lambda socket: socket.wait_closed(), "127.0.0.1", 0, process_request=refuse) as server:
            port = server.sockets[0].getsockname()[1]
            client = ChatClient(f"ws://127.0.0.1:{port}/local?chat_id=c1&access_token=s3cret")
            with pytest.raises(ConnectRefusedError, match="HTTP 403: not your chat") as refused:
                await client.connect()
            assert "s3cret" not in str(refused.value)

    run(scenario())


def test_reconnecting_ends_after_the_attempts_allowed() -> None:
    async def script(line: Line) -> None:
        line.cut()

    async def scenario() -> None:
        async with bad_server(script) as server:
            chat = await ChatClient(server.url, backoff=Backoff(0.01, 0.02, attempts=2)).connect()
            with pytest.raises(ConnectRefusedError, match="gave up after 2 attempts"):
                await chat.read_until("chat_meta", within=5)
            await chat.close()
            assert len(server.lines) == 3

    run(scenario())


def test_closing_ends_the_iteration_and_the_socket() -> None:
    async def script(line: Line) -> None:
        await line.say(text(1))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server:
            chat = await ChatClient(server.url).connect()
            await chat.read_until("chat.text", within=5)
            await chat.close()
            assert [event async for event in chat] == []
            await server.lines[0].socket.wait_closed()
            with pytest.raises(ChatClosedError):
                await chat.send("anyone?")

    run(scenario())


def test_the_chat_is_found_in_the_path_form_of_the_address() -> None:
    assert ChatClient("ws://127.0.0.1:1/ws/W/A/c9/U").chat_id == "c9"


def test_an_address_that_names_no_chat_is_refused_without_showing_its_query() -> None:
    with pytest.raises(ValueError, match="names no chat") as refused:
        ChatClient("ws://127.0.0.1:1/local?access_token=s3cret")
    assert "s3cret" not in str(refused.value)
