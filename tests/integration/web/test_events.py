"""A chat's log over HTTP."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from mozaiks.access.principal import Principal, Tenant
from mozaiks.bootstrap import Parts
from mozaiks.chats.changes import Change
from mozaiks.chats.decisions import user_text
from mozaiks.web import events as route

from .conftest import Start

STREAM = {"accept": "text/event-stream"}


@pytest.fixture
def chat_id(start: Start, parts: Parts) -> str:
    """A chat with two events of its opening and eight texts, one of them by an agent that users do not see."""
    made: str = start()["chat_id"]
    texts = [user_text(f"text {n} €\u2028", f"m{n}") for n in range(7)]
    hidden = replace(user_text("not for users", "m7"), agent="Aide")
    parts.chats.transact(Tenant("acme"), made, lambda _chat: Change(events=(*texts, hidden)))
    return made


def page(api: TestClient, chat_id: str, **query: Any) -> dict[str, Any]:
    answer = api.get(f"/api/chats/acme/Greeter/{chat_id}/events", params={"user_id": "ann", **query})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def stream(api: TestClient, chat_id: str, headers: dict[str, str] | None = None, **query: Any) -> list[dict[str, Any]]:
    answer = api.get(
        f"/api/chats/acme/Greeter/{chat_id}/events",
        params={"user_id": "ann", **query},
        headers={**STREAM, **(headers or {})},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    first, *blocks, last = answer.text.split("\n\n")
    assert first.startswith("retry: ")
    assert last == ""
    frames = []
    for block in blocks:
        id_, data = block.split("\n")
        frames.append(json.loads(data.removeprefix("data: ")))
        assert id_ == f"id: {frames[-1]['seq']}"
    return frames


def test_the_log_is_read_page_by_page(api: TestClient, chat_id: str) -> None:
    after, seqs, more = 0, [], True
    while more:
        found = page(api, chat_id, after=after, limit=4)
        seqs += [event["seq"] for event in found["events"]]
        after, more = found["next_after"], found["has_more"]
    assert seqs == list(range(1, 11))
    assert page(api, chat_id, after=after) == {"chat_id": chat_id, "events": [], "next_after": 10, "has_more": False}


def test_a_page_holds_no_more_bytes_than_a_function_may_answer(
    api: TestClient, chat_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "PAGE_BYTES", 700)
    found = page(api, chat_id)
    assert 1 <= len(found["events"]) < 10
    assert found["next_after"] == found["events"][-1]["seq"]
    assert found["has_more"] is True
    monkeypatch.setattr(route, "PAGE_BYTES", 10)
    assert len(page(api, chat_id)["events"]) == 1, "an event that is too long for a page is still delivered"


def test_frames_are_those_of_the_socket(api: TestClient, chat_id: str, parts: Parts) -> None:
    replayed = list(parts.service.replay(Principal("acme", "ann"), chat_id, 0))
    assert page(api, chat_id)["events"] == [frame for frame in replayed if "seq" in frame]


def test_what_users_do_not_see_holds_its_place_and_says_nothing(api: TestClient, chat_id: str) -> None:
    hidden = page(api, chat_id)["events"][-1]
    assert (hidden["type"], hidden["seq"], hidden["data"]) == ("chat.hidden", 10, {"kind": "hidden"})


def test_an_event_stream_holds_what_is_stored(api: TestClient, chat_id: str) -> None:
    assert stream(api, chat_id) == page(api, chat_id)["events"]


def test_a_stream_that_connects_again_goes_on_where_it_was(api: TestClient, chat_id: str) -> None:
    frames = stream(api, chat_id, {"last-event-id": "7"}, after=0)
    assert [frame["seq"] for frame in frames] == [8, 9, 10]


def test_a_stream_waits_while_the_chat_lives_and_ends_with_it(api: TestClient, chat_id: str) -> None:
    assert stream(api, chat_id, after=10) == []
    assert api.post(f"/api/chats/acme/Greeter/{chat_id}/cancel", json={"user_id": "ann"}).status_code == 200
    (last,) = stream(api, chat_id, after=10)
    assert last["type"] == "chat.run_complete"
    answer = api.get(
        f"/api/chats/acme/Greeter/{chat_id}/events", params={"user_id": "ann", "after": 11}, headers=STREAM
    )
    assert (answer.status_code, answer.text) == (204, "")


@pytest.mark.parametrize("headers", [{}, STREAM], ids=["page", "stream"])
def test_who_waits_gets_what_is_said_meanwhile(
    api: TestClient, chat_id: str, parts: Parts, headers: dict[str, str]
) -> None:
    with ThreadPoolExecutor(1) as others:
        asked = others.submit(
            api.get,
            f"/api/chats/acme/Greeter/{chat_id}/events",
            params={"user_id": "ann", "after": 10, "wait": 20},
            headers=headers,
        )
        with pytest.raises(TimeoutError):
            asked.result(0.6)
        parts.chats.transact(Tenant("acme"), chat_id, lambda _chat: Change(events=(user_text("at last", "m8"),)))
        answer = asked.result(15)
    assert answer.status_code == 200
    assert "at last" in answer.text


def test_waiting_has_an_end(api: TestClient, chat_id: str) -> None:
    assert page(api, chat_id, after=10, wait=0.3)["events"] == []
    answer = api.get(f"/api/chats/acme/Greeter/{chat_id}/events", params={"user_id": "ann", "wait": 21})
    assert answer.status_code == 422


def test_nobody_waits_for_what_is_there_or_for_a_chat_that_has_ended(api: TestClient, chat_id: str) -> None:
    assert len(page(api, chat_id, after=4, wait=20)["events"]) == 6
    api.post(f"/api/chats/acme/Greeter/{chat_id}/cancel", json={"user_id": "ann"})
    assert page(api, chat_id, after=11, wait=20)["events"] == []
