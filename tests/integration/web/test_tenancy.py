"""Another app's, another user's and another workflow's chat gets exactly the answer of a chat that is not there."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from mozaiks.bootstrap import Parts

from .conftest import Start

REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "exists": ("GET", "/api/chats/exists/{app}/{workflow}/{chat}", {}),
    "meta": ("GET", "/api/chats/meta/{app}/{workflow}/{chat}", {}),
    "events": ("GET", "/api/chats/{app}/{workflow}/{chat}/events", {}),
    "stream": ("GET", "/api/chats/{app}/{workflow}/{chat}/events", {"headers": {"accept": "text/event-stream"}}),
    "messages": ("POST", "/api/chats/{app}/{workflow}/{chat}/messages", {"json": {"text": "x"}}),
    "cancel": ("POST", "/api/chats/{app}/{workflow}/{chat}/cancel", {}),
}
STRANGERS = {
    "another user": ("acme", "Greeter", "bob"),
    "another app": ("other", "Greeter", "ann"),
    "another workflow": ("acme", "Speaker", "ann"),
    "an unknown workflow": ("acme", "Nowhere", "ann"),
}


def everything(parts: Parts) -> dict[str, list[dict[str, Any]]]:
    return {name: list(parts.database[name].find()) for name in sorted(parts.database.list_collection_names())}


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("request_", REQUESTS)
def test_a_stranger_cannot_tell_a_chat_from_a_missing_one(
    api: TestClient, start: Start, parts: Parts, request_: str, stranger: str
) -> None:
    chat_id = start()["chat_id"]
    method, path, rest = REQUESTS[request_]
    app, workflow, user = STRANGERS[stranger]
    url = path.format(app=app, workflow=workflow, chat=chat_id)

    before = everything(parts)
    there = api.request(method, url, params={"user_id": user}, **rest)
    assert everything(parts) == before, "nothing is written"
    parts.database["chat_sessions"].delete_one({"_id": chat_id})
    missing = api.request(method, url, params={"user_id": user}, **rest)

    assert (there.status_code, dict(there.headers), there.text) == (
        missing.status_code,
        dict(missing.headers),
        missing.text,
    )
    assert there.status_code == (200 if request_ == "exists" else 404)


@pytest.mark.parametrize("stranger", ["another user", "another app"])
def test_a_strangers_list_is_empty(api: TestClient, start: Start, stranger: str) -> None:
    start()
    app, workflow, user = STRANGERS[stranger]
    answer = api.get(f"/api/chats/{app}/{workflow}", params={"user_id": user})
    assert answer.json() == {"chats": [], "next_before": None}


@pytest.mark.parametrize("stranger", ["another user", "another app"])
def test_anothers_chat_is_no_place_to_go_on_from(api: TestClient, start: Start, parts: Parts, stranger: str) -> None:
    chat_id = start()["chat_id"]
    app, workflow, user = STRANGERS[stranger]
    url, query = f"/api/chats/{app}/{workflow}", {"user_id": user, "before": chat_id}
    there = api.get(url, params=query)
    parts.database["chat_sessions"].delete_one({"_id": chat_id})
    missing = api.get(url, params=query)
    assert (there.status_code, there.text) == (missing.status_code, missing.text)


@pytest.mark.parametrize("other", [{"app": "other"}, {"user_id": "bob"}])
def test_a_request_id_is_ones_own(start: Start, other: dict[str, str]) -> None:
    first = start(client_request_id="r-1")
    second = start(client_request_id="r-1", **other)
    assert second["reused"] is False
    assert second["chat_id"] != first["chat_id"]
