"""What pages in browsers need: origins, and answers they have already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from mozaiks.bootstrap import Parts
from mozaiks.settings import Settings
from mozaiks.web.app import create_app

from .conftest import MakeParts, Start

ANN = {"user_id": "ann"}
PAGE = "https://chat.example.com"


@pytest.fixture
def open_to_page(make_parts: MakeParts, parts: Parts) -> Iterator[TestClient]:
    made = make_parts(cors_origins=f"{PAGE}, http://localhost:5173")
    yield TestClient(create_app(made))
    made.database.client.close()


def preflight(api: TestClient, origin: str) -> Any:
    headers = {
        "origin": origin,
        "access-control-request-method": "PUT",
        "access-control-request-headers": "authorization,if-match,content-type",
    }
    return api.options("/api/themes/acme", headers=headers)


@pytest.mark.parametrize("origin", [PAGE, "http://localhost:5173"])
def test_a_page_of_a_named_origin_may_call(open_to_page: TestClient, origin: str) -> None:
    asked = preflight(open_to_page, origin)
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, origin)
    answer = open_to_page.get("/api/workflows", headers={"origin": origin})
    assert answer.headers["access-control-allow-origin"] == origin
    assert "etag" in answer.headers["access-control-expose-headers"].lower()


def test_a_page_can_read_why_it_is_refused(open_to_page: TestClient) -> None:
    answer = open_to_page.get("/api/nothing", headers={"origin": PAGE})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (404, PAGE)


def test_a_page_of_another_origin_may_not(open_to_page: TestClient) -> None:
    assert preflight(open_to_page, "https://evil.example.com").status_code == 400
    answer = open_to_page.get("/api/workflows", headers={"origin": "https://evil.example.com"})
    assert "access-control-allow-origin" not in answer.headers


def test_no_origin_is_let_in_unless_it_is_named(api: TestClient) -> None:
    assert "access-control-allow-origin" not in api.get("/api/workflows", headers={"origin": PAGE}).headers


@pytest.mark.parametrize("origins", [PAGE, "*"])
def test_no_page_may_use_a_browsers_cookies(make_parts: MakeParts, origins: str) -> None:
    made = make_parts(cors_origins=origins)
    asked = preflight(TestClient(create_app(made)), PAGE)
    assert asked.status_code == 200
    assert "access-control-allow-credentials" not in asked.headers
    made.database.client.close()


@pytest.mark.parametrize("origins", ["chat.example.com", f"{PAGE}/", "null", "https://*.example.com"])
def test_an_origin_that_is_none_is_refused(origins: str) -> None:
    with pytest.raises(ValidationError, match="CORS_ORIGINS names"):
        Settings.model_validate({"cors_origins": origins})


@pytest.mark.parametrize(
    "path",
    ["/api/workflows", "/api/chats/meta/acme/Greeter/{}", "/api/chats/acme/Greeter", "/api/themes/acme"],
)
def test_what_a_client_has_is_not_sent_again(api: TestClient, start: Start, path: str) -> None:
    path = path.format(start()["chat_id"])
    first = api.get(path, params=ANN)
    assert first.headers["cache-control"] == "private, no-cache"
    again = api.get(path, params=ANN, headers={"if-none-match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_what_has_changed_is_sent(api: TestClient, start: Start) -> None:
    chat_id = start()["chat_id"]
    path = f"/api/chats/meta/acme/Greeter/{chat_id}"
    tag = api.get(path, params=ANN).headers["etag"]
    api.post(f"/api/chats/acme/Greeter/{chat_id}/messages", json={**ANN, "text": "Ann"})
    answer = api.get(path, params=ANN, headers={"if-none-match": tag})
    assert (answer.status_code, answer.json()["status"]) == (200, "running")
    assert answer.headers["etag"] != tag


def test_a_problem_is_not_tagged(api: TestClient) -> None:
    answer = api.get("/api/chats/meta/acme/Greeter/nothere", params=ANN, headers={"if-none-match": "*"})
    assert answer.status_code == 404
    assert "etag" not in answer.headers
