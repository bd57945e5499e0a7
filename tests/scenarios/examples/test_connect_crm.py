"""ConnectCRM: a component collects a key that only tools ever see."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import bson
import pytest
from bson.raw_bson import RawBSONDocument

from mozaiks.access.principal import Tenant
from mozaiks_local.client import ChatClient, Event, call_api

from ..conftest import House, texts, turn
from .conftest import asked_of, of_type, tools

QUESTION = "What is Ada Winter's number?"
GOOD = "crm_canary-4711-wxyz"
WRONG = "canary-4712-no-key-of-theirs"

Play = Callable[..., Any]


async def asked(chat: ChatClient) -> dict[str, Any]:
    await chat.read_until("chat.input_request", within=20)
    return asked_of(await turn(chat, QUESTION))


async def connected(house: House, user: str, key: str) -> tuple[str, list[Event]]:
    """The id of a chat in which this key was given, and all that its client was sent."""
    started = await house.start("ConnectCRM", user=user)
    async with ChatClient(started.websocket_url) as chat:
        opening = await chat.read_until("chat.input_request", within=20)
        seen = opening + await turn(chat, QUESTION)
        request = asked_of(seen)
        await chat.answer(request["request_id"], {"account": "harbour-cafe", "api_key": key})
        seen += await turn(chat)
    async with ChatClient(started.websocket_url) as late:
        seen += await late.read_until("chat.resume_boundary", within=10)
    return started.chat_id, seen


def held(house: House, words: str) -> list[str]:
    """Where in the whole product ``words`` stand, in the clear or in a form that gives them away."""
    forms = [words.encode(), base64.b64encode(words.encode())[:-4], json.dumps(words)[1:-1].encode()]
    raw = bson.codec_options.CodecOptions(document_class=RawBSONDocument)
    database, found = house.parts.database, []
    for name in database.list_collection_names():
        for document in database.get_collection(name, codec_options=raw).find():
            found += [f"collection {name}" for form in forms if form in document.raw]
    for log in (house.stack.config.data_dir / "logs").rglob("*"):
        if log.is_file():
            content = log.read_bytes()
            found += [f"log {log.name}" for form in forms if form in content]
    for request in house.demo.requests:
        text = json.dumps(request.body, ensure_ascii=False).encode()
        found += ["a request to the model" for form in forms if form in text]
    return found


def frames(events: list[Event]) -> str:
    return "\n".join(json.dumps([each.type, each.data], ensure_ascii=False) for each in events)


def test_the_request_says_which_fields_are_secrets(house: House, play: Play) -> None:
    async def scenario() -> None:
        started = await house.start("ConnectCRM", user="vera")
        async with ChatClient(started.websocket_url) as chat:
            request = await asked(chat)
        assert request["secret_fields"] == ["api_key"]
        async with ChatClient(started.websocket_url) as late:
            (pending,) = (await late.read_until("chat_meta", within=10))[-1].data["pending"]
        assert pending["secret_fields"] == ["api_key"]

    play(scenario())


def test_the_tools_use_a_key_that_the_chat_never_holds(house: House, play: Play) -> None:
    _, seen = play(connected(house, "carla", GOOD))
    assert tools(seen)[-1] == "find_contact"
    assert texts(seen)[-1] == ("ListAgent", "You reach Ada Winter at 555-0134.")
    assert house.parts.secrets.info(_principal("carla"), "crm_api_key").version == 1


@pytest.mark.parametrize(("user", "key"), [("dora", GOOD), ("emil", WRONG)], ids=["accepted", "quoted in an error"])
def test_a_key_typed_into_the_component_stands_nowhere_but_encrypted(
    house: House, play: Play, user: str, key: str
) -> None:
    chat_id, seen = play(connected(house, user, key))
    assert key not in frames(seen)
    assert held(house, key) == []
    # What was looked for is there, sealed: the search would have found it otherwise.
    kept = house.parts.database["secrets"].find_one({"app_id": "acme", "user_id": user})
    assert kept is not None
    assert house.parts.database["tool_results"].count_documents({"chat_id": chat_id, "call_id": {"$regex": ":answer"}})
    assert "secret:crm_api_key" in str(list(house.parts.database["tool_results"].find({"chat_id": chat_id})))


def test_the_search_for_a_canary_finds_one(house: House, play: Play) -> None:
    words = "canary-4713-in-plain-sight"

    async def scenario() -> str:
        started = await house.start("ConnectCRM", user="flora", initial_message=words)
        async with ChatClient(started.websocket_url) as chat:
            return frames(await turn(chat))

    assert words in play(scenario())
    assert {"collection chat_events", "a request to the model"} <= set(held(house, words))


def test_an_answer_over_http_is_kept_the_same_way(house: House, play: Play) -> None:
    key = "crm_canary-4714-over-http"

    async def scenario() -> list[Event]:
        started = await house.start("ConnectCRM", user="gita")
        async with ChatClient(started.websocket_url) as chat:
            request = await asked(chat)
            body = {
                "user_id": "gita",
                "request_id": request["request_id"],
                "response": {"account": "harbour-cafe", "api_key": key},
            }
            path = f"/api/chats/acme/ConnectCRM/{started.chat_id}/answers"
            await call_api(house.stack.http_url, "POST", path, body=body)
            return await turn(chat)

    seen = play(scenario())
    assert texts(seen)[-1][1] == "You reach Ada Winter at 555-0134."
    assert held(house, key) == []
    assert key not in frames(seen)


def test_an_answer_that_does_not_fit_leaves_nothing_behind(house: House, play: Play) -> None:
    key = "c4715"

    async def scenario() -> list[Event]:
        started = await house.start("ConnectCRM", user="hugo")
        async with ChatClient(started.websocket_url) as chat:
            request = await asked(chat)
            await chat.answer(request["request_id"], {"account": "harbour-cafe", "api_key": key})
            return await chat.read_until("error", within=10)

    refused = play(scenario())[-1].data
    assert refused["code"] == "VALIDATION"
    assert "$.api_key" in refused["message"]
    assert key not in str(refused)
    assert held(house, key) == []
    assert house.parts.secrets.book.ciphertext(Tenant("acme", "hugo"), "crm_api_key") is None


def test_one_users_key_is_nobody_elses(house: House, play: Play) -> None:
    play(connected(house, "ivan", GOOD))

    async def scenario() -> list[Event]:
        started = await house.start("ConnectCRM", user="jana")
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.input_request", within=20)
            return await turn(chat, QUESTION)

    (response,) = of_type(play(scenario()), "chat.tool_response")
    assert response["content"] == {"connected": False}


def _principal(user: str) -> Any:
    from mozaiks.access.principal import Principal

    return Principal("acme", user)
