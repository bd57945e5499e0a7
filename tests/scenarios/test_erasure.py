"""A chat or a user is erased while agents are at work: they stop, nothing is left, and nothing comes back."""

from __future__ import annotations

from typing import Any

import pytest

from mozaiks.access.principal import Principal
from mozaiks.store.collections import COLLECTIONS
from mozaiks_local.client import ApiError, ChatClient, Event, call_api
from mozaiks_local.demo_model import Fault

from .conftest import House

WORDS = "a very long answer of a great many words that is still being written when everything is to be forgotten"


def left(house: House, user: str, chat_id: str) -> dict[str, int]:
    """What is left, by collection, beside the runtime's own note that the chat's id is taken."""
    found = {}
    for each in COLLECTIONS:
        query: dict[str, Any] = {"$or": [{"user_id": user}, {"chat_id": chat_id}, {"_id": chat_id, "app_id": "acme"}]}
        count = house.parts.database[each.name].count_documents(query)
        if count and each.name != "erased_chats":
            found[each.name] = count
    return found


@pytest.mark.parametrize(
    ("user", "path"),
    [("erin", "/api/chats/acme/{workflow}/{chat}?user_id={user}"), ("otto", "/api/users/acme/{user}")],
    ids=["a chat", "a user"],
)
def test_what_runs_is_stopped_and_nothing_is_left(house: House, play: Any, user: str, path: str) -> None:
    name = f"Forget{user.title()}"
    house.workflow(name, {"Host": [{"say": WORDS}]})
    house.demo.faults.add(Fault("slow", workflow=name, delay_ms=150))
    principal = Principal("acme", user)

    async def scenario() -> tuple[str, dict[str, Any], list[Event]]:
        started = await house.start(name, user=user)
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.print", within=20)
            assert house.parts.service.get(principal, started.chat_id).lease is not None
            url = path.format(workflow=name, chat=started.chat_id, user=user)
            answer = await call_api(house.stack.http_url, "DELETE", url, timeout_seconds=30)
            ended = await chat.read_until("chat.run_complete", within=10)
        return started.chat_id, answer, ended

    chat_id, answer, ended = play(scenario())
    assert ended[-1].data["status"] == "cancelled"
    assert answer["complete"] is True
    assert answer["erased"]["chat_sessions"] == 1
    # The worker finds out by itself, and the execution ends without a fault.
    assert house.eventually(lambda: house.execution(chat_id, 1) == "SUCCEEDED", within=40)
    assert left(house, user, chat_id) == {}


def test_an_erased_chat_is_as_absent_as_one_that_never_was(house: House, play: Any) -> None:
    house.workflow("ForgetMe", {"Host": [{"say": "Hello."}]})

    async def scenario() -> None:
        started = await house.start("ForgetMe", user="nora")
        base = f"/api/chats/acme/ForgetMe/{started.chat_id}"
        await call_api(house.stack.http_url, "DELETE", f"{base}?user_id=nora")
        said = {"text": "x", "user_id": "nora"}
        for method, path, body in (("GET", "/events", None), ("POST", "/messages", said), ("DELETE", "", None)):
            with pytest.raises(ApiError) as caught:
                await call_api(house.stack.http_url, method, f"{base}{path}?user_id=nora", body=body)
            assert caught.value.code == "CHAT_NOT_FOUND"

    play(scenario())
