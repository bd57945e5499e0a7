"""``connect``: who may open a socket to which chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mozaiks import bootstrap, settings
from mozaiks.access.principal import Principal
from mozaiks.bootstrap import Parts

from .aws import Aws
from .conftest import CHAT, CONNECTION, Call, Read

Start = Callable[..., str]


def connections(parts: Parts) -> list[dict[str, Any]]:
    return list(parts.database["connections"].find())


def test_a_connection_to_ones_own_chat_is_kept(call: Call, event: Read, start: Start, parts: Parts) -> None:
    chat_id = start()
    assert call("connect", event("socket-connect", chat_id=chat_id)) == {"statusCode": 200}
    (kept,) = connections(parts)
    assert (kept["_id"], kept["app_id"], kept["user_id"], kept["chat_id"]) == (CONNECTION, "acme", "ann", chat_id)


def test_a_new_connection_is_greeted_by_another_invocation(call: Call, event: Read, start: Start, aws: Aws) -> None:
    opening = event("socket-connect", chat_id=start())
    opening["queryStringParameters"]["last_seq"] = "7"
    call("connect", opening)
    ((function, kind, payload),) = aws.invocations
    assert (function, kind) == ("message", "Event")
    assert payload == {**event("message-greet"), "last_seq": 7}
    assert aws.frames == {}


def test_a_connection_to_a_missing_chat_is_refused(call: Call, event: Read, parts: Parts, aws: Aws) -> None:
    assert call("connect", event("socket-connect", chat_id=CHAT)) == {"statusCode": 404}
    assert connections(parts) == []
    assert aws.invocations == []


@pytest.mark.parametrize("owner", [Principal("acme", "bob"), Principal("other", "ann")], ids=["user", "app"])
def test_anothers_chat_is_refused_like_a_missing_one(
    call: Call, event: Read, start: Start, parts: Parts, owner: Principal
) -> None:
    missing = call("connect", event("socket-connect", chat_id=CHAT))
    assert call("connect", event("socket-connect", chat_id=start(owner))) == missing
    assert connections(parts) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("app_id", "a/b"),
        ("user_id", ""),
        ("chat_id", '{"$ne":null}'),
        ("last_seq", "-1"),
        ("last_seq", "٣"),
        ("app_id", None),
    ],
)
def test_an_ill_shaped_query_is_refused(
    call: Call, event: Read, start: Start, parts: Parts, field: str, value: str | None
) -> None:
    opening = event("socket-connect", chat_id=start())
    opening["queryStringParameters"].pop(field, None)
    if value is not None:
        opening["queryStringParameters"][field] = value
    assert call("connect", opening) == {"statusCode": 422}
    assert connections(parts) == []


def test_a_connection_without_a_query_is_refused(call: Call, event: Read) -> None:
    opening = event("socket-connect")
    del opening["queryStringParameters"]
    assert call("connect", opening) == {"statusCode": 422}


def test_where_tokens_are_to_be_checked_nobody_gets_in_without_one(
    parts: Parts, call: Call, event: Read, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat_id = start()
    monkeypatch.setenv("AUTH_ENABLED", "true")
    monkeypatch.setenv("JWT_SECRET", "s" * 32)
    monkeypatch.setenv("ALLOWED_ISSUERS", "us")
    settings.settings.cache_clear()
    bootstrap.parts.cache_clear()
    try:
        assert call("connect", event("socket-connect", chat_id=chat_id)) == {"statusCode": 401}
    finally:
        bootstrap.parts().database.client.close()
    assert connections(parts) == []


def test_a_closed_connection_is_forgotten(call: Call, event: Read, start: Start, parts: Parts) -> None:
    call("connect", event("socket-connect", chat_id=start()))
    assert call("connect", event("socket-disconnect")) == {"statusCode": 200}
    assert connections(parts) == []


def test_closing_twice_does_no_harm(call: Call, event: Read) -> None:
    for _ in range(2):
        assert call("connect", event("socket-disconnect")) == {"statusCode": 200}
