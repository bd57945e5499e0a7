"""BikeWorkshop: a calendar in the chat, picked by a person, checked by code; a card that waits for nobody."""

from __future__ import annotations

from typing import Any

from mozaiks_local.client import ChatClient, Event

from ..conftest import House, texts, turn
from .conftest import asked_of, of_type, tools, updates


async def appointment(house: House, answer: dict[str, Any] | None = None) -> tuple[str, list[Event], list[Event]]:
    """The chat's id, the run that shows the calendar, and the one after the answer: by default the first free time."""
    started = await house.start("BikeWorkshop")
    async with ChatClient(started.websocket_url) as chat:
        await chat.read_until("chat.input_request", within=20)
        shown = await turn(chat, "My brakes squeal")
        asked = asked_of(shown)
        day = asked["payload"]["days"][0]
        await chat.answer(asked["request_id"], answer or {"date": day["date"], "time": day["times"][0]})
        return started.chat_id, shown, await turn(chat)


def test_the_calendar_is_shown_in_the_chat_with_what_code_made(house: House, play: Any) -> None:
    _, shown, _ = play(appointment(house))
    asked = asked_of(shown)
    assert (asked["component_type"], asked["display"], asked["interaction_type"]) == ("DatePicker", "inline", "ui_tool")
    assert asked["payload"]["work"] == "My brakes squeal"
    assert len(asked["payload"]["days"]) == 6
    assert all(day["times"] for day in asked["payload"]["days"])
    assert asked["schema"]["required"] == ["date", "time"]


def test_what_was_picked_becomes_a_booking(house: House, play: Any) -> None:
    _, shown, booked = play(appointment(house))
    day = asked_of(shown)["payload"]["days"][0]
    (result,) = [each for each in of_type(booked, "chat.tool_response") if each["tool_name"] == "pick_date"]
    assert (result["content"]["booked"], result["content"]["date"]) == (True, day["date"])
    said = texts(booked)[-1][1]
    assert all(word in said for word in (day["date"], day["times"][0], result["content"]["reference"]))
    assert updates(booked, "picked_date") == [day["date"]]


def test_the_card_is_shown_and_the_run_goes_on(house: House, play: Any) -> None:
    _, _, booked = play(appointment(house))
    (card,) = of_type(booked, "chat.tool_call")
    assert (card["component_type"], card["awaiting_response"]) == ("BookingCard", False)
    assert card["payload"]["work"] == "My brakes squeal"
    assert booked[-1].data["status"] == "waiting"
    assert "chat.input_request" in [each.type for each in booked], "the guest has the word"


def test_a_time_that_was_not_offered_is_not_booked(house: House, play: Any) -> None:
    _, _, after = play(appointment(house, {"date": "2020-01-01", "time": "03:00"}))
    assert of_type(after, "chat.tool_response")[0]["content"]["booked"] is False
    assert tools(after) == []
    assert "No appointment was made" in texts(after)[-1][1]


def test_an_answer_of_another_shape_is_refused_and_may_be_given_again(house: House, play: Any) -> None:
    async def scenario() -> None:
        started = await house.start("BikeWorkshop")
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.input_request", within=20)
            asked = asked_of(await turn(chat, "The gears slip"))
            await chat.answer(asked["request_id"], {"when": "tomorrow"})
            refused = (await chat.read_until("error", within=10))[-1]
            assert refused.data["code"] == "VALIDATION"
            await chat.answer(asked["request_id"], {"date": None, "time": None})
            assert "No appointment was made" in texts(await turn(chat))[-1][1]

    play(scenario())


def test_a_second_appointment_knows_the_first(house: House, play: Any) -> None:
    async def scenario() -> None:
        started = await house.start("BikeWorkshop")
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.input_request", within=20)
            first = asked_of(await turn(chat, "My brakes squeal"))
            day = first["payload"]["days"][0]
            await chat.answer(first["request_id"], {"date": day["date"], "time": day["times"][0]})
            await turn(chat)
            second = asked_of(await turn(chat, "The gears slip, too"))
            assert second["payload"]["days"][0]["times"] == day["times"][1:]
            await chat.answer(second["request_id"], {"date": None, "time": None})
            await turn(chat)
            assert (await turn(chat, "Bye!"))[-1].data["status"] == "completed"

    play(scenario())
