"""The tests' own database: shared, strict, and with nothing of another test in it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

TESTS = Path(__file__).parents[2]


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


def test_a_killed_test_run_leaves_no_server_and_no_folder() -> None:
    text = "import time\nfrom session_mongod import *\nrun = TestRun()\nserver = server_of_this_run()\n"
    text += "print(run.folder, flush=True)\nprint(server.safe_uri, flush=True)\ntime.sleep(600)\n"
    paths = [str(TESTS), str(TESTS.parent / "local")]
    process = subprocess.Popen(
        [sys.executable, "-c", text],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    assert process.stdout is not None
    folder = Path(process.stdout.readline().strip())
    address = urlsplit(process.stdout.readline().strip())
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 30
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not folder.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname, address.port))
