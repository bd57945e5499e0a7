"""An operator stops everything of an app, or of one of its users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pymongo.database import Database
from typer.testing import CliRunner

from mozaiks.access.principal import Tenant
from mozaiks.chats.states import Chat, ChatStatus
from mozaiks.store.chats import MongoChats
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
    assert "2 chats of the app acme told to stop" in stop("--app", "acme")
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
    assert "1 chat of bob" in stop("--app", "acme", "--user", "bob")
    assert "0 chats" in stop("--app", "acme", "--user", "bob")
    assert chats.get(Tenant("acme"), bob.chat_id).status is ChatStatus.CANCELLED
    assert chats.get(Tenant("acme"), ann.chat_id).status is ChatStatus.CREATED


def test_an_app_that_is_no_id_is_refused(stop: Callable[..., str]) -> None:
    result = CliRunner().invoke(app, ["admin", "stop", "--app", "$ne"])
    assert result.exit_code == 1
    assert "app_id" in result.output
