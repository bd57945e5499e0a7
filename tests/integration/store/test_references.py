"""Documents of an app's own collections, on a real server with two tenants."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from bson import Decimal128, Int64, ObjectId, Regex
from bson.binary import Binary, UuidRepresentation
from pymongo.database import Database

from mozaiks.access.principal import Tenant
from mozaiks.engine.context import initial_values
from mozaiks.errors import MozaiksError
from mozaiks.manifests.spec import AgentSpec, ContextVariableSpec, Source, WorkflowSpec
from mozaiks.settings import Settings
from mozaiks.store.client import connect
from mozaiks.store.indexes import INDEXES
from mozaiks.store.references import MAX_DOCUMENTS, MongoReferences

Documents = Database[dict[str, Any]]
ACME, OTHER = Tenant("acme"), Tenant("globex")


@pytest.fixture
def references(database: Documents) -> MongoReferences:
    database["orders"].insert_many(
        [
            {"_id": 1, "app_id": "acme", "user_id": "ann", "item": "lamp", "price": 20, "to": {"city": "Bern"}},
            {"_id": 2, "app_id": "acme", "user_id": "bob", "item": "desk", "price": 90, "to": {"city": "Rome"}},
            {"_id": 3, "app_id": "globex", "user_id": "ann", "item": "plan", "price": 5, "to": {"city": "Bern"}},
            {"_id": 4, "user_id": "ann", "item": "nobody's"},
        ]
    )
    return MongoReferences(database)


def ids(found: list[dict[str, Any]]) -> list[Any]:
    return [document["_id"] for document in found]


def test_an_app_reads_its_own_documents(references: MongoReferences) -> None:
    assert ids(references.documents(ACME, "orders", {})) == [1, 2]
    assert ids(references.documents(OTHER, "orders", {})) == [3]


@pytest.mark.parametrize(
    "query",
    [
        {"app_id": "globex"},
        {"app_id": {"$ne": "acme"}},
        {"app_id": {"$exists": False}},
        {"$or": [{"app_id": "globex"}, {"_id": 4}]},
        {"$nor": [{"app_id": "acme"}]},
        {"_id": 3},
    ],
)
def test_no_query_reaches_another_apps_documents(references: MongoReferences, query: dict[str, Any]) -> None:
    assert references.documents(ACME, "orders", query) == []


def test_a_query_that_matches_everything_is_still_this_apps(references: MongoReferences) -> None:
    query = {"$or": [{"app_id": "globex"}, {"_id": {"$exists": True}}]}
    assert ids(references.documents(ACME, "orders", query)) == [1, 2]


def test_a_tenant_of_one_user_reads_that_users_documents(references: MongoReferences) -> None:
    assert ids(references.documents(Tenant("acme", "bob"), "orders", {})) == [2]


def test_only_the_named_fields_are_kept(references: MongoReferences) -> None:
    assert references.documents(ACME, "orders", {"_id": 1}, ["item", "to.city"]) == [
        {"item": "lamp", "to": {"city": "Bern"}}
    ]
    assert references.documents(ACME, "orders", {"_id": 1}, ["_id"]) == [{"_id": 1}]


@pytest.mark.parametrize(
    "name", [*INDEXES, "secrets", "app_themes", "journeys", "workflow_stats_acme_Desk", "system.users"]
)
def test_the_runtimes_own_collections_are_refused(references: MongoReferences, name: str) -> None:
    with pytest.raises(ValueError, match="the runtime's own"):
        references.documents(ACME, name, {})


@pytest.mark.parametrize("name", ["", "$cmd", "a$b", "a\0b", "..", ".a"])
def test_what_names_no_collection_is_refused(references: MongoReferences, name: str) -> None:
    with pytest.raises(ValueError, match="no name of a collection"):
        references.documents(ACME, name, {})


@pytest.mark.parametrize("name", ["$item", "to.$", "to.$city", "", "to.", "."])
def test_what_is_no_field_is_refused(references: MongoReferences, name: str) -> None:
    with pytest.raises(ValueError, match="is no field"):
        references.documents(ACME, "orders", {}, [name])


@pytest.mark.parametrize(
    "query", [{"item": {"$hunter2": 1}}, {"item": {"$in": "hunter2"}}, {"item": {"$regex": "(hunter2"}}]
)
def test_a_query_the_server_refuses_is_not_quoted(references: MongoReferences, query: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="the database refused the query") as refused:
        references.documents(ACME, "orders", query)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("value", [2**70, "\ud800", object(), {1: 1}])
def test_a_value_the_database_has_no_type_for_is_refused(references: MongoReferences, value: Any) -> None:
    with pytest.raises(ValueError, match="no type for"):
        references.documents(ACME, "orders", {"item": {"$eq": value}})


def test_fields_that_collide_are_refused(references: MongoReferences) -> None:
    with pytest.raises(ValueError, match="the database refused the query"):
        references.documents(ACME, "orders", {}, ["to", "to.city"])


def test_an_answer_ends_after_so_many_documents(database: Documents, references: MongoReferences) -> None:
    database["rows"].insert_many([{"_id": n, "app_id": "acme"} for n in range(MAX_DOCUMENTS + 5)])
    assert ids(references.documents(ACME, "rows", {})) == list(range(MAX_DOCUMENTS))
    assert ids(references.documents(ACME, "rows", {}, limit=10**6)) == list(range(MAX_DOCUMENTS))
    assert ids(references.documents(ACME, "rows", {}, limit=1)) == [0]


def test_an_answer_that_is_too_large_is_refused(database: Documents, references: MongoReferences) -> None:
    database["rows"].insert_many([{"app_id": "acme", "text": "x" * 400_000} for _ in range(3)])
    with pytest.raises(ValueError, match="narrow the query"):
        references.documents(ACME, "rows", {})


def test_every_type_becomes_json(database: Documents, references: MongoReferences) -> None:
    uuid = UUID("12345678123456781234567812345678")
    key = ObjectId()
    database["things"].insert_one(
        {
            "_id": key,
            "app_id": "acme",
            "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            "price": Decimal128(Decimal("9.90")),
            "uuid": Binary.from_uuid(uuid, UuidRepresentation.STANDARD),
            "bytes": b"\x00\x01",
            "many": Int64(2**40),
            "nan": float("nan"),
            "nested": [{"id": key}],
            "pattern": Regex("a.c"),
        }
    )
    found = references.documents(ACME, "things", {})
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert {name: found[0][name] for name in ("_id", "at", "price", "uuid", "bytes", "many", "nan", "nested")} == {
        "_id": str(key),
        "at": "2026-01-02T03:04:05.000Z",
        "price": "9.90",
        "uuid": str(uuid),
        "bytes": "AAE=",
        "many": 2**40,
        "nan": None,
        "nested": [{"id": str(key)}],
    }


def test_a_database_that_does_not_answer_is_said_to_be_so() -> None:
    nowhere = Settings(mongodb_uri="mongodb://127.0.0.1:1/?directConnection=true", mongodb_timeout_seconds=0.2)  # type: ignore[arg-type]
    with pytest.raises(MozaiksError) as raised:
        MongoReferences(connect(nowhere)).documents(ACME, "orders", {})
    assert raised.value.code == "DATABASE_UNAVAILABLE"


class _Threads:
    """The references for a program with an event loop."""

    def __init__(self, references: MongoReferences) -> None:
        self._references = references

    async def documents(
        self, tenant: Tenant, collection: str, query: Mapping[str, Any], fields: tuple[str, ...], limit: int
    ) -> list[dict[str, Any]]:
        return await asyncio.to_thread(self._references.documents, tenant, collection, query, fields, limit)


@pytest.mark.parametrize(
    ("template", "wanted", "expected"),
    [
        ({"user_id": "${user_id}"}, None, ["lamp"]),
        ({"price": {"$lt": "${wanted}"}}, 50, ["lamp"]),
        ({"$or": [{"item": "${wanted}"}, {"to": {"city": "Rome"}}]}, "lamp", ["lamp", "desk"]),
        ({"item": "${wanted}"}, "$item", []),
        ({"item": {"$ne": "${wanted}"}}, '{"$gt": ""}', ["lamp", "desk"]),
        ({"items": {"$elemMatch": {"n": "${wanted}"}}}, 1, []),
        ({"item": {"$not": {"$regex": "^l"}}}, None, ["desk"]),
        (None, None, ["lamp", "desk"]),
    ],
)
def test_a_variable_is_read_from_the_documents_its_template_matches(
    references: MongoReferences, template: dict[str, Any] | None, wanted: Any, expected: list[str]
) -> None:
    source = Source(kind="data_reference", collection="orders", query_template=template, fields=("item",))
    spec = WorkflowSpec(
        name="Desk",
        version="v",
        initial_agent="Ada",
        agents=(AgentSpec(name="Ada"),),
        context_variables=(
            ContextVariableSpec(name="wanted", default=wanted),
            ContextVariableSpec(name="orders", type="list", source=source),
        ),
    )
    facts = {"workflow_name": "Desk", "app_id": "acme", "chat_id": "c1", "user_id": "ann"}
    values = asyncio.run(initial_values(spec, facts=facts, folder=Path(), sources=_Threads(references)))
    assert [order["item"] for order in values["orders"]] == expected
