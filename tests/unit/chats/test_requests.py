"""Requests to people: how they are announced, and what clients are shown of open ones."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mozaiks.chats.events import Event
from mozaiks.chats.requests import announce, artifact_of, dismissals, shown, shown_all
from mozaiks.chats.states import Greeting, PendingInput, pending_input
from mozaiks.chats.visibility import present

from .chats import NOW, approval, form, question

OPEN = Greeting("AgentDriven", "Host")
HIDING = Greeting("AgentDriven", "Host", visual_agents=("Host",))


@pytest.mark.parametrize("pending", [question(), form(), approval()], ids=lambda each: each["kind"])
def test_the_event_that_asks_has_the_requests_id(pending: PendingInput) -> None:
    assert announce(pending).event_id == pending["request_id"]


def test_a_question_is_announced_with_what_an_answer_must_be() -> None:
    event = announce(question(schema={"type": "integer"}, expires_at=NOW))
    assert event.type == "chat.input_request"
    assert event.data["schema"] == {"type": "integer"}
    assert event.data["expires_at"] == "2026-01-02T03:04:05.000Z"


@pytest.mark.parametrize(("pending", "kind"), [(form(), "ui_tool"), (approval(), "approval")])
def test_a_component_is_announced_as_a_call_that_awaits_an_answer(pending: PendingInput, kind: str) -> None:
    event = announce(pending)
    assert event.type == "chat.tool_call"
    assert (event.data["awaiting_response"], event.data["interaction_type"]) == (True, kind)
    assert event.data["corr"] == event.data["tool_call_id"] == pending["tool_call_id"]
    assert event.data["payload"] == pending["payload"]
    assert event.agent == "Host"


@pytest.mark.parametrize("kind", ["ui_tool", "approval"])
def test_a_component_belongs_to_a_tool_call(kind: Any) -> None:
    with pytest.raises(ValueError, match="tool_call_id"):
        pending_input(kind, tool_name="t")


def test_only_components_are_put_away() -> None:
    events = dismissals((question(), form(), approval()), "cancelled")
    assert [event.data["request_id"] for event in events] == ["f1", "a1"]
    assert {event.data["reason"] for event in events} == {"cancelled"}


def test_an_open_request_is_told_in_json() -> None:
    told = shown(form(expires_at=NOW), OPEN, sees_everything=False)
    assert json.loads(json.dumps(told)) == told
    assert (told["component_type"], told["display"], told["payload"]) == ("Picker", "inline", {"sizes": ["S", "L"]})


SECRET = {"agent": "Gh0st", "tool_name": "gh0st_tool", "tool_call_id": "gh0st_call", "component": "Gh0stForm"}


@pytest.mark.parametrize("kind", ["input", "ui_tool", "approval"])
def test_nothing_of_a_hidden_agent_is_told_but_that_it_asks(kind: Any) -> None:
    pending = pending_input(kind, request_id="r", prompt="gh0st words", payload={"gh0st": 1}, **SECRET)  # type: ignore[arg-type]
    told = json.dumps(shown(pending, HIDING, sees_everything=False)).lower()
    assert "gh0st" not in told
    assert '"r"' in told
    assert "gh0st" in json.dumps(shown(pending, HIDING, sees_everything=True)).lower()


def test_a_hidden_agents_question_reaches_the_one_who_must_answer() -> None:
    new = announce(question(agent="Gh0st", schema={"type": "string"}))
    event = Event("c1", 4, new.event_id, new.type, datetime(2026, 1, 1, tzinfo=UTC), new.data, new.agent)
    frame = present(event, HIDING, sees_everything=False)
    assert (frame["type"], frame["event_id"], frame["data"]["request_id"]) == ("chat.input_request", "q1", "q1")
    assert (frame["data"]["agent"], frame["data"]["prompt"]) == (None, "")
    assert frame["data"]["schema"] == {"type": "string"}


def test_payloads_that_fit_no_frame_are_left_to_their_events() -> None:
    requests = [form(f"f{n}", payload="x" * 20_000) for n in range(4)]
    told = shown_all(requests, OPEN, sees_everything=False)
    assert [entry["payload"] is not None for entry in told] == [True, True, False, False]
    assert [entry.get("oversize", False) for entry in told] == [False, False, True, True]
    assert len(json.dumps(told)) < 64 * 1024


def artifact_event(**data: Any) -> Event:
    pending = form(mode="artifact", payload=data.pop("payload", {"page": 1}))
    new = announce(pending)
    return Event("c1", 9, new.event_id, new.type, NOW, {**new.data, **data}, new.agent)


def test_an_artifact_is_remembered_with_its_place() -> None:
    assert artifact_of(artifact_event(), OPEN) == {
        "event_id": "f1",
        "tool_name": "pick",
        "component": "Picker",
        "seq": 9,
        "payload": {"page": 1},
    }


def test_a_large_artifact_is_remembered_without_its_payload() -> None:
    found = artifact_of(artifact_event(payload="x" * 40_000), OPEN)
    assert found is not None
    assert found["payload"] is None


@pytest.mark.parametrize(
    ("event", "greeting"),
    [
        (artifact_event(display="inline"), OPEN),
        (replace(artifact_event(), type="chat.text"), OPEN),
        (replace(artifact_event(), agent="Gh0st"), HIDING),
        (replace(artifact_event(), concealed=True), OPEN),
    ],
)
def test_what_no_panel_may_show_is_not_remembered(event: Event, greeting: Greeting) -> None:
    assert artifact_of(event, greeting) is None


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_payload_is_told_as_it_is(payload: Any) -> None:
    assert shown(form(payload=payload), OPEN, sees_everything=False)["payload"] == payload
