"""What a viewer may see of an event."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mozaiks.chats.events import DURABLE, Event
from mozaiks.chats.states import Greeting
from mozaiks.chats.visibility import UNSEEN, present

GREETING = Greeting("AgentDriven", "Host", visual_agents=("Host",))


def event(agent: str | None, *, type_: str = "chat.text", concealed: bool = False, **data: Any) -> Event:
    return Event("c1", 4, "e4", type_, datetime(2026, 1, 1, tzinfo=UTC), {"agent": agent, **data}, agent, concealed)


def test_what_a_visible_agent_says_is_shown() -> None:
    frame = present(event("Host", content="hi"), GREETING, sees_everything=False)
    assert (frame["type"], frame["data"]["content"], frame["data"]["kind"]) == ("chat.text", "hi", "text")


def test_a_hidden_event_keeps_its_place_in_the_sequence() -> None:
    frame = present(event("Ghost", content="boo"), GREETING, sees_everything=False)
    assert (frame["type"], frame["seq"], frame["event_id"]) == ("chat.hidden", 4, "e4")
    assert frame["data"] == {"kind": "hidden"}


def test_a_hidden_speaker_is_announced_without_its_name() -> None:
    frame = present(event("Ghost", type_="chat.select_speaker"), GREETING, sees_everything=False)
    assert (frame["type"], frame["data"]["agent"]) == ("chat.select_speaker", None)


def test_a_concealed_message_is_hidden_whoever_said_it() -> None:
    assert (
        present(event(None, content="secret", concealed=True), GREETING, sees_everything=False)["type"] == "chat.hidden"
    )


def test_a_holder_of_the_trace_scope_sees_everything() -> None:
    frame = present(event("Ghost", content="boo", concealed=True), GREETING, sees_everything=True)
    assert frame["data"]["content"] == "boo"


def test_an_error_of_a_hidden_agent_tells_only_what_a_client_must_know() -> None:
    hidden = event(
        "Ghost",
        type_="chat.error",
        code="TOOL_LOOP",
        severity="error",
        retryable=True,
        message="Ghost called the model 20 times",
        details={"agent": "Ghost"},
    )
    data = present(hidden, GREETING, sees_everything=False)["data"]
    assert (data["code"], data["severity"], data["retryable"], data["details"]) == ("TOOL_LOOP", "error", True, {})
    assert data["message"] == UNSEEN


@given(st.sampled_from(sorted(DURABLE)), st.booleans())
def test_nothing_of_a_hidden_agent_reaches_a_viewer_without_the_scope(type_: str, concealed: bool) -> None:
    hidden = event("Gh0st", type_=type_, concealed=concealed, content="b0o", tool_name="t0ol", arguments={"a": "b0o"})
    shown = json.dumps(present(hidden, GREETING, sees_everything=False))
    if type_ in ("chat.select_speaker", "chat.usage_delta") and not concealed:
        assert "Gh0st" not in shown
    else:
        assert not any(secret in shown for secret in ("Gh0st", "b0o", "t0ol"))
