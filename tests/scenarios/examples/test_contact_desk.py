"""ContactDesk: a form that no component was written for; its schema is what a client makes it from."""

from __future__ import annotations

from typing import Any

from mozaiks_local.client import ChatClient, Event

from ..conftest import House, texts, turn
from .conftest import asked_of, of_type, updates

WORDS = "Please call me about my roof, I am Ada Winter"
FORM = {"name": "Ada Winter", "email": "ada@example.com", "topic": "repair", "message": WORDS}


async def asked(house: House, chat: ChatClient) -> dict[str, Any]:
    await chat.read_until("chat.input_request", within=20)
    return asked_of(await turn(chat, WORDS))


def test_the_request_brings_the_form_s_schema_and_what_is_known(house: House, play: Any) -> None:
    async def scenario() -> None:
        started = await house.start("ContactDesk")
        async with ChatClient(started.websocket_url) as chat:
            request = await asked(house, chat)
        assert request["payload"] == {"name": "Ada Winter", "message": WORDS}
        assert list(request["schema"]["properties"]) == ["name", "email", "topic", "message", "call_back"]
        async with ChatClient(started.websocket_url) as late:
            (pending,) = (await late.read_until("chat_meta", within=10))[-1].data["pending"]
        assert pending["schema"] == request["schema"]
        assert pending["component_type"] == "contact_form", "its own name: nobody wrote a component"

    play(scenario())


def test_the_answer_sets_variables_and_is_the_tool_s_result(house: House, play: Any) -> None:
    async def scenario() -> list[Event]:
        started = await house.start("ContactDesk")
        async with ChatClient(started.websocket_url) as chat:
            request = await asked(house, chat)
            await chat.answer(request["request_id"], FORM)
            return await turn(chat)

    after = play(scenario())
    assert of_type(after, "chat.tool_response")[0]["content"] == FORM
    assert updates(after, "email") == ["ada@example.com"]
    assert updates(after, "contact") == [], "clients are not told of it"
    assert all(word in texts(after)[-1][1] for word in ("Ada Winter", "MSG-", "ada@example.com"))


def test_a_form_that_is_not_filled_in_is_refused_with_the_place(house: House, play: Any) -> None:
    async def scenario() -> None:
        started = await house.start("ContactDesk")
        async with ChatClient(started.websocket_url) as chat:
            request = await asked(house, chat)
            await chat.answer(request["request_id"], {**FORM, "email": "nowhere"})
            refused = (await chat.read_until("error", within=10))[-1].data
            assert refused["code"] == "VALIDATION"
            assert "$.email" in refused["message"]
            await chat.answer(request["request_id"], FORM)
            assert "MSG-" in texts(await turn(chat))[-1][1]

    play(scenario())
