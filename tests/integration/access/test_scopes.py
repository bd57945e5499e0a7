"""What each scope of a token opens, and that it opens no other app."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from mozaiks.bootstrap import Parts

from .conftest import Token

FIGURES = ("/health/active-runs", "/metrics/perf/aggregate", "/metrics/perf/chats", "/metrics/prometheus")
THEME = {"name": "Northwind"}


@pytest.fixture
def ask(api: TestClient, token: Token) -> Callable[..., Any]:
    """A request with a token of an app, a user and scopes."""

    def make(method: str, path: str, app: str, user: str, *scopes: str, **request: Any) -> Any:
        return api.request(method, path, headers={"authorization": f"Bearer {token(app, user, *scopes)}"}, **request)

    return make


@pytest.mark.parametrize("path", [*FIGURES, "/metrics/perf/chats/{}"])
def test_figures_are_for_the_scope_admin(ask: Any, start: Any, path: str) -> None:
    path = path.format(start())
    refused = ask("GET", path, "acme", "ann", "chat", "trace")
    assert (refused.status_code, refused.json()["details"]) == (403, {"scope": "admin"})
    assert ask("GET", path, "acme", "boss", "admin").status_code == 200


def test_figures_of_an_app_are_of_all_its_users(ask: Any, start: Any) -> None:
    chat_id = start()
    found = ask("GET", "/metrics/perf/chats", "acme", "boss", "admin").json()
    assert [chat["chat_id"] for chat in found["chats"]] == [chat_id]
    assert ask("GET", "/metrics/perf/aggregate", "acme", "boss", "admin").json()["chats_opened"] == 1
    assert chat_id in ask("GET", "/health/active-runs", "acme", "boss", "admin").text


@pytest.mark.parametrize("named", [{}, {"app_id": "acme"}, {"app_id": "nobodys"}], ids=str)
@pytest.mark.parametrize("path", FIGURES)
def test_figures_of_another_app_are_those_of_none(ask: Any, start: Any, path: str, named: dict[str, str]) -> None:
    chat_id = start()
    answer = ask("GET", path, "other", "boss", "admin", params=named)
    assert answer.status_code == 200
    assert chat_id not in answer.text
    assert "acme" not in answer.text
    assert "HelloWorld" not in answer.text


def test_a_chat_of_another_app_has_no_figures(ask: Any, start: Any) -> None:
    chat_id = start()
    theirs = ask("GET", f"/metrics/perf/chats/{chat_id}", "other", "boss", "admin")
    missing = ask("GET", f"/metrics/perf/chats/{'c' * 32}", "other", "boss", "admin")
    assert theirs.status_code == missing.status_code == 404
    assert theirs.text.replace(chat_id, "") == missing.text.replace("c" * 32, "")


def test_a_theme_is_seen_by_all_of_its_app_and_set_by_the_scope_admin(ask: Any) -> None:
    refused = ask("PUT", "/api/themes/acme", "acme", "ann", "chat", json=THEME)
    assert (refused.status_code, refused.json()["details"]) == (403, {"scope": "admin"})
    assert ask("PUT", "/api/themes/acme", "acme", "boss", "admin", json=THEME).status_code == 200
    assert ask("GET", "/api/themes/acme", "acme", "ann", "chat").json()["overrides"] == THEME


def test_another_apps_theme_is_as_one_that_was_never_set(ask: Any, parts: Parts) -> None:
    ask("PUT", "/api/themes/acme", "acme", "boss", "admin", json=THEME)
    seen = ask("GET", "/api/themes/acme", "other", "ann", "chat")
    never = ask("GET", "/api/themes/nobodys", "other", "ann", "chat")
    assert seen.json() == {**never.json(), "app_id": "acme"}
    assert seen.json()["version"] == 0
    stored = list(parts.database["app_themes"].find())
    for app in ("acme", "nobodys"):
        refused = ask("PUT", f"/api/themes/{app}", "other", "boss", "chat", "admin", json={"name": "Mine"})
        assert (refused.status_code, refused.json()["code"]) == (404, "NOT_FOUND")
    assert list(parts.database["app_themes"].find()) == stored


def test_a_trace_is_for_the_scope_trace(ask: Any, start: Any) -> None:
    path = f"/api/chats/acme/HelloWorld/{start()}/trace"
    refused = ask("GET", path, "acme", "ann", "chat")
    assert (refused.status_code, refused.json()["details"]) == (403, {"scope": "trace"})
    assert ask("GET", path, "acme", "ann", "chat", "trace").status_code == 200
    for app, user in (("acme", "bob"), ("other", "ann")):
        assert ask("GET", path, app, user, "chat", "trace").json()["code"] == "CHAT_NOT_FOUND"


def test_a_token_names_the_user_of_a_new_chat(ask: Any) -> None:
    path = "/api/chats/acme/HelloWorld/start"
    assert ask("POST", path, "acme", "ann", "chat", json={}).json()["user_id"] == "ann"
    assert ask("POST", path, "acme", "ann", "chat", json={"user_id": "ann"}).json()["reused"] is True
    assert ask("POST", path, "acme", "ann", "chat", json={"user_id": "bob"}).json()["code"] == "NOT_FOUND"
