"""A user gets everything that is kept of them, and nothing that is somebody else's, a credential or a secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from mozaiks.access.principal import Principal
from mozaiks.chats.exporting import Place
from mozaiks.errors import MozaiksError
from mozaiks.store.collections import OF_CHATS, OF_USERS
from mozaiks.web import export

from .conftest import ANN, BOB, CANARY, THEIRS, World

AsUser = Callable[..., dict[str, str]]
URL = "/api/users/acme/ann/export"
TOLD = {
    "chat_sessions": "session",
    "chat_events": "event",
    "commands": "command",
    "tool_results": "tool_result",
    "agent_histories": "message",
    "journeys": "journey",
    "secrets": "secret",
}
NOT_TOLD = {
    "run_usage": "the session tells its sum, and the events each call",
    "connections": "who listens just now; gone within hours",
    "chat_drafts": "the beginning of a text that is an event in a moment",
}


@pytest.fixture
def exported(api: TestClient, as_user: AsUser) -> Callable[..., list[dict[str, Any]]]:
    """All lines of all pages, without those that end a page."""

    def pages(*token: str) -> Iterator[list[dict[str, Any]]]:
        cursor: str | None = ""
        while cursor is not None:
            answer = api.get(URL, params={"cursor": cursor} if cursor else {}, headers=as_user(*token))
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"].startswith("application/x-ndjson")
            assert answer.text.endswith("\n")
            lines = [json.loads(line) for line in answer.text.splitlines()]
            last = lines.pop()
            assert last["kind"] == "page"
            cursor = last["next_cursor"]
            yield lines

    return lambda *token: [line for page in pages(*token) for line in page]


def test_every_collection_of_users_and_chats_is_told_or_said_not_to_be() -> None:
    assert {each.name for each in (*OF_CHATS, *OF_USERS)} == set(TOLD) | set(NOT_TOLD)


def test_everything_of_a_user_is_told_once(world: World, exported: Callable[..., list[dict[str, Any]]]) -> None:
    chats = world.fill()
    kept = world.left(ANN, chats)
    lines = exported()
    counted = {kind: sum(line["kind"] == kind for line in lines) for kind in TOLD.values()}
    assert counted == {kind: kept[name] for name, kind in TOLD.items()}
    assert len({json.dumps(line, sort_keys=True) for line in lines}) == len(lines)
    assert [line["chat_id"] for line in lines if line["kind"] == "session"] == sorted(chats)
    assert CANARY in json.dumps([line for line in lines if line["kind"] == "event"])


def test_nothing_of_the_runtimes_own_is_told(world: World, exported: Callable[..., list[dict[str, Any]]]) -> None:
    chat_id = world.chat(running=True)
    world.fill()
    join = {"of": "journey", "id": "j", "token": "a-task-token", "settled": False}
    world.parts.database["chat_sessions"].update_one({"_id": chat_id}, {"$set": {"join": join}})
    text = json.dumps(exported("acme", "ann", "chat", "trace"))
    for private in (
        "a-task-token",
        '"lease',
        '"token"',
        '"join"',
        '"ciphertext',
        '"execution',
        '"worker"',
        "owed_since",
    ):
        assert private not in text, private
    secrets = [line for line in exported() if line["kind"] == "secret"]
    assert [set(line) for line in secrets] == [{"kind", "name", "version", "created_at", "updated_at"}]


@pytest.mark.parametrize("page_bytes", [1, 700, 4000])
def test_pages_together_hold_what_one_page_holds(
    world: World,
    exported: Callable[..., list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    page_bytes: int,
) -> None:
    world.fill(chats=3)
    whole = exported()
    monkeypatch.setattr(export, "PAGE_BYTES", page_bytes)
    in_pages = exported()
    if page_bytes == 1:
        # Nothing fits: each line says so, in its place.
        assert [line["kind"] for line in in_pages if "kind" in line] == [line["kind"] for line in whole]
        assert all(line["oversize"] for line in in_pages)
    else:
        assert in_pages == whole


def test_a_page_fits_into_the_answer_of_a_function(world: World, api: TestClient, as_user: AsUser) -> None:
    chat_id = world.chat()
    results = [
        {
            "app_id": "acme",
            "chat_id": chat_id,
            "call_id": f"big{n}",
            "tool_name": "t",
            "result": json.dumps("x" * 500_000),
        }
        for n in range(10)
    ]
    from mozaiks.bootstrap import now

    world.parts.database["tool_results"].insert_many([{**each, "at": now()} for each in results])
    first = api.get(URL, headers=as_user())
    # As base64 in a JSON document of at most 6 MB.
    assert len(first.content) * 4 / 3 < 6_000_000
    assert json.loads(first.text.splitlines()[-1])["next_cursor"] is not None


@pytest.mark.parametrize("others", [BOB, THEIRS], ids=["another user", "the same user of another app"])
def test_nothing_of_others_is_told(
    world: World, exported: Callable[..., list[dict[str, Any]]], others: Principal
) -> None:
    theirs = world.fill(others)
    assert exported() == []
    world.fill()
    text = json.dumps(exported())
    assert not any(chat_id in text for chat_id in theirs)


@pytest.mark.parametrize("stranger", [("acme", "bob", "chat"), ("other", "ann", "chat", "admin")], ids=str)
def test_a_stranger_gets_what_is_told_of_nobody(
    world: World, api: TestClient, as_user: AsUser, stranger: tuple[str, ...]
) -> None:
    world.fill()
    there = api.get(URL, headers=as_user(*stranger))
    missing = api.get(URL.replace("ann", "nobody"), headers=as_user(*stranger))
    assert (there.status_code, there.text) == (missing.status_code, missing.text)
    assert [json.loads(line)["kind"] for line in there.text.splitlines()] == ["page"]


def test_an_administrator_of_the_app_may_export_a_user(
    world: World, exported: Callable[..., list[dict[str, Any]]]
) -> None:
    world.fill()
    assert {line["kind"] for line in exported("acme", "root", "admin")} == set(TOLD.values())


def test_another_users_cursor_leads_to_ones_own_things_only(world: World, api: TestClient, as_user: AsUser) -> None:
    theirs = world.fill(BOB)
    place = Place(theirs[0], "event", 0)
    answer = api.get(URL, params={"cursor": place.cursor}, headers=as_user())
    assert [json.loads(line)["kind"] for line in answer.text.splitlines()] == ["page"]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "[]",
        Place("a", "journey").cursor,
        Place("~", "event").cursor,
        Place("a", "event", "x").cursor,
        Place("a", "command", 3).cursor,
        Place("a/b", "command").cursor,
        Place("a", "event", -1).cursor,
        Place("a", "event", True).cursor,
        Place("a", "command", {"$ne": ""}).cursor,  # type: ignore[arg-type]
        Place({"$ne": ""}, "command").cursor,  # type: ignore[arg-type]
    ],
)
def test_a_text_that_is_no_cursor_is_refused(world: World, api: TestClient, as_user: AsUser, cursor: str) -> None:
    answer = api.get(URL, params={"cursor": cursor}, headers=as_user())
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "place", [Place("a", "event", 3), Place("~", "secret", "n"), Place(), Place("a", "message", "1:Ä")]
)
def test_a_place_comes_back_from_its_cursor(place: Place) -> None:
    assert Place.of_cursor(place.cursor) == place


def test_what_agents_say_behind_the_scenes_needs_the_scope_trace(
    world: World, exported: Callable[..., list[dict[str, Any]]]
) -> None:
    chat_id = world.chat(greeting={"startup_mode": "UserDriven", "initial_agent": "A", "initial_message": "hush",
                                   "initial_message_to_user": None, "visual_agents": ["Nobody"]})  # fmt: skip
    assert {line["kind"] for line in exported()} == {"session", "event", "command"}
    assert "hush" not in json.dumps(exported())
    assert {line["kind"] for line in exported("acme", "ann", "chat", "trace")} >= {"tool_result", "message"}
    assert chat_id in json.dumps(exported())


def test_a_chat_that_is_gone_meanwhile_is_passed_over(world: World) -> None:
    first, second = sorted(world.chat() for _ in range(2))
    page = world.parts.exporter.page(ANN, Place(), 900)
    assert page.next is not None
    assert page.next.chat_id == first
    world.parts.eraser.erase_chat(ANN, first)
    rest = world.parts.exporter.page(ANN, replace(page.next), 10**6)
    assert {json.loads(line)["chat_id"] for line in rest.lines} == {second}
    with pytest.raises(MozaiksError):
        world.parts.service.get(ANN, first)
