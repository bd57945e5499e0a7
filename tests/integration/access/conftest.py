"""The handlers and the API where tokens are checked, on the real database."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from integration.handlers.aws import Aws
from integration.handlers.conftest import CHAT, Context
from mozaiks import bootstrap, settings
from mozaiks.access.principal import Principal
from mozaiks.bootstrap import Parts
from mozaiks.chats.commands import SubmitInput
from mozaiks.chats.greeting import facts_of
from mozaiks.manifests import Workflows
from mozaiks.store.indexes import ensure_indexes
from mozaiks.web.app import create_app
from mozaiks_local.cli.dev_token import make_token
from session_mongod import DatabaseServer

ROOT = Path(__file__).parents[3]
ANN = Principal("acme", "ann")
STRANGERS = {"another user": ("acme", "bob"), "another app": ("other", "ann")}

Token = Callable[..., str]
Invoke = Callable[[str, dict[str, Any]], dict[str, Any]]


@pytest.fixture
def aws() -> Iterator[Aws]:
    made = Aws()
    yield made
    made.close()


@pytest.fixture
def parts(mongod: DatabaseServer, database_name: str, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    """The process's parts, those the handlers of this test find."""
    for name, value in {
        "STAGE": "local",
        "AUTH_ENABLED": "true",
        "JWT_SECRET": "a secret of thirty-two bytes, or more",
        "ALLOWED_ISSUERS": "us",
        "JWT_LEEWAY_SECONDS": "0",
        "MONGODB_URI": mongod.uri,
        "MONGODB_DB_NAME": database_name,
        "MOZAIKS_WORKFLOWS_PATH": str(ROOT / "workflows"),
        "MESSAGE_FUNCTION_NAME": "message",
        "RUN_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:run",
        "WEBSOCKET_CALLBACK_URL": f"{aws.url}/dev",
        "WEBSOCKET_PUBLIC_URL": "wss://chat.example.com/dev",
        "AWS_ENDPOINT_URL_LAMBDA": aws.url,
        "AWS_ENDPOINT_URL_SFN": aws.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    settings.settings.cache_clear()
    bootstrap.parts.cache_clear()
    made = bootstrap.parts()
    ensure_indexes(made.database)
    yield made
    made.database.client.close()
    settings.settings.cache_clear()
    bootstrap.parts.cache_clear()


@pytest.fixture
def token(parts: Parts) -> Token:
    """A token for a user of an app; ``seconds`` may be negative."""

    def make(app: str = "acme", user: str = "ann", *scopes: str, seconds: float = 600) -> str:
        return make_token(parts.config, app, user, list(scopes or ("chat",)), timedelta(seconds=seconds))

    return make


@pytest.fixture
def api(parts: Parts) -> TestClient:
    return TestClient(create_app(parts))


@pytest.fixture
def invoke(parts: Parts) -> Invoke:
    """Give an event to a function's handler, as Lambda does."""
    handlers: dict[str, Any] = {}

    def call(function: str, event: dict[str, Any]) -> dict[str, Any]:
        if function not in handlers:
            spec = importlib.util.spec_from_file_location(f"{function}_app", ROOT / "functions" / function / "app.py")
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            handlers[function] = module.handler
        answer: dict[str, Any] = handlers[function](event, Context(function))
        return answer

    return call


@pytest.fixture
def opening() -> Callable[..., dict[str, Any]]:
    """A ``$connect`` event, as ``events/`` has it, for a chat, an app and a user."""

    def make(chat_id: str, app: str = "acme", user: str = "ann", **headers: str) -> dict[str, Any]:
        event: dict[str, Any] = json.loads((ROOT / "events" / "socket-connect.json").read_text())
        event["queryStringParameters"] |= {"chat_id": chat_id, "app_id": app, "user_id": user}
        event["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
        event.pop("multiValueHeaders"), event.pop("multiValueQueryStringParameters")
        return event

    return make


@pytest.fixture
def frame() -> Callable[..., dict[str, Any]]:
    """A socket event that carries a frame."""

    def make(**body: Any) -> dict[str, Any]:
        event: dict[str, Any] = json.loads((ROOT / "events" / "socket-message.json").read_text())
        event["body"] = json.dumps(body)
        return event

    return make


@pytest.fixture
def start(parts: Parts) -> Callable[..., str]:
    """Opens a chat of ``HelloWorld`` in which its user has said something; returns its id."""
    spec = Workflows(ROOT / "workflows").get("HelloWorld").spec

    def make(principal: Principal = ANN) -> str:
        chat_id = parts.service.start(principal, facts_of(spec), force_new=True, client_request_id=None).chat.chat_id
        parts.service.submit(principal, chat_id, SubmitInput(type="user.input.submit", text="hello"))
        return chat_id

    return make


__all__ = ["ANN", "CHAT", "ROOT", "STRANGERS", "Invoke", "Token"]
