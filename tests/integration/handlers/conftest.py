"""The handlers as they are deployed, in this process, on the real database, with ``events/*.json`` as their input."""

from __future__ import annotations

import importlib.util
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from mozaiks import bootstrap, settings
from mozaiks.access.principal import Principal, Tenant
from mozaiks.bootstrap import Parts
from mozaiks.chats.greeting import facts_of
from mozaiks.manifests import Workflows
from mozaiks.store.indexes import ensure_indexes
from mozaiks_local.demo_model import DemoModel, run_in_thread
from session_mongod import DatabaseServer

from .aws import Aws

ROOT = Path(__file__).parents[3]
CHAT = "5f0c6a5d2b8e4a1f9c3d7e6b1a2f4c8d"
CONNECTION = "BFHPhfCWIAMCKlQ="
ANN = Principal("acme", "ann")

Event = dict[str, Any]
Read = Callable[..., Event]
Call = Callable[[str, Event], Any]


class Context(LambdaContext):
    """What Lambda tells a handler of its invocation."""

    def __init__(self, function: str) -> None:
        self._function_name = function
        self._function_version = "$LATEST"
        self._invoked_function_arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function}"
        self._memory_limit_in_mb = 512
        self._aws_request_id = str(uuid.uuid4())
        self._log_group_name = f"/aws/lambda/{function}"
        self._log_stream_name = "test"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 60_000


@pytest.fixture
def aws() -> Iterator[Aws]:
    made = Aws()
    yield made
    made.close()


@pytest.fixture
def demo() -> Iterator[DemoModel]:
    with run_in_thread(ROOT / "workflows") as model:
        yield model


@pytest.fixture
def environment(
    mongod: DatabaseServer, database_name: str, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The variables that ``template.yaml`` gives the functions."""
    values = {
        "STAGE": "local",
        "MONGODB_URI": mongod.uri,
        "MONGODB_DB_NAME": database_name,
        "MOZAIKS_WORKFLOWS_PATH": str(ROOT / "workflows"),
        "MESSAGE_FUNCTION_NAME": "message",
        "RUN_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:run",
        "WEBSOCKET_CALLBACK_URL": f"{aws.url}/dev",
        "WEBSOCKET_PUBLIC_URL": "wss://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev",
        "AWS_ENDPOINT_URL_LAMBDA": aws.url,
        "AWS_ENDPOINT_URL_SFN": aws.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    for name in ("AUTH_ENABLED", "OPENAI_API_KEY", "OPENAI_BASE_URL", "MONGO_URI", "DATABASE_URI"):
        monkeypatch.delenv(name, raising=False)
    return values


@pytest.fixture
def parts(environment: dict[str, str]) -> Iterator[Parts]:
    """The process's parts, those the handlers of this test find, with a database that has its indexes."""
    settings.settings.cache_clear()
    bootstrap.parts.cache_clear()
    made = bootstrap.parts()
    ensure_indexes(made.database)
    yield made
    made.database.client.close()
    settings.settings.cache_clear()
    bootstrap.parts.cache_clear()


@pytest.fixture
def call(parts: Parts) -> Iterator[Call]:
    """Give an event to a function's handler, as Lambda does; each is loaded once."""
    loaded: dict[str, ModuleType] = {}
    with ExitStack() as stack:

        def invoke(function: str, event: Event) -> Any:
            if function not in loaded:
                loaded[function] = _load(function)
                if function == "orchestrate":
                    stack.callback(_close_engine, loaded[function])
            return loaded[function].handler(event, Context(function))

        yield invoke


def _load(function: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{function}_app", ROOT / "functions" / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _close_engine(module: ModuleType) -> None:
    module.RUNNER.run(module.SLICES.models.close())
    module.RUNNER.close()


@pytest.fixture
def event() -> Read:
    """The canonical event of this name; ``chat_id`` puts a real chat's id in the place of the written one."""

    def read(name: str, *, chat_id: str = CHAT, body: Any = None) -> Event:
        text = (ROOT / "events" / f"{name}.json").read_text()
        found: Event = json.loads(text.replace(CHAT, chat_id))
        if body is not None:
            found["body"] = body if isinstance(body, str) else json.dumps(body)
        return found

    return read


@pytest.fixture
def start(parts: Parts) -> Callable[..., str]:
    """Opens a chat of ``HelloWorld`` for Ann of acme; returns its id."""
    spec = Workflows(ROOT / "workflows").get("HelloWorld").spec

    def make(principal: Principal = ANN) -> str:
        return parts.service.start(principal, facts_of(spec), force_new=True).chat.chat_id

    return make


@pytest.fixture
def log(parts: Parts) -> Callable[[str], list[str]]:
    """Types of a chat's events, in order."""

    def read(chat_id: str) -> list[str]:
        events = parts.events.after(Tenant("acme"), chat_id, 0, 1000)
        assert [each.seq for each in events] == list(range(1, len(events) + 1))
        return [each.type for each in events]

    return read
