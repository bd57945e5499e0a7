"""A process's parts on the real database, with users who have something of everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from integration.handlers.aws import Aws
from mozaiks.access.principal import Principal, Tenant
from mozaiks.access.sealed import SealedSecret
from mozaiks.bootstrap import Parts, now
from mozaiks.chats.changes import Change, HistoryEntry, KeptResult
from mozaiks.chats.commands import SubmitInput
from mozaiks.chats.decisions import end
from mozaiks.chats.greeting import facts_of
from mozaiks.chats.states import Lease
from mozaiks.journeys.states import Journey, Member
from mozaiks.manifests import Workflows
from mozaiks.push.connections import Connection
from mozaiks.settings import Settings
from mozaiks.store.collections import COLLECTIONS
from mozaiks.store.indexes import ensure_indexes
from mozaiks.store.journeys import MongoJourneys
from mozaiks.store.secrets import MongoSecrets
from mozaiks.store.tool_results import MongoToolResults
from mozaiks.web.app import create_app
from mozaiks_local.cli.dev_token import make_token
from session_mongod import DatabaseServer

ROOT = Path(__file__).parents[3]
ANN, BOB, THEIRS = Principal("acme", "ann"), Principal("acme", "bob"), Principal("other", "ann")
CANARY = "canary-in-the-coal-mine"


class World:
    """What tests do with a database that several users fill."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.facts = facts_of(Workflows(ROOT / "workflows").get("HelloWorld").spec)

    def chat(self, principal: Principal = ANN, *, running: bool = False, **fields: Any) -> str:
        """A chat with something in every collection of chats; a worker holds it if it is ``running``."""
        parts, tenant = self.parts, principal.tenant
        chat_id = parts.service.start(principal, self.facts, force_new=True).chat.chat_id
        parts.service.submit(
            principal, chat_id, SubmitInput(type="user.input.submit", text=CANARY, client_message_id="m-1")
        )
        entry = HistoryEntry("GreeterAgent", 0, {"said": CANARY})
        kept = KeptResult("call:answer", "t", {"response": CANARY})
        parts.chats.transact(tenant, chat_id, lambda _: Change(history=(entry,), results=(kept,)))
        MongoToolResults(parts.database).keep(tenant, chat_id, "call", "t", {"content": CANARY}, now())
        parts.drafts.write(tenant, chat_id, "m", "GreeterAgent", CANARY, now())
        spent = {"app_id": principal.app_id, "user_id": principal.user_id, "chat_id": chat_id}
        parts.database["run_usage"].update_one({"_id": f"{chat_id}-r1"}, {"$setOnInsert": spent}, upsert=True)
        soon = now() + timedelta(minutes=10)
        parts.connections.add(
            Connection(f"{chat_id}=", principal.app_id, principal.user_id, chat_id, frozenset({"chat"}), now(), soon)
        )
        if running:
            assert parts.chats.acquire(tenant, chat_id, 1, Lease("worker", soon), now()) is not None
        if fields:
            parts.database["chat_sessions"].update_one({"_id": chat_id}, {"$set": fields})
        return chat_id

    def fill(self, principal: Principal = ANN, chats: int = 2) -> list[str]:
        """A user with something in every collection of users."""
        database = self.parts.database
        made = [self.chat(principal) for _ in range(chats)]
        MongoSecrets(database).put(principal.tenant, SealedSecret("crm", CANARY.encode()), now())
        MongoJourneys(database, now).create(
            Journey(
                journey_run_id=f"j-{principal.app_id}-{principal.user_id}",
                app_id=principal.app_id,
                user_id=principal.user_id,
                journey_id="tour",
                members=(Member(0, "HelloWorld", made[0]),),
                created_at=now(),
                updated_at=now(),
                initial_message=CANARY,
            )
        )
        return made

    def ended(self, principal: Principal, chat_ids: list[str]) -> dict[str, int]:
        """End all that goes on, as an erasure does first; what there is then, by collection."""
        self.parts.journeys.stop_all(principal.tenant)
        for chat_id in chat_ids:
            self.parts.chats.transact(
                principal.tenant, chat_id, lambda chat: Change() if chat.ended else end(chat, "cancelled", now())
            )
        return self.left(principal, chat_ids)

    def left(self, principal: Principal = ANN, chat_ids: list[str] | None = None) -> dict[str, int]:
        """How much is left of a user, by collection; the runtime's own notes of what is erased count too."""
        found = {}
        for each in COLLECTIONS:
            documents = self.parts.database[each.name].find()
            mine = [
                document
                for document in documents
                if (document.get("app_id") in (principal.app_id, f"/{principal.app_id}"))
                and (
                    document.get("user_id") == principal.user_id
                    or {document.get("chat_id"), document["_id"]} & set(chat_ids or ())
                )
            ]
            if mine and each.name != "erased_chats":
                found[each.name] = len(mine)
        return found


@pytest.fixture
def aws() -> Iterator[Aws]:
    made = Aws()
    yield made
    made.close()


@pytest.fixture
def parts(mongod: DatabaseServer, database_name: str, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    for name, value in {
        "AWS_ENDPOINT_URL_LAMBDA": aws.url,
        "AWS_ENDPOINT_URL_SFN": aws.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    config = Settings(
        auth_enabled=True,
        jwt_secret="a secret of thirty-two bytes, or more",  # type: ignore[arg-type]
        allowed_issuers="us",
        mongodb_uri=mongod.uri,  # type: ignore[arg-type]
        mongodb_db_name=database_name,
        mozaiks_workflows_path=ROOT / "workflows",
        run_state_machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:run",
        websocket_callback_url=f"{aws.url}/dev",
        websocket_public_url="wss://chat.example.com/dev",
    )
    made = Parts(config)
    ensure_indexes(made.database)
    yield made
    made.database.client.close()


@pytest.fixture
def world(parts: Parts) -> World:
    return World(parts)


@pytest.fixture
def api(parts: Parts) -> TestClient:
    return TestClient(create_app(parts))


@pytest.fixture
def as_user(parts: Parts) -> Callable[..., dict[str, str]]:
    """Headers with a token for a user of an app."""

    def make(app: str = "acme", user: str = "ann", *scopes: str) -> dict[str, str]:
        token = make_token(parts.config, app, user, list(scopes or ("chat",)), timedelta(minutes=10))
        return {"authorization": f"Bearer {token}"}

    return make


__all__ = ["ANN", "BOB", "CANARY", "THEIRS", "Tenant", "World"]
