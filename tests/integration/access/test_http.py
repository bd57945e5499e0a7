"""The HTTP API asks for a token, and says what is wrong with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from mozaiks.bootstrap import Parts
from mozaiks.web.bearer import OPEN_PATHS

from .conftest import Token
from .test_tenancy import routes

Start = Callable[..., str]
LIST = "/api/chats/acme/HelloWorld"


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_a_good_token_is_enough(api: TestClient, token: Token, start: Start) -> None:
    chat_id = start()
    answer = api.get(LIST, headers=bearer(token()))
    assert [chat["chat_id"] for chat in answer.json()["chats"]] == [chat_id]


def test_a_chat_is_opened_for_whom_the_token_names(api: TestClient, token: Token) -> None:
    answer = api.post(f"{LIST}/start", json={"user_id": "ann"}, headers=bearer(token()))
    assert (answer.status_code, answer.json()["user_id"], answer.json()["app_id"]) == (200, "ann", "acme")
    assert "access_token" not in answer.json()["websocket_url"]


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic YTpi", "Bearer x.y.z"])
def test_without_a_usable_token_the_answer_is_401(api: TestClient, header: str | None) -> None:
    answer = api.get(LIST, headers={} if header is None else {"authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    challenge = 'Bearer realm="mozaiks"' + ("" if header is None else ', error="invalid_token"')
    assert answer.headers["www-authenticate"] == challenge


def test_an_expired_token_is_called_so(api: TestClient, token: Token) -> None:
    given = token(seconds=-1)
    answer = api.get(LIST, headers=bearer(given))
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_EXPIRED")
    assert given not in answer.text


def test_a_token_without_the_scope_is_403(api: TestClient, token: Token) -> None:
    answer = api.get(LIST, headers=bearer(token("acme", "ann", "trace")))
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert 'error="insufficient_scope", scope="chat"' in answer.headers["www-authenticate"]


def test_no_route_but_the_open_ones_answers_without_a_token(api: TestClient) -> None:
    closed = [(method, path) for method, path in routes(api.app) if path not in OPEN_PATHS]
    assert len(closed) > 20
    for method, path in closed:
        assert api.request(method, path.replace("{", "").replace("}", "")).status_code == 401, f"{method} {path}"


def test_health_asks_for_none(api: TestClient) -> None:
    assert api.get("/api/health").status_code == 200


def test_the_document_says_where_a_token_is_asked_for(api: TestClient) -> None:
    document = api.get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    asking = {path for path, operations in document["paths"].items() if "security" in next(iter(operations.values()))}
    assert asking == set(document["paths"]) - OPEN_PATHS


@pytest.mark.parametrize("user", ["bob", "$ne"])
def test_nothing_is_begun_in_anothers_name(api: TestClient, token: Token, parts: Parts, user: str) -> None:
    answer = api.post(f"{LIST}/start", json={"user_id": user}, headers=bearer(token()))
    assert answer.status_code in (404, 422)
    assert parts.database["chat_sessions"].count_documents({}) == 0


def test_an_operator_is_no_user(api: TestClient, token: Token, parts: Parts) -> None:
    body: dict[str, Any] = {"user_id": {"$ne": None}}
    assert api.post(f"{LIST}/start", json=body, headers=bearer(token())).status_code == 422
    assert api.get(LIST, params={"user_id[$ne]": "x"}, headers=bearer(token())).json()["chats"] == []
    assert parts.database["chat_sessions"].count_documents({}) == 0
