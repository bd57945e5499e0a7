"""The example workflows, played over the real socket as a visitor would play them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mozaiks_local.client import ChatClient, Event

from ..conftest import House


@pytest.fixture(autouse=True)
def _quick_typing(house: House) -> Iterator[None]:
    """The scripts type as people do; nobody is watching here."""
    before = house.demo.token_delay_ms
    house.demo.token_delay_ms = 0
    yield
    house.demo.token_delay_ms = before


def speakers(events: list[Event]) -> list[str | None]:
    """Who had the word, in order; ``None`` for an agent that is not shown."""
    return [each.data["agent"] for each in events if each.type == "chat.select_speaker"]


def updates(events: list[Event], variable: str) -> list[Any]:
    """The values that the client was told of a variable."""
    return [e.data["value"] for e in events if e.type == "context_update" and e.data["variable"] == variable]


def tools(events: list[Event]) -> list[str]:
    return [each.data["tool_name"] for each in events if each.type == "chat.tool_call"]


def of_type(events: list[Event], type_: str) -> list[dict[str, Any]]:
    """The data of the events of one type."""
    return [each.data for each in events if each.type == type_]


def prompts_of(house: House, chat_id: str, agent: str) -> list[str]:
    """What the model was told as the system message of an agent, call by call."""
    asked = [each for each in house.demo.requests if each.chat == chat_id and each.agent == agent]
    return ["\n".join(m["content"] for m in each.body["messages"] if m["role"] == "system") for each in asked]


def on_the_wire(events: list[Event]) -> str:
    """Everything the client was sent, as one text to look for words in."""
    return "\n".join(f"{each.type} {each.data}" for each in events)


def asked_of(events: list[Event]) -> dict[str, Any]:
    """The component's request, or the one for approval, that a run ended with; its ``request_id`` beside the data."""
    (asked,) = [each for each in events if each.type == "chat.tool_call" and each.data["awaiting_response"]]
    assert events[-1].data["status"] == "waiting"
    return {**asked.data, "request_id": asked.event_id}


async def act(chat: ChatClient, component: str, **variables: Any) -> list[Event]:
    """Set variables as a component does, and read until that is acknowledged."""
    action = {"type": "chat.component_action", "component_id": component, "action_type": "set", "set": variables}
    await chat.send_frame(action)
    return await chat.read_until("component_action_ack", "error", within=10)
