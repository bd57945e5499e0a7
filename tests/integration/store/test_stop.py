"""An operator stops everything of an app, or of one of its users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pymongo.database import Database
from typer.testing import CliRunner

from mozaiks.access.principal import Tenant
from mozaiks.bootstrap import now
from mozaiks.chats.states import Chat, ChatStatus, Join
from mozaiks.journeys.states import Journey, JourneyStatus, Member, MemberStatus
from mozaiks.store.chats import MongoChats
from mozaiks.store.journeys import MongoJourneys
from mozaiks_local.cli.app import app
from session_mongod import DatabaseServer

NewChat = Callable[..., Chat]


@pytest.fixture
def stop(
    mongod: DatabaseServer, database: Database[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Runs ``mozaiks admin stop`` on the test's database; returns what it says."""
    monkeypatch.setenv("MONGODB_URI", mongod.uri)
    monkeypatch.setenv("MONGODB_DB_NAME", database.name)

    def run(*options: str) -> str:
        result = CliRunner().invoke(app, ["admin", "stop", *options])
        assert result.exit_code == 0, result.output
        return result.output

    return run


def test_every_open_chat_of_the_app_is_stopped_and_nobody_else_s(
    chats: MongoChats, new_chat: NewChat, stop: Callable[..., str]
) -> None:
    waiting = new_chat(status=ChatStatus.WAITING, waiting_for="input")
    running = new_chat(status=ChatStatus.RUNNING, user_id="bob")
    done = new_chat(status=ChatStatus.COMPLETED)
    other = new_chat(app_id="other", status=ChatStatus.WAITING, waiting_for="input")
    assert "2 chats and 0 journeys of the app acme told to stop" in stop("--app", "acme")
    acme = Tenant("acme")
    assert chats.get(acme, waiting.chat_id).status is ChatStatus.CANCELLED
    assert chats.get(acme, running.chat_id).cancel_requested
    assert chats.get(acme, done.chat_id).status is ChatStatus.COMPLETED
    assert chats.get(Tenant("other"), other.chat_id).status is ChatStatus.WAITING


def test_one_user_s_chats_are_stopped_and_doing_it_again_does_no_harm(
    chats: MongoChats, new_chat: NewChat, stop: Callable[..., str]
) -> None:
    ann = new_chat(status=ChatStatus.CREATED, run_no=0)
    bob = new_chat(status=ChatStatus.CREATED, run_no=0, user_id="bob")
    assert "1 chat and 0 journeys of bob" in stop("--app", "acme", "--user", "bob")
    assert "0 chats and 0 journeys" in stop("--app", "acme", "--user", "bob")
    assert chats.get(Tenant("acme"), bob.chat_id).status is ChatStatus.CANCELLED
    assert chats.get(Tenant("acme"), ann.chat_id).status is ChatStatus.CREATED


def test_journeys_are_cancelled_with_their_chats_and_no_other_user_s(
    database: Database[dict[str, Any]], chats: MongoChats, new_chat: NewChat, stop: Callable[..., str]
) -> None:
    journeys = MongoJourneys(database, now)

    def begun(run_id: str, user_id: str, **fields: Any) -> Tenant:
        chat = new_chat(user_id=user_id, status=ChatStatus.WAITING, waiting_for="input", join=Join("journey", run_id))
        member = Member(0, "W", chat.chat_id, status=MemberStatus.OPEN, opened_at=now())
        journeys.create(Journey(run_id, "acme", user_id, "tour", (member,), now(), now(), **fields))
        return Tenant("acme", user_id)

    ann, bob = begun("j-ann", "ann"), begun("j-bob", "bob")
    begun("j-ann-blocked", "ann", status=JourneyStatus.BLOCKED)
    assert "2 chats and 2 journeys of ann" in stop("--app", "acme", "--user", "ann")
    for run_id in ("j-ann", "j-ann-blocked"):
        run = journeys.get(ann, run_id)
        assert (run.status, run.stopping) == (JourneyStatus.CANCELLED, False)
        assert chats.get(ann, run.members[0].chat_id).status is ChatStatus.CANCELLED
    assert journeys.get(bob, "j-bob").status is JourneyStatus.RUNNING
    assert "1 chat and 1 journey of the app" in stop("--app", "acme")
    assert "0 chats and 0 journeys" in stop("--app", "acme")
    assert journeys.get(bob, "j-bob").status is JourneyStatus.CANCELLED


def test_an_app_that_is_no_id_is_refused(stop: Callable[..., str]) -> None:
    result = CliRunner().invoke(app, ["admin", "stop", "--app", "$ne"])
    assert result.exit_code == 1
    assert "app_id" in result.output
