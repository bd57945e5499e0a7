"""ParcelService: a key that goes from a form into the user's secrets, and from there to a tool, and nowhere else."""

from __future__ import annotations

import json
from typing import Any

from mozaiks_local.client import ChatClient, Event

from ..conftest import House, texts, turn
from .conftest import asked_of, on_the_wire

KEY = "pk_0123456789abcdef"


async def connected(house: House) -> tuple[str, list[Event]]:
    """The chat's id, and everything its client saw."""
    started = await house.start("ParcelService", user="peter")
    async with ChatClient(started.websocket_url) as chat:
        seen = await chat.read_until("chat.input_request", within=20)
        seen += await turn(chat, "Connect my account")
        await chat.answer(asked_of(seen)["request_id"], {"account": "peter-1", "key": KEY})
        seen += await turn(chat)
        seen += await turn(chat, "Send a parcel to Oslo")
    return started.chat_id, seen


def test_a_tool_gets_the_key_that_a_form_took(house: House, play: Any) -> None:
    _, seen = play(connected(house))
    _, *said = [text for agent, text in texts(seen) if agent == "ParcelAgent"]
    assert said[0] == "Your account peter-1 is connected. Where shall a parcel go?"
    assert said[1].startswith("Your parcel to Oslo is announced as PK-")


def test_nobody_else_ever_has_it(house: House, play: Any) -> None:
    chat_id, seen = play(connected(house))
    assert KEY not in on_the_wire(seen)
    assert KEY not in "\n".join(json.dumps(event.data) for event in house.log(chat_id))
    assert KEY not in json.dumps([each.body for each in house.demo.requests if each.chat == chat_id])


def test_without_a_key_the_tool_says_so(house: House, play: Any) -> None:
    async def scenario() -> list[Event]:
        started = await house.start("ParcelService", user="nobody-yet")
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.input_request", within=20)
            return await turn(chat, "Send a parcel to Oslo")

    assert texts(play(scenario()))[-1][1] == "Connect your account first, please."
