"""Killed workers, failing models, dead connections, wrong frames, other tenants: nothing stored is lost."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from mozaiks.access.principal import Tenant
from mozaiks.bootstrap import now
from mozaiks.chats import decisions
from mozaiks.chats.events import new_id
from mozaiks_local.client import ChatClient
from mozaiks_local.demo_model import Fault

from .conftest import House, texts, turn

ORCHESTRATE = "OrchestrateFunction"


def test_a_worker_killed_after_its_tool_ran_costs_neither_the_chat_nor_a_second_run_of_the_tool(
    house: House, play: Any, tmp_path: Path
) -> None:
    record = tmp_path / "ran"
    house.workflow(
        "Crash",
        {
            "Host": [
                {"after": "user", "call": {"tool": "act", "arguments": {}}},
                {"tool": "act", "say": "It is done: {tool.receipt}"},
            ]
        },
        tools="tools:\n  - {name: act, file: tools/code.py, function: act, description: Acts., agent: Host}\n",
        code=f"def act() -> dict:\n    open({str(record)!r}, 'a').write('x')\n    return {{'receipt': 'R1'}}\n",
    )
    # The second model call of the turn hangs: the tool has run, its turn has not ended.
    house.demo.faults.add(Fault("slow", workflow="Crash", skip=1, delay_ms=3000))

    async def scenario() -> str:
        started = await house.start("Crash")
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.tool_response", within=20)
            await asyncio.to_thread(
                house.eventually, lambda: sum(request.workflow == "Crash" for request in house.demo.requests) >= 2
            )
            assert await asyncio.to_thread(house.stack.kill_workers, ORCHESTRATE)
            events = await chat.read_until("chat.run_complete", within=40)
            assert texts(events)[-1] == ("Host", "It is done: R1")
            assert events[-1].data["status"] == "waiting"
        return started.chat_id

    chat_id = play(scenario())
    assert record.read_text() == "x"
    types = [event.type for event in house.log(chat_id)]
    assert types.count("chat.tool_call") == types.count("chat.tool_response") == 1
    assert types.count("chat.run_start") == types.count("chat.select_speaker") == 1
    assert house.eventually(lambda: house.execution(chat_id, 1) == "SUCCEEDED")


def test_a_worker_killed_in_the_middle_of_a_stream_says_it_all_the_second_time(house: House, play: Any) -> None:
    answer = "A long answer of many words that is cut off in its middle by a sudden end of the worker."
    house.workflow("Cut2", {"Host": [{"say": answer}]})
    house.demo.faults.add(Fault("slow", workflow="Cut2", delay_ms=100))

    async def scenario() -> str:
        started = await house.start("Cut2")
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.print", within=20)
            await asyncio.to_thread(house.stack.kill_workers, ORCHESTRATE)
            events = await chat.read_until("chat.run_complete", within=40)
            assert texts(events) == [("Host", answer)]
        return started.chat_id

    assert house.said(play(scenario())) == [(None, "go"), ("Host", answer)]


def test_a_model_that_fails_is_tried_again_and_then_the_chat_has_failed(house: House, play: Any) -> None:
    house.workflow("Broken", {"Host": [{"say": "never"}]})
    house.demo.faults.add(Fault("server_error", workflow="Broken", times="forever"))

    async def scenario() -> str:
        started = await house.start("Broken")
        async with ChatClient(started.websocket_url) as chat:
            events = await turn(chat)
            codes = [(e.data["severity"], e.data["code"]) for e in events if e.type == "chat.error"]
            assert codes == [("warning", "MODEL_UNAVAILABLE")] * 3 + [("error", "MODEL_UNAVAILABLE")]
            assert events[-1].data["status"] == "failed"
            await chat.send("hello?")
            refused = await chat.read_until("error", within=10)
            assert refused[-1].data["code"] == "CHAT_ENDED"
        return started.chat_id

    chat_id = play(scenario())
    assert house.eventually(lambda: house.execution(chat_id, 1) == "FAILED")


def test_a_start_that_was_lost_is_made_good_by_reconcile(house: House, play: Any) -> None:
    """The claim was stored, StartExecution never came."""
    house.workflow("Lost", {"Host": [{"say": "Here I am."}]})

    async def scenario() -> None:
        started = await house.start("Lost")
        claimed_long_ago = now() - timedelta(minutes=1)
        await asyncio.to_thread(
            house.parts.chats.transact,
            Tenant("acme"),
            started.chat_id,
            lambda chat: decisions.begin(chat, claimed_long_ago),
        )
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.resume_boundary", within=10)
            result = await asyncio.to_thread(house.stack.tick, "ReconcileFunction")
            assert json.loads(result.payload)["lost_starts"] == 1
            events = await turn(chat)
            assert texts(events) == [("Host", "Here I am.")]
        again = await asyncio.to_thread(house.stack.tick, "ReconcileFunction")
        assert json.loads(again.payload)["lost_starts"] == 0

    play(scenario())


def test_a_dead_connection_delays_neither_the_run_nor_the_others(house: House, play: Any) -> None:
    house.workflow("Deaf", {"Host": [{"say": "Words for whoever listens. " * 4}]})

    async def scenario() -> None:
        started = await house.start("Deaf")
        gateway = house.stack.gateway
        before = set(gateway.sockets.connection_ids)
        async with connect(started.websocket_url):
            (dead_id,) = set(gateway.sockets.connection_ids) - before
            gateway.faults.inject("hang", connection_id=dead_id, times=1000)
            async with ChatClient(started.websocket_url) as chat:
                events = await turn(chat)
                assert texts(events)[-1][0] == "Host"

    play(scenario())


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "BAD_JSON"),
        ("[]", "BAD_FRAME"),
        ('{"type":"chat.unheard_of"}', "UNKNOWN_TYPE"),
        ('{"type":"user.input.submit"}', "TEXT_REQUIRED"),
        ('{"type":"user.input.submit","text":"x","chat_id":"another"}', "CHAT_NOT_FOUND"),
        ('{"type":"ui_tool_response","eventId":"e","response":1}', "REQUEST_NOT_OPEN"),
    ],
)
def test_a_wrong_frame_is_answered_and_the_socket_stays_open(house: House, play: Any, frame: str, code: str) -> None:
    async def scenario() -> None:
        started = await house.start("CustomerSupport")
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.resume_boundary", within=20)
            await chat.send_frame(frame)
            answer = (await chat.read_until("error", within=10))[-1]
            assert (answer.data["code"], answer.seq) == (code, None)
            await chat.send_frame('{"type":"ping"}')
            assert (await chat.read_until("pong", within=10))[-1].type == "pong"
            assert chat.reconnects == 0

    play(scenario())


def test_a_message_over_the_limit_is_refused_and_a_frame_over_it_closes_the_socket_as_aws_does(
    house: House, play: Any
) -> None:
    async def scenario() -> None:
        started = await house.start("CustomerSupport")
        large = json.dumps({"type": "user.input.submit", "text": "x" * 40_000})
        async with connect(started.websocket_url) as socket:
            await socket.send([large[:20_000], large[20_000:]])
            while (frame := json.loads(await socket.recv()))["type"] != "error":
                pass
            assert frame["data"]["code"] == "FRAME_TOO_LARGE"
            await socket.send(large)
            await socket.wait_closed()
            assert socket.close_code == 1009
        assert len(house.log(started.chat_id)) == 2

    play(scenario())


@pytest.mark.parametrize("stranger", [{"app_id": "evil"}, {"user_id": "bob"}])
def test_anothers_chat_is_refused_exactly_as_a_missing_one(house: House, play: Any, stranger: dict[str, str]) -> None:
    async def refusal(url: str, **changes: str) -> tuple[int, str]:
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
        with pytest.raises(InvalidStatus) as refused:
            async with connect(urlunsplit(parts._replace(query=urlencode(query)))):
                pass
        response = refused.value.response
        return response.status_code, json.loads(response.body or b"{}")["message"]

    async def scenario() -> None:
        started = await house.start("HelloWorld")
        assert await refusal(started.websocket_url, **stranger) == await refusal(
            started.websocket_url, **stranger, chat_id=new_id()
        )
        assert (await refusal(started.websocket_url, **stranger))[0] == 404
        assert house.log(started.chat_id) == []

    play(scenario())


@pytest.mark.parametrize("broken", [{"chat_id": "a b"}, {"app_id": "$ne"}, {"last_seq": "-1"}, {"user_id": ""}])
def test_a_connection_with_ids_of_another_shape_is_refused(house: House, play: Any, broken: dict[str, str]) -> None:
    async def scenario() -> None:
        started = await house.start("HelloWorld")
        parts = urlsplit(started.websocket_url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()} | broken
        with pytest.raises(InvalidStatus) as refused:
            async with connect(urlunsplit(parts._replace(query=urlencode(query)))):
                pass
        assert refused.value.response.status_code == 422

    play(scenario())
