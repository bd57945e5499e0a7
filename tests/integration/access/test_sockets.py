"""Who may open a socket, and how long it may be used."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from integration.handlers.aws import Aws
from mozaiks.bootstrap import Parts, now
from mozaiks.logs import logger

from .conftest import CHAT, STRANGERS, Invoke, Token

Make = Callable[..., Any]
CONNECTION = "BFHPhfCWIAMCKlQ="


@pytest.fixture
def closed(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """Connection ids that were deleted, with the close code that was asked for."""
    found: list[tuple[str, str | None]] = []

    def do_delete(self: Any) -> None:
        found.append((self.path.rsplit("/", 1)[1], self.headers["X-Close-Code"]))
        self.send_response(204)
        self.end_headers()

    monkeypatch.setattr(aws._server.RequestHandlerClass, "do_DELETE", do_delete, raising=False)
    return found


def connections(parts: Parts) -> list[dict[str, Any]]:
    return list(parts.database["connections"].find())


@pytest.mark.parametrize("way", ["header", "query", "subprotocol"])
def test_a_good_token_connects(
    invoke: Invoke, opening: Make, token: Token, start: Make, parts: Parts, way: str
) -> None:
    given = token("acme", "ann", "chat", "trace")
    event = opening(start())
    if way == "header":
        event["headers"]["authorization"] = f"Bearer {given}"
    elif way == "query":
        event["queryStringParameters"]["access_token"] = given
    else:
        event["headers"]["Sec-WebSocket-Protocol"] = f"bearer, {given}"
    answer = invoke("connect", event)
    chosen = {"headers": {"Sec-WebSocket-Protocol": "bearer"}} if way == "subprotocol" else {}
    assert answer == {"statusCode": 200, **chosen}
    (kept,) = connections(parts)
    assert kept["scopes"] == ["chat", "trace"]
    assert timedelta(seconds=590) < kept["token_expires_at"] - now() <= timedelta(seconds=600)
    assert given not in json.dumps(kept, default=str)


@pytest.mark.parametrize(("seconds", "scope", "status"), [(-1, "chat", 401), (600, "trace", 403), (600, "admin", 403)])
def test_another_token_does_not(
    invoke: Invoke, opening: Make, token: Token, start: Make, parts: Parts, seconds: int, scope: str, status: int
) -> None:
    given = token("acme", "ann", scope, seconds=seconds)
    assert invoke("connect", opening(start(), Authorization=f"Bearer {given}")) == {"statusCode": status}
    assert connections(parts) == []


def test_no_token_does_not(invoke: Invoke, opening: Make, start: Make, parts: Parts) -> None:
    assert invoke("connect", opening(start())) == {"statusCode": 401}
    assert connections(parts) == []


@pytest.mark.parametrize("as_themselves", [True, False])
@pytest.mark.parametrize("stranger", STRANGERS)
def test_anothers_chat_is_refused_like_a_missing_one(
    invoke: Invoke, opening: Make, token: Token, start: Make, parts: Parts, aws: Aws, stranger: str, as_themselves: bool
) -> None:
    app, user = STRANGERS[stranger]
    header = {"Authorization": f"Bearer {token(app, user)}"}
    claimed = (app, user) if as_themselves else ("acme", "ann")
    missing = invoke("connect", opening(CHAT, app, user, **header))
    assert invoke("connect", opening(start(), *claimed, **header)) == missing == {"statusCode": 404}
    assert connections(parts) == []
    assert aws.invocations == []


@pytest.fixture
def expired(invoke: Invoke, opening: Make, token: Token, start: Make, parts: Parts) -> str:
    """A chat with a connection whose token has expired since; returns the chat's id."""
    chat_id: str = start()
    assert invoke("connect", opening(chat_id, Authorization=f"Bearer {token()}")) == {"statusCode": 200}
    parts.database["connections"].update_one({}, {"$set": {"token_expires_at": now() - timedelta(seconds=1)}})
    return chat_id


@pytest.mark.parametrize("body", [{"type": "ping"}, {"type": "user.input.submit", "text": "x"}, {"type": "nonsense"}])
def test_a_frame_after_the_end_of_the_token_is_refused_and_the_socket_closed(
    invoke: Invoke, frame: Make, parts: Parts, aws: Aws, expired: str, closed: list[Any], body: dict[str, Any]
) -> None:
    before = parts.service.get(*_ann(expired)).last_seq
    assert invoke("message", frame(**body)) == {"statusCode": 200}
    (answer,) = aws.frames[CONNECTION]
    assert (answer["type"], answer["data"]["code"], answer["data"]["retryable"]) == ("error", "TOKEN_EXPIRED", False)
    assert answer["data"]["details"] == {"close_code": 1008}
    assert closed == [(CONNECTION.replace("=", "%3D"), "1008")]
    assert connections(parts) == []
    assert parts.service.get(*_ann(expired)).last_seq == before


def test_a_greeting_after_the_end_of_the_token_tells_nothing(
    invoke: Invoke, aws: Aws, parts: Parts, expired: str, closed: list[Any]
) -> None:
    invoke("message", {"action": "greet", "connection_id": CONNECTION, "last_seq": 0})
    assert [each["data"]["code"] for each in aws.frames[CONNECTION]] == ["TOKEN_EXPIRED"]
    assert len(closed) == 1


def test_nothing_is_pushed_after_the_end_of_the_token(parts: Parts, aws: Aws, expired: str, closed: list[Any]) -> None:
    principal, chat_id = _ann(expired)
    parts.service.cancel(principal, chat_id)
    assert {each["type"] for each in aws.frames[CONNECTION]} <= {"error"}
    sender = parts.open_sender(parts.service.get(principal, chat_id))
    sender.publish(parts.events.after(principal.tenant, chat_id, 0, 10))
    sender.close()
    assert {each["data"]["code"] for each in aws.frames[CONNECTION]} == {"TOKEN_EXPIRED"}
    assert closed
    assert connections(parts) == []


def test_a_gateway_that_does_not_close_changes_nothing(
    invoke: Invoke, frame: Make, aws: Aws, parts: Parts, expired: str
) -> None:
    # This gateway knows no DELETE: it answers 501.
    invoke("message", frame(type="ping"))
    assert [each["data"]["code"] for each in aws.frames[CONNECTION]] == ["TOKEN_EXPIRED"]
    assert connections(parts) == []


def _ann(chat_id: str) -> tuple[Any, str]:
    from .conftest import ANN

    return ANN, chat_id


def test_no_log_line_holds_a_token(
    invoke: Invoke, opening: Make, token: Token, start: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    for name in (logger.name, "mozaiks"):
        for handler in logging.getLogger(name).handlers:
            monkeypatch.setattr(handler, "stream", log)
    monkeypatch.setenv("POWERTOOLS_LOGGER_LOG_EVENT", "true")
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    good, bad = token(), token(seconds=-1)
    for given in (good, bad):
        event = opening(start(), Authorization=f"Bearer {given}")
        event["queryStringParameters"]["access_token"] = given
        invoke("connect", event)
    invoke("api", _http_event(bad))
    written = log.getvalue()
    assert "A connection was refused" in written
    for given in (good, bad):
        assert given.rsplit(".", 1)[1] not in written


def _http_event(token: str) -> dict[str, Any]:
    from .conftest import ROOT

    event: dict[str, Any] = json.loads((ROOT / "events" / "http-list.json").read_text())
    event["headers"]["authorization"] = f"Bearer {token}"
    return event
