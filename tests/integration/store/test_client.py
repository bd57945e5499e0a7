"""What the driver raises when the database does not do its work becomes the one error that clients know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import DuplicateKeyError, OperationFailure

from mozaiks.errors import MozaiksError
from mozaiks.store.client import reachable
from session_mongod import DatabaseServer

FAULTS: dict[str, dict[str, Any]] = {
    "the connection is lost": {"closeConnection": True},
    "another node is primary": {"errorCode": 10107},
    "the server shuts down": {"errorCode": 91},
    "it is done, and nobody knows whether it lasts": {"writeConcernError": {"code": 64, "errmsg": "waiting"}},
    "it is done, and no other node has it": {"writeConcernError": {"code": 100, "errmsg": "unsatisfiable"}},
    "there is no room left": {"errorCode": 14031},
}


@pytest.fixture
def failing(mongod: DatabaseServer, database_name: str) -> Iterator[Any]:
    """Arms a fault for every insert of a client; gives that client's database."""
    if mongod.admin_uri is None:
        pytest.skip("faults are injected into the tests' own server only")
    with (
        MongoClient[dict[str, Any]](mongod.admin_uri) as admin,
        MongoClient[dict[str, Any]](mongod.uri, appname=database_name) as client,
    ):

        def arm(fault: dict[str, Any]) -> Any:
            data = {"failCommands": ["insert"], "appName": database_name, **fault}
            admin.admin.command("configureFailPoint", "failCommand", mode="alwaysOn", data=data)
            return client[database_name]

        yield arm
        admin.admin.command("configureFailPoint", "failCommand", mode="off")


@pytest.mark.parametrize("fault", FAULTS)
def test_what_passes_is_told_as_unavailable_and_may_be_tried_again(fault: str, failing: Any) -> None:
    database = failing(FAULTS[fault])
    with pytest.raises(MozaiksError) as told, reachable():
        database["chats"].insert_one({"_id": 1})
    assert told.value.code == "DATABASE_UNAVAILABLE"
    assert told.value.retryable
    assert "127.0.0.1" not in str(told.value)


def test_a_mistake_of_ours_is_not_taken_for_a_database_that_is_away(failing: Any) -> None:
    database = failing({"errorCode": 121})
    with pytest.raises(OperationFailure), reachable():
        database["chats"].insert_one({"_id": 1})


def test_a_key_that_is_taken_is_told_as_what_it_is(failing: Any) -> None:
    database = failing({"errorCode": 11000})
    with pytest.raises((DuplicateKeyError, OperationFailure)), reachable():
        database["chats"].insert_one({"_id": 1})
