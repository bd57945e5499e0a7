"""Tool results, drafts and connections."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from mozaiks.access.principal import Tenant
from mozaiks.bootstrap import now
from mozaiks.push.connections import MOST_FOLLOWED, Connection
from mozaiks.store.connections import MongoConnections
from mozaiks.store.drafts import MongoDrafts
from mozaiks.store.indexes import INDEXES, ensure_indexes
from mozaiks.store.tool_results import MongoToolResults

Documents = Database[dict[str, Any]]
ACME = Tenant("acme")
ANN = Tenant("acme", "ann")


def test_the_first_result_of_a_call_counts(database: Documents) -> None:
    results = MongoToolResults(database)
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda n: results.keep(ACME, "c1", "call", "t", {"n": n}, now())["n"], range(8)))
    assert len(set(kept)) == 1
    assert results.read(ACME, "c1", ["call"]) == {"call": {"n": kept[0]}}


@pytest.mark.parametrize("value", [{"$where": "1"}, {"a.b": {"": None}}, 2**90, "\ud800", "\x00", [[[]]]])
def test_any_json_is_kept_as_it_was(database: Documents, value: Any) -> None:
    results = MongoToolResults(database)
    results.keep(ACME, "c1", "call", "t", {"content": value}, now())
    assert results.read(ACME, "c1", ["call"])["call"]["content"] == value


def test_results_of_another_app_are_not_found(database: Documents) -> None:
    results = MongoToolResults(database)
    results.keep(ACME, "c1", "call", "t", {}, now())
    assert results.read(Tenant("evil"), "c1", ["call"]) == {}


def test_a_draft_is_replaced_by_the_next_one_and_cleared(database: Documents) -> None:
    drafts = MongoDrafts(database)
    drafts.write(ACME, "c1", "m1", "A", "$hel", now())
    drafts.write(ACME, "c1", "m2", "A", "$hello", now())
    found = drafts.read(ACME, "c1")
    assert found is not None
    assert (found["message_id"], found["content"]) == ("m2", "$hello")
    assert drafts.read(Tenant("evil"), "c1") is None
    drafts.clear(ACME, "c1")
    assert drafts.read(ACME, "c1") is None


def connection(id_: str, *, app: str = "acme", minutes: float = 10) -> Connection:
    return Connection(id_, app, "ann", "c1", frozenset({"chat"}), now(), now() + timedelta(minutes=minutes))


def test_connections_of_a_chat_are_those_of_its_app_that_have_not_expired(database: Documents) -> None:
    connections = MongoConnections(database)
    for each in (connection("a="), connection("b="), connection("old=", minutes=-1), connection("x=", app="evil")):
        connections.add(each)
    found = connections.of_chat(Tenant("acme"), "c1", now())
    assert sorted(each.connection_id for each in found) == ["a=", "b="]
    assert connections.get("old=", now()) is None
    connections.remove("a=")
    assert [each.connection_id for each in connections.of_chat(Tenant("acme"), "c1", now())] == ["b="]


def heard_by(connections: MongoConnections, chat_id: str, tenant: Tenant = ANN) -> list[str]:
    return sorted(each.connection_id for each in connections.of_chat(tenant, chat_id, now()))


def test_a_connection_hears_of_the_chats_it_follows_and_still_of_its_own(database: Documents) -> None:
    connections = MongoConnections(database)
    connections.add(connection("a="))
    connections.add(connection("b="))
    for _ in range(2):
        connections.follow(ANN, "a=", "c2")
    connections.follow(ANN, "a=", "c1")
    assert [heard_by(connections, each) for each in ("c1", "c2", "c3")] == [["a=", "b="], ["a="], []]
    found = connections.get("a=", now())
    assert found is not None
    assert (found.chat_id, found.follows) == ("c1", ("c2",))


def test_all_that_hear_of_a_chat_are_carried_along_to_the_next(database: Documents) -> None:
    connections = MongoConnections(database)
    for each in ("a=", "b="):
        connections.add(connection(each))
    connections.follow(ANN, "b=", "c2")
    assert connections.carry_along(ANN, "c2", "c3") == 1
    assert connections.carry_along(ANN, "c1", "c3") == 1
    assert connections.carry_along(ANN, "c1", "c3") == 0
    assert heard_by(connections, "c3") == ["a=", "b="]


@pytest.mark.parametrize("stranger", [Tenant("acme", "bob"), Tenant("evil", "ann")], ids=str)
def test_nobody_lets_anothers_connection_follow(database: Documents, stranger: Tenant) -> None:
    connections = MongoConnections(database)
    connections.add(connection("a="))
    connections.follow(stranger, "a=", "c2")
    assert connections.carry_along(stranger, "c1", "c2") == 0
    assert heard_by(connections, "c2") == []
    connections.follow(ANN, "a=", "c2")
    assert heard_by(connections, "c2", stranger) == []


def test_a_connection_follows_the_newest_of_very_many(database: Documents) -> None:
    connections = MongoConnections(database)
    connections.add(connection("a="))
    for n in range(MOST_FOLLOWED + 3):
        connections.follow(ANN, "a=", f"f{n}")
    found = connections.get("a=", now())
    assert found is not None
    assert found.follows == tuple(f"f{n}" for n in range(3, MOST_FOLLOWED + 3))
    assert heard_by(connections, "c1") == ["a="]


def test_the_connections_of_a_chat_are_looked_up_without_a_scan(database: Documents) -> None:
    connections = MongoConnections(database)
    connections.add(connection("a="))
    connections.follow(ANN, "a=", "c2")
    query = {"$or": [{**ANN.key, "chat_id": "c2"}, {**ANN.key, "follows": "c2"}], "expires_at": {"$gt": now()}}
    assert "COLLSCAN" not in str(database["connections"].find(query).explain())


def test_indexes_are_created_once_and_again_without_harm(database: Documents) -> None:
    declared = sorted(f"{name}.{index.document['name']}" for name, models in INDEXES.items() for index in models)
    assert sorted(ensure_indexes(database)) == declared
