"""ConfigChange: a change that a person approves with the difference before their eyes, or refuses."""

from __future__ import annotations

from typing import Any

from mozaiks_local.client import ChatClient, Event

from ..conftest import House, texts, turn
from .conftest import asked_of, of_type, tools, updates


async def change(house: House, words: str, **approval: Any) -> tuple[list[Event], list[Event]]:
    """The run that asks for approval, and the one after it."""
    started = await house.start("ConfigChange")
    async with ChatClient(started.websocket_url) as chat:
        await chat.read_until("chat.input_request", within=20)
        asking = await turn(chat, words)
        await chat.approve(asked_of(asking)["request_id"], **approval)
        return asking, await turn(chat)


def test_approval_is_asked_for_with_the_tool_s_own_component(house: House, play: Any) -> None:
    asking, _ = play(change(house, "Set request_timeout_seconds to 45", approved=True))
    asked = asked_of(asking)
    assert (asked["interaction_type"], asked["tool_name"]) == ("approval", "apply_change")
    assert (asked["component_type"], asked["display"]) == ("ChangeApproval", "modal")
    assert asked["expires_at"]
    assert tools(asking) == ["draft_change", "apply_change"]


def test_the_difference_is_what_code_wrote(house: House, play: Any) -> None:
    asking, _ = play(change(house, "Set request_timeout_seconds to 45", approved=True))
    (drafted,) = updates(asking, "change")
    assert asked_of(asking)["payload"] == {"change_id": drafted["id"]}
    assert '-  "request_timeout_seconds": 30,' in drafted["diff"].splitlines()
    assert '+  "request_timeout_seconds": 45,' in drafted["diff"].splitlines()


def test_what_is_approved_is_applied_once(house: House, play: Any) -> None:
    asking, after = play(change(house, "Set request_timeout_seconds to 45", approved=True))
    assert updates(after, "applied") == [[updates(asking, "change")[0]["id"]]]
    assert updates(after, "change") == [None]
    assert texts(after)[-1][1] == "Done: request_timeout_seconds is 45 now."
    assert of_type(after, "chat.ui_tool_complete")[0]["status"] == "approved"
    assert tools(after) == [], "the request for approval is the only word of the call"


def test_what_is_refused_is_not_done_and_the_model_hears_why(house: House, play: Any) -> None:
    _, after = play(change(house, "Set log_level to debug", approved=False, reason="Not on a Friday."))
    assert updates(after, "applied") == []
    (result,) = of_type(after, "chat.tool_response")
    assert (result["status"], result["success"]) == ("denied", False)
    assert "Not on a Friday." in texts(after)[-1][1]


def test_what_cannot_be_changed_asks_nobody(house: House, play: Any) -> None:
    async def scenario() -> list[Event]:
        started = await house.start("ConfigChange")
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.input_request", within=20)
            return [*await turn(chat, "set colour to blue"), *await turn(chat, "set max_connections to many")]

    runs = play(scenario())
    first, second = [text for agent, text in texts(runs) if agent == "Operator"]
    assert "there is no setting colour" in first
    assert "is of another kind" in second
    assert tools(runs) == ["draft_change", "draft_change"]
