"""The journey build: one socket from the first question to the app, past two chats that wait for the user at once."""

from __future__ import annotations

from typing import Any

import pytest

from mozaiks_local.client import ApiError, ChatClient, Event, call_api

from ..conftest import House, turn
from .conftest import of_type


async def start(house: House, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await call_api(
        house.stack.http_url, "POST", "/api/journeys/acme/build/start", body={"user_id": "ann", **body}
    )
    return answer


async def shown(house: House, run_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = await call_api(house.stack.http_url, "GET", f"/api/journeys/acme/{run_id}?user_id=ann")
    return answer


async def submit(chat: ChatClient, chat_id: str, text: str) -> None:
    """Answer another chat of the journey on the socket of the first one."""
    await chat.send_frame(
        {"type": "user.input.submit", "chat_id": chat_id, "text": text, "client_message_id": f"m-{chat_id}"}
    )


async def until(chat: ChatClient, seen: list[Event], type_: str, **data: Any) -> Event:
    while True:
        (*others, last) = await chat.read_until(type_, within=30)
        seen += [*others, last]
        if all(last.data.get(key) == value for key, value in data.items()):
            return last


async def build(house: House) -> tuple[dict[str, Any], list[Event]]:
    started = await start(house)
    seen: list[Event] = []
    async with ChatClient(started["websocket_url"]) as chat:
        await chat.read_until("chat.resume_boundary", within=30)
        seen += await turn(chat, "An app that tells me when my plants are thirsty")
        await chat.send("People who travel a lot")
        switched = await until(chat, seen, "chat.context_switched")
        docs, brand = (each["chat_id"] for each in switched.data["chats"])
        # Both ask at the same time; each is answered in its own chat, on the one socket.
        while {e.chat_id for e in seen if e.type == "chat.input_request"} < {started["chat_id"], docs, brand}:
            seen += await chat.read_until("chat.input_request", within=30)
        await submit(chat, brand, "A deep green")
        await submit(chat, docs, "Keep them")
        await until(chat, seen, "chat.journey_progress", status="completed")
    return started, seen


def test_one_socket_goes_from_the_idea_to_the_app(house: House, play: Any) -> None:
    started, seen = play(build(house))
    run = play(shown(house, started["journey_run_id"]))
    assert run["status"] == "completed"
    assert [[each["workflow_name"] for each in group["members"]] for group in run["groups"]] == [
        ["ValueEngine"],
        ["DesignDocs", "BrandKit"],
        ["AppGenerator"],
    ]
    members = [each for group in run["groups"] for each in group["members"]]
    assert {each["chat_status"] for each in members} == {"completed"}
    assert all(each["duration_ms"] is not None for each in members)
    said = {e.chat_id: e.data["content"] for e in seen if e.type == "chat.text" and e.data["agent"] is not None}
    assert [said[each["chat_id"]].split(":")[0] for each in members] == [
        "Value",
        "Filed",
        "The brand",
        "The app is built, in six files, and every test of it passes.",
    ]


def test_the_app_generator_waits_for_both_of_the_group_before(house: House, play: Any) -> None:
    started, seen = play(build(house))
    ends = [e.chat_id for e in seen if e.type == "chat.run_complete" and e.data["status"] == "completed"]
    first = next(place for place, e in enumerate(seen) if str(e.chat_id).endswith("-g2m0"))
    before = [e.chat_id for e in seen[:first] if e.type == "chat.run_complete" and e.data["status"] == "completed"]
    assert {str(each)[-4:] for each in before} == {"g0m0", "g1m0", "g1m1"}
    assert len(ends) == 4
    assert started["chat_id"].endswith("g0m0")


def test_progress_is_told_from_the_first_member_to_the_last(house: House, play: Any) -> None:
    _, seen = play(build(house))
    told = of_type(seen, "chat.journey_progress")
    assert [each["completed"] for each in told] == sorted(each["completed"] for each in told)
    assert {each["completed"] for each in told} >= {1, 2, 3, 4}
    assert told[-1]["status"] == "completed"


def test_the_first_workflow_starts_the_journey(house: House, play: Any) -> None:
    async def scenario() -> Any:
        chat = await house.start("ValueEngine", initial_message="A lamp that knows when I read")
        async with ChatClient(chat.websocket_url) as client:
            return chat, await client.read_until("chat.resume_boundary", within=30)

    chat, seen = play(scenario())
    (meta,) = of_type(seen, "chat_meta")
    assert meta["journey"]["journey_id"] == "build"
    assert meta["journey"]["members"][0]["chat_id"] == chat.chat_id


def test_the_last_workflow_does_not_start_before_its_time(house: House, play: Any) -> None:
    with pytest.raises(ApiError) as refused:
        play(house.start("AppGenerator", user="nobody-yet"))
    assert (refused.value.status, refused.value.code) == (409, "PREREQUISITES_MISSING")
