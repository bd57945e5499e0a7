"""After an erasure nothing is left, whoever was at work, and however often it was interrupted."""

from __future__ import annotations

import ast
import importlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from mozaiks.access.principal import Principal, Tenant
from mozaiks.bootstrap import Parts, now
from mozaiks.chats.changes import Change
from mozaiks.chats.erasure import Eraser
from mozaiks.chats.states import Lease
from mozaiks.errors import MozaiksError
from mozaiks.push.connections import Connection
from mozaiks.settings import Settings
from mozaiks.store import collections as declared
from mozaiks.store.erasures import SWEEP_AFTER, MongoErasures
from mozaiks.store.indexes import INDEXES
from mozaiks.store.tool_results import MongoToolResults

from .conftest import ANN, BOB, CANARY, THEIRS, World

AsUser = Callable[..., dict[str, str]]
STORE = Path(declared.__file__).parent


def named_by(path: Path, index: ast.expr) -> str | None:
    """The collection that a literal or a constant of the module names; ``None`` where it is computed."""
    if isinstance(index, ast.Constant):
        return str(index.value)
    if isinstance(index, ast.Name):
        value = getattr(importlib.import_module(f"mozaiks.store.{path.stem}"), index.id, None)
        return value if isinstance(value, str) else None
    return None


def test_every_collection_of_the_store_is_declared() -> None:
    named = {each.name for each in declared.COLLECTIONS}
    used = {
        name
        for path in STORE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("database", "self._database")
        if (name := named_by(path, node.slice)) is not None
    }
    assert len(used) > 8
    assert used <= named
    assert set(INDEXES) <= named


def test_collections_with_a_users_documents_are_declared_as_such(world: World) -> None:
    world.fill()
    for each in declared.COLLECTIONS:
        for document in world.parts.database[each.name].find():
            assert each.user == ("user_id" in document), each.name
            assert each.chat is not None or "chat_id" not in document, each.name


def test_nothing_is_left_of_a_user(world: World, api: TestClient, as_user: AsUser) -> None:
    chats = world.fill()
    before = world.left(ANN, chats)
    assert set(before) == {each.name for each in (*declared.OF_CHATS, *declared.OF_USERS)}

    answer = api.delete("/api/users/acme/ann", headers=as_user())
    assert answer.status_code == 200
    assert answer.json()["complete"] is True
    assert world.left(ANN, chats) == {}
    told = answer.json()["erased"]
    # The ends of chats and journeys are said first, which puts drafts away.
    said = ("chat_events", "commands", "chat_drafts")
    assert {name: told[name] for name in told if name not in said} == {
        name: before[name] for name in before if name not in said
    }
    assert told["chat_events"] > before["chat_events"]
    everything = [str(list(world.parts.database[each.name].find())) for each in declared.COLLECTIONS]
    assert CANARY not in "".join(everything)


@pytest.mark.parametrize("others", [BOB, THEIRS], ids=["another user", "the same user of another app"])
def test_others_keep_all_they_have(world: World, api: TestClient, as_user: AsUser, others: Principal) -> None:
    world.fill()
    chats = world.fill(others)
    before = world.left(others, chats)
    assert api.delete("/api/users/acme/ann", headers=as_user()).status_code == 200
    assert world.left(others, chats) == before


def test_an_erasure_is_safe_to_repeat(world: World, api: TestClient, as_user: AsUser) -> None:
    world.fill()
    assert api.delete("/api/users/acme/ann", headers=as_user()).json()["complete"] is True
    again = api.delete("/api/users/acme/ann", headers=as_user())
    assert (again.status_code, again.json()["erased"]) == (200, {})


def test_a_user_who_comes_back_begins_anew(world: World, api: TestClient, as_user: AsUser) -> None:
    world.fill()
    api.delete("/api/users/acme/ann", headers=as_user())
    chat_id = world.chat()
    assert world.parts.service.get(ANN, chat_id).chat_id == chat_id
    assert world.parts.secrets.infos(ANN, after="", limit=9) == []


def test_an_administrator_of_the_app_may_erase_a_user(world: World, api: TestClient, as_user: AsUser) -> None:
    world.fill()
    assert api.delete("/api/users/acme/ann", headers=as_user("acme", "root", "admin")).status_code == 200
    assert world.left() == {}


@pytest.mark.parametrize(
    "stranger",
    [("acme", "bob", "chat", "trace"), ("other", "ann", "chat", "admin"), ("other", "root", "admin")],
    ids=str,
)
@pytest.mark.parametrize("path", ["/api/users/acme/ann", "/api/chats/acme/HelloWorld/{chat}"])
def test_a_stranger_erases_nothing_and_learns_nothing(
    world: World, api: TestClient, as_user: AsUser, stranger: tuple[str, ...], path: str
) -> None:
    chats = world.fill()
    before = world.left(ANN, chats)
    headers = as_user(*stranger)
    there = api.delete(path.format(chat=chats[0]), headers=headers)
    assert world.left(ANN, chats) == before
    missing = api.delete(path.format(chat="0" * 32).replace("ann", "nobody"), headers=headers)
    assert there.status_code == missing.status_code
    assert there.status_code in (403, 404)
    assert there.json() == {**missing.json(), "detail": missing.json()["detail"].replace("0" * 32, chats[0])}


def test_nothing_is_left_of_a_chat_and_all_of_the_others(world: World, api: TestClient, as_user: AsUser) -> None:
    gone, kept = world.fill()
    answer = api.delete(f"/api/chats/acme/HelloWorld/{gone}", headers=as_user())
    assert answer.json()["erased"]["chat_sessions"] == 1
    of_chats = {each.name for each in declared.OF_CHATS}
    for each in declared.OF_CHATS:
        documents = world.parts.database[each.name]
        query = {"app_id": {"$in": ["acme", "/acme"]}}
        assert documents.count_documents({**query, str(each.chat): gone}) == 0, each.name
        assert documents.count_documents({**query, str(each.chat): kept}) > 0, each.name
    assert set(world.left()) - of_chats == {"journeys", "secrets"}
    assert api.get(f"/api/chats/meta/acme/HelloWorld/{gone}", headers=as_user()).status_code == 404
    assert api.delete(f"/api/chats/acme/HelloWorld/{gone}", headers=as_user()).status_code == 404


def test_the_chats_a_chat_spawned_go_with_it(world: World, api: TestClient, as_user: AsUser) -> None:
    parent = world.chat()
    child = world.chat(parent_chat_id=parent)
    world.chat(parent_chat_id=child)
    other = world.chat()
    answer = api.delete(f"/api/chats/acme/HelloWorld/{parent}", headers=as_user())
    assert answer.json()["erased"]["chat_sessions"] == 3
    assert [each["_id"] for each in world.parts.database["chat_sessions"].find()] == [other]


def test_the_sockets_of_an_erased_chat_are_told_of_its_end_and_closed(
    world: World, api: TestClient, as_user: AsUser, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    def do_delete(self: Any) -> None:
        closed.append(self.path)
        self.send_response(204)
        self.end_headers()

    monkeypatch.setattr(aws._server.RequestHandlerClass, "do_DELETE", do_delete, raising=False)
    chat_id = world.chat()
    api.delete(f"/api/chats/acme/HelloWorld/{chat_id}", headers=as_user())
    assert [frame["type"] for frame in aws.frames[f"{chat_id}="]][-1] == "chat.run_complete"
    assert len(closed) == 1
    assert chat_id in closed[0]


def test_a_worker_that_still_runs_can_store_nothing_more(world: World, api: TestClient, as_user: AsUser) -> None:
    chat_id = world.chat(running=True)
    parts, acme = world.parts, Tenant("acme")
    assert api.delete(f"/api/chats/acme/HelloWorld/{chat_id}", headers=as_user()).json()["complete"] is True

    soon = now() + timedelta(minutes=1)
    late: dict[str, Callable[[], Any]] = {
        "a safe point": lambda: parts.chats.transact(acme, chat_id, lambda _: Change({"state": {"x": 1}})),
        "a tool's result": lambda: MongoToolResults(parts.database).keep(acme, chat_id, "late", "t", {}, now()),
        "a draft": lambda: parts.drafts.write(ANN.tenant, chat_id, "m2", "GreeterAgent", "late", now()),
        "a connection": lambda: parts.connections.add(
            Connection("late=", "acme", "ann", chat_id, frozenset({"chat"}), now(), soon)
        ),
    }
    for what, write in late.items():
        with pytest.raises(MozaiksError) as caught:
            write()
        assert caught.value.code == "CHAT_NOT_FOUND", what
    assert parts.chats.renew(acme, chat_id, Lease("worker", soon)) is None
    assert parts.chats.acquire(acme, chat_id, 1, Lease("another", soon), now()) is None
    assert world.left(ANN, [chat_id]) == {}


def test_what_a_killed_worker_left_is_swept_once_no_worker_can_be_left(world: World) -> None:
    parts = world.parts
    chat_id = world.chat()
    parts.eraser.erase_chat(ANN, chat_id)
    # Between its write and its look at what is erased, a worker may die.
    parts.database["tool_results"].insert_one({"app_id": "acme", "chat_id": chat_id, "call_id": "x", "result": "{}"})
    parts.eraser.go_on(10)
    assert world.left(ANN, [chat_id]) == {"tool_results": 1}
    later = now() + SWEEP_AFTER + timedelta(seconds=1)
    replace(parts.eraser, erasures=MongoErasures(parts.database, lambda: later), clock=lambda: later).go_on(10)
    assert world.left(ANN, [chat_id]) == {}
    assert parts.database["erased_chats"].count_documents({}) == 0


def stopping(eraser: Eraser, after: int) -> Eraser:
    """An eraser that is out of time when it asks for the ``after``-th time."""
    asked = 0

    class Hurried(Eraser):
        def _timer(self) -> Callable[[], bool]:
            def out() -> bool:
                nonlocal asked
                asked += 1
                return asked >= after

            return out

    return Hurried(**{name: getattr(eraser, name) for name in Eraser.__dataclass_fields__})


@pytest.mark.parametrize("after", range(1, 40, 3))
def test_an_erasure_that_ran_out_of_time_is_finished_by_reconcile_and_counts_all(world: World, after: int) -> None:
    parts, chats = world.parts, world.fill()
    before = world.ended(ANN, chats)
    first = stopping(parts.eraser, after).erase_user(ANN)
    if first.complete:
        assert dict(first.counts) == before
        return
    assert {"erasures": 1}.items() <= world.left(ANN, chats).items()
    # What is half erased is as absent as a missing one.
    for chat_id in chats:
        hidden = parts.database["chat_sessions"].count_documents({"_id": chat_id, "app_id": "acme"}) == 0
        if hidden:
            with pytest.raises(MozaiksError, match="there is no chat"):
                parts.service.get(ANN, chat_id)
    assert parts.eraser.go_on(10) == 0, "somebody may be at it"
    last = MongoErasures(parts.database, now).find(ANN.tenant, None)
    assert last is not None
    later = now() + timedelta(minutes=2)
    assert replace(parts.eraser, clock=lambda: later).go_on(10) == 1
    assert world.left(ANN, chats) == {}


def test_a_repeated_request_finishes_an_interrupted_erasure_and_tells_all_that_is_gone(
    world: World, api: TestClient, as_user: AsUser
) -> None:
    before = world.ended(ANN, world.fill())
    assert not stopping(world.parts.eraser, 9).erase_user(ANN).complete
    answer = api.delete("/api/users/acme/ann", headers=as_user())
    assert answer.json()["erased"] == before


def test_an_interrupted_erasure_of_a_chat_is_taken_up_by_asking_again(
    world: World, api: TestClient, as_user: AsUser
) -> None:
    chat_id = world.chat()
    assert not stopping(world.parts.eraser, 5).erase_chat(ANN, chat_id).complete
    url = f"/api/chats/acme/HelloWorld/{chat_id}"
    assert api.get(f"{url}/events", headers=as_user()).status_code == 404
    assert api.delete(url, headers=as_user("acme", "bob")).status_code == 404
    assert api.delete(url, headers=as_user()).json()["complete"] is True
    assert world.left(ANN, [chat_id]) == {}


def _erase_in_a_process(settings: dict[str, Any], ready: Any) -> None:
    parts = Parts(Settings(**settings))
    ready.set()
    parts.eraser.erase_user(ANN)


def test_a_process_killed_in_the_middle_leaves_what_the_next_one_finishes(world: World, parts: Parts) -> None:
    chats = world.fill(chats=12)
    before = world.ended(ANN, chats)
    assert parts.config.mongodb_uri is not None
    settings = {
        "mongodb_uri": parts.config.mongodb_uri.get_secret_value(),
        "mongodb_db_name": parts.config.mongodb_db_name,
        "mozaiks_workflows_path": parts.config.mozaiks_workflows_path,
        "websocket_callback_url": parts.config.websocket_callback_url,
    }
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Event()
    process = spawn.Process(target=_erase_in_a_process, args=(settings, ready))
    process.start()
    assert ready.wait(60)
    end = time.monotonic() + 30
    while parts.database["chat_sessions"].count_documents({"user_id": "ann"}) > 8 and time.monotonic() < end:
        time.sleep(0.001)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(10)
    assert parts.database["chat_sessions"].count_documents({"user_id": "ann"}) > 0, "it was killed too late"

    erased = parts.eraser.erase_user(ANN)
    assert erased.complete
    assert dict(erased.counts) == before
    assert world.left(ANN, chats) == {}
