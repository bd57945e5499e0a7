"""Secrets over HTTP: taken, told of without their values, forgotten; another's are as absent as missing ones."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from mozaiks.bootstrap import Parts
from mozaiks.settings import Settings
from mozaiks.store.indexes import ensure_indexes
from mozaiks.web.app import create_app
from mozaiks_local.cli.dev_token import make_token
from session_mongod import DatabaseServer

from .conftest import CANARY

Headers = Callable[..., dict[str, str]]
URL = "/api/secrets/acme/ann/crm"


@pytest.fixture
def parts(mongod: DatabaseServer, database_name: str, key: str) -> Iterator[Parts]:
    config = Settings(
        auth_enabled=True,
        jwt_secret="a secret of thirty-two bytes, or more",  # type: ignore[arg-type]
        allowed_issuers="us",
        mongodb_uri=mongod.uri,  # type: ignore[arg-type]
        mongodb_db_name=database_name,
        secrets_key_id=key,
    )
    made = Parts(config)
    ensure_indexes(made.database)
    yield made
    made.database.client.close()


@pytest.fixture
def api(parts: Parts) -> TestClient:
    return TestClient(create_app(parts))


@pytest.fixture
def headers(parts: Parts) -> Headers:
    def make(app: str = "acme", user: str = "ann", *scopes: str) -> dict[str, str]:
        token = make_token(parts.config, app, user, list(scopes or ("chat",)), timedelta(minutes=10))
        return {"authorization": f"Bearer {token}"}

    return make


def test_a_secret_is_taken_told_of_and_forgotten(api: TestClient, headers: Headers, parts: Parts) -> None:
    put = api.put(URL, json={"value": CANARY}, headers=headers())
    assert put.status_code == 200
    assert set(put.json()) == {"name", "version", "created_at", "updated_at"}
    assert parts.secrets.reveal(_ann(), "crm") == CANARY

    got = api.get(URL, headers=headers())
    assert got.json() == put.json()
    listed = api.get("/api/secrets/acme/ann", headers=headers())
    assert listed.json() == {"secrets": [put.json()], "next_after": None}
    assert CANARY not in put.text + got.text + listed.text

    assert api.delete(URL, headers=headers()).json() == {"name": "crm", "deleted": True}
    assert api.get(URL, headers=headers()).status_code == 404
    assert api.delete(URL, headers=headers()).status_code == 404


def test_names_are_paged(api: TestClient, headers: Headers) -> None:
    for name in ("c", "a", "b"):
        api.put(f"/api/secrets/acme/ann/{name}", json={"value": "value of it"}, headers=headers())
    first = api.get("/api/secrets/acme/ann", params={"limit": 2}, headers=headers()).json()
    assert ([each["name"] for each in first["secrets"]], first["next_after"]) == (["a", "b"], "b")
    rest = api.get("/api/secrets/acme/ann", params={"limit": 2, "after": "b"}, headers=headers()).json()
    assert ([each["name"] for each in rest["secrets"]], rest["next_after"]) == (["c"], None)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "stranger", [("acme", "bob", "chat", "trace", "admin"), ("other", "ann", "chat", "admin")], ids=str
)
def test_a_stranger_gets_the_answer_of_a_missing_one_and_changes_nothing(
    api: TestClient, headers: Headers, parts: Parts, method: str, stranger: tuple[str, ...]
) -> None:
    body = {"json": {"value": "another value"}} if method == "PUT" else {}
    missing = api.request(method, URL, headers=headers(*stranger), **body)  # type: ignore[arg-type]
    api.put(URL, json={"value": CANARY}, headers=headers())
    there = api.request(method, URL, headers=headers(*stranger), **body)  # type: ignore[arg-type]
    assert (there.status_code, there.text) == (missing.status_code, missing.text)
    assert there.status_code == 404
    assert parts.secrets.reveal(_ann(), "crm") == CANARY
    assert parts.database["secrets"].count_documents({}) == 1


@pytest.mark.parametrize(
    "body",
    [{"value": "abc"}, {"value": "   x   "}, {"value": "é" * 3000}, {"value": {"$ne": CANARY}}, {"valve": CANARY}, {}],
    ids=["short", "blank", "long", "an operator", "another field", "nothing"],
)
def test_what_is_no_secret_is_refused_and_not_repeated(
    api: TestClient, headers: Headers, parts: Parts, body: dict[str, Any]
) -> None:
    answer = api.put(URL, json=body, headers=headers())
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")
    assert CANARY not in answer.text
    assert "é" not in answer.text
    assert parts.database["secrets"].count_documents({}) == 0


@pytest.mark.parametrize("name", ["a.b", "$where", "a" * 65, "%20"])
def test_a_name_of_another_shape_is_refused(api: TestClient, headers: Headers, name: str) -> None:
    answer = api.put(f"/api/secrets/acme/ann/{name}", json={"value": CANARY}, headers=headers())
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")


def test_no_log_holds_what_was_put(
    api: TestClient, headers: Headers, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        api.put(URL, json={"value": CANARY}, headers=headers())
        monkeypatch.setattr(parts.secrets.cipher, "_key_id", "alias/none")
        failed = api.put(URL, json={"value": CANARY}, headers=headers())
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert (failed.status_code, failed.json()["code"]) == (503, "SECRETS_UNAVAILABLE")
    # What boto3 itself writes at DEBUG holds the request; the runtime leaves it at WARNING, and so it is not ours.
    ours = [line for line in log.getvalue().splitlines() if "KMS" in line]
    assert ours
    assert CANARY not in "\n".join(ours)


def _ann() -> Any:
    from mozaiks.access.principal import Tenant

    return Tenant("acme", "ann")
