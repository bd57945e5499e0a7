"""The tests' own database: shared, strict, and with nothing of another test in it."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_gets_an_empty_database(
    mongo_client: MongoClient[dict[str, Any]], database_name: str, turn: int
) -> None:
    collection = mongo_client[database_name]["things"]
    assert collection.count_documents({}) == 0
    collection.insert_one({"turn": turn})


def test_client_refuses_what_is_outside_the_stable_api(
    mongo_client: MongoClient[dict[str, Any]], database_name: str
) -> None:
    with pytest.raises(OperationFailure) as caught:
        mongo_client[database_name]["things"].distinct("name")
    assert caught.value.code == 323


def test_an_aborted_transaction_leaves_nothing(mongo_client: MongoClient[dict[str, Any]], database_name: str) -> None:
    collection = mongo_client[database_name]["things"]
    with mongo_client.start_session() as session:
        session.start_transaction()
        collection.insert_one({"a": 1}, session=session)
        session.abort_transaction()
    assert collection.count_documents({}) == 0
