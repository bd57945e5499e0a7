"""A store on a database of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from mozaiks.access.principal import Tenant
from mozaiks.bootstrap import now
from mozaiks.chats.changes import Change
from mozaiks.chats.states import Chat, ChatStatus, Greeting
from mozaiks.settings import Settings
from mozaiks.store.chats import MongoChats
from mozaiks.store.client import connect
from mozaiks.store.indexes import ensure_indexes
from session_mongod import DatabaseServer

NewChat = Callable[..., Chat]


@pytest.fixture
def database(mongod: DatabaseServer, database_name: str) -> Database[dict[str, Any]]:
    """Through the product's own client: Stable API v1 strict, majority writes."""
    made = connect(Settings(mongodb_uri=mongod.uri, mongodb_db_name=database_name))  # type: ignore[arg-type]
    ensure_indexes(made)
    return made


@pytest.fixture
def chats(database: Database[dict[str, Any]]) -> MongoChats:
    return MongoChats(database, now)


@pytest.fixture
def new_chat(chats: MongoChats) -> NewChat:
    """Stores a chat; keyword arguments are its fields."""
    made = 0

    def make(**fields: Any) -> Chat:
        nonlocal made
        made += 1
        moment = datetime(2026, 1, 1, 0, 0, made, tzinfo=UTC)
        chat = Chat(
            **{
                "chat_id": f"chat{made}",
                "app_id": "acme",
                "user_id": "ann",
                "workflow_name": "W",
                "workflow_version": "v",
                "greeting": Greeting("UserDriven", "Host"),
                "cache_seed": 4_000_000_000,
                "created_at": moment,
                "updated_at": moment,
                "status": ChatStatus.RUNNING,
                "run_no": 1,
                **fields,
            }
        )
        return chats.create(chat, Change()).chat

    return make


@pytest.fixture
def ann() -> Tenant:
    return Tenant("acme", "ann")


@pytest.fixture
def strict_client(mongo_client: MongoClient[dict[str, Any]], database_name: str) -> Database[dict[str, Any]]:
    return mongo_client[database_name]
