"""The whole local stack where tokens are checked: who gets in, who does not, and that no log holds a token."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from mozaiks.bootstrap import Parts
from mozaiks.settings import Settings
from mozaiks.store.indexes import ensure_indexes
from mozaiks_local.cli.dev_token import make_token
from mozaiks_local.client import ApiError, ChatClient, ConnectRefusedError, Started, call_api, start_chat
from mozaiks_local.demo_model import run_in_thread
from mozaiks_local.stack import LocalStack, StackConfig
from node_packages import node_of_this_machine, vitest
from session_mongod import DatabaseServer

from .conftest import ROOT, texts, turn

SECRET = "a secret of thirty-two bytes, or more"


class Guarded:
    """A running product that checks tokens. ``given`` are the tokens that were handed out."""

    def __init__(self, stack: LocalStack, settings: Settings, logs: Path) -> None:
        self.stack, self.settings, self.logs = stack, settings, logs
        self.given: list[str] = []

    def token(self, app: str = "acme", user: str = "ann", *scopes: str, seconds: float = 600) -> str:
        made = make_token(self.settings, app, user, list(scopes or ("chat",)), timedelta(seconds=seconds))
        self.given.append(made)
        return made

    async def start(self, token: str, *, app: str = "acme", user: str = "ann") -> Started:
        return await start_chat(self.stack.http_url, app, "HelloWorld", user, token=token, force_new=True)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, mongod: DatabaseServer) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    settings = Settings.model_validate(
        {
            "stage": "local",
            "auth_enabled": True,
            "jwt_secret": SECRET,
            "allowed_issuers": "us",
            "mongodb_uri": mongod.uri,
            "mongodb_db_name": f"guarded_{time.time_ns()}",
        }
    )
    ensure_indexes(Parts(settings).database)
    with run_in_thread(ROOT / "workflows") as demo:
        config = StackConfig(
            template=ROOT / "template.yaml",
            data_dir=folder,
            port=0,
            parameters={
                "StageName": "local",
                "MongoDbName": settings.mongodb_db_name,
                "AuthEnabled": "true",
                "AllowedIssuers": "us",
                "LogLevel": "DEBUG",
            },
            environment={
                "MONGODB_URI": mongod.uri,
                "JWT_SECRET": SECRET,
                "MOZAIKS_WORKFLOWS_PATH": str(ROOT / "workflows"),
                "DEMO_MODEL_URL": demo.url,
                "JWT_LEEWAY_SECONDS": "0",
                "POWERTOOLS_LOGGER_LOG_EVENT": "true",
            },
            schedule=False,
            cache_dir=tmp_path_factory.getbasetemp().parent / "stack-cache",
        )
        with LocalStack(config) as stack:
            yield Guarded(stack, settings, folder)


def test_a_good_token_chats(guarded: Guarded, play: Any) -> None:
    async def scenario() -> None:
        token = guarded.token()
        started = await guarded.start(token)
        async with ChatClient(started.websocket_url, token=token) as chat:
            assert texts(await turn(chat))[0][0] == "GreeterAgent"
            assert texts(await turn(chat, "How do I say hello in Japanese?"))

    play(scenario())


@pytest.mark.parametrize("way", ["query", "subprotocol"])
def test_a_browser_brings_its_token_otherwise(guarded: Guarded, play: Any, way: str) -> None:
    async def scenario() -> None:
        token = guarded.token()
        url = (await guarded.start(token)).websocket_url
        if way == "query":
            url = f"{url}&{urlencode({'access_token': token})}"
        offered = [Subprotocol("bearer"), Subprotocol(token)] if way == "subprotocol" else None
        async with connect(url, subprotocols=offered, proxy=None) as socket:
            assert socket.subprotocol == ("bearer" if way == "subprotocol" else None)
            assert json.loads(await socket.recv())["type"] == "chat_meta"

    play(scenario())


def test_the_client_library_renews_its_token(guarded: Guarded) -> None:
    tokens = {
        "MOZAIKS_TOKEN": guarded.token(),
        "MOZAIKS_OTHER_TOKEN": guarded.token("acme", "bob"),
        "MOZAIKS_SHORT_TOKEN": guarded.token(seconds=8),
    }
    vitest(node_of_this_machine(), ROOT, "guarded", MOZAIKS_URL=guarded.stack.http_url, **tokens)


def test_nobody_gets_in_without_a_good_token(guarded: Guarded, play: Any) -> None:
    async def scenario() -> None:
        good, old = guarded.token(), guarded.token(seconds=-5)
        forged = good[:-5] + ("AAAAA" if not good.endswith("AAAAA") else "BBBBB")
        url = (await guarded.start(good)).websocket_url
        for token, code in ((None, "UNAUTHENTICATED"), (forged, "UNAUTHENTICATED"), (old, "TOKEN_EXPIRED")):
            with pytest.raises(ConnectRefusedError) as refused:
                await ChatClient(url, token=token).connect()
            assert (refused.value.status, refused.value.final) == (401, True)
            with pytest.raises(ApiError) as answered:
                await call_api(guarded.stack.http_url, "GET", "/api/chats/acme/HelloWorld", token=token)
            assert (answered.value.status, answered.value.code) == (401, code)
        with pytest.raises(ConnectRefusedError) as refused:
            await ChatClient(url, token=guarded.token("acme", "ann", "trace")).connect()
        assert refused.value.status == 403

    play(scenario())


@pytest.mark.parametrize(("app", "user"), [("acme", "bob"), ("other", "ann")])
def test_another_tenant_finds_nothing(guarded: Guarded, play: Any, app: str, user: str) -> None:
    async def scenario() -> None:
        started = await guarded.start(guarded.token())
        token = guarded.token(app, user)
        theirs = started.websocket_url.replace("app_id=acme", f"app_id={app}").replace("user_id=ann", f"user_id={user}")
        statuses = []
        for url in (started.websocket_url, theirs, theirs.replace(started.chat_id, "0" * 32)):
            with pytest.raises(InvalidStatus) as refused:
                await connect(url, additional_headers={"Authorization": f"Bearer {token}"}, proxy=None)
            statuses.append(refused.value.response.status_code)
        assert statuses == [404, 404, 404]
        with pytest.raises(ApiError) as answered:
            await call_api(
                guarded.stack.http_url, "GET", f"/api/chats/meta/acme/HelloWorld/{started.chat_id}", token=token
            )
        assert answered.value.code == "CHAT_NOT_FOUND"

    play(scenario())


def test_a_socket_ends_with_its_token(guarded: Guarded, play: Any) -> None:
    async def scenario() -> None:
        token = guarded.token(seconds=4)
        url = (await guarded.start(token)).websocket_url
        async with connect(url, additional_headers={"Authorization": f"Bearer {token}"}, proxy=None) as socket:
            pinging = asyncio.create_task(_ping(socket))
            frames = [json.loads(text) async for text in _until_closed(socket)]
            await pinging
            last = frames[-1]
            assert (last["type"], last["data"]["code"]) == ("error", "TOKEN_EXPIRED")
            assert socket.close_code == last["data"]["details"]["close_code"] == 1008

    play(scenario())


async def _ping(socket: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await socket.send('{"type":"ping"}')
            await asyncio.sleep(0.5)


async def _until_closed(socket: ClientConnection) -> AsyncIterator[str | bytes]:
    with contextlib.suppress(ConnectionClosed):
        while True:
            yield await socket.recv()


def test_no_log_holds_a_token(guarded: Guarded, play: Any) -> None:
    test_nobody_gets_in_without_a_good_token(guarded, play)
    test_a_browser_brings_its_token_otherwise(guarded, play, "query")
    written = {path: path.read_bytes() for path in guarded.logs.rglob("*.log")}
    assert b"A connection was refused" in b"".join(written.values())
    assert len(guarded.given) >= 4
    for token in guarded.given:
        signature = token.rsplit(".", 1)[1].encode()
        assert [path.name for path, text in written.items() if signature in text] == []
