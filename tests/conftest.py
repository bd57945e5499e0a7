"""Fixtures every test may use: the run's MongoDB server, a database name of one's own, a strict client."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.server_api import ServerApi

from mozaiks_local.mongod import safe_address
from session_mongod import DatabaseServer, TestRun, server_of_this_run

__all__ = ["database_name", "mongo_client", "mongod"]

_RUN = pytest.StashKey[TestRun]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # an xdist worker finds its run in the environment
        config.stash[_RUN] = TestRun()


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(_RUN, None)
    if run is not None:
        run.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # Here, and not beside its tests: the process that distributes tests over workers reads no other conftest.
    totals: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name.startswith("covered:") and getattr(report, "when", None) == "call":
                    totals[name.removeprefix("covered:")] += value
    if totals:
        words = ", ".join(f"{number} {what}" for what, number in sorted(totals.items()))
        terminalreporter.write_line(f"delivery promise held over: {words}")
    skipped = Counter(str(each.longrepr[2]) for each in terminalreporter.getreports("skipped"))
    for reason, number in sorted(skipped.items()):
        terminalreporter.write_line(f"{number} skipped: {reason.removeprefix('Skipped: ')}")


@pytest.fixture(scope="session")
def mongod() -> DatabaseServer:
    """The server at ``TEST_MONGODB_URI``, else a real one-node replica set that lives as long as the test run."""
    uri = os.environ.get("TEST_MONGODB_URI")
    if uri:
        return DatabaseServer(uri=uri, admin_uri=None, safe_uri=f"mongodb://{safe_address(uri)}/")
    return server_of_this_run()


@pytest.fixture(scope="session")
def mongo_client(mongod: DatabaseServer) -> Iterator[MongoClient[dict[str, Any]]]:
    """A client under Stable API v1, strict: it refuses what would not run on the next server version."""
    with MongoClient[dict[str, Any]](
        mongod.uri, server_api=ServerApi("1", strict=True, deprecation_errors=True), tz_aware=True
    ) as client:
        yield client


@pytest.fixture
def database_name(mongod: DatabaseServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database no other test uses. The run's own server is wiped as a whole; any other is cleaned at once."""
    name = f"test_{secrets.token_hex(8)}"
    yield name
    if not mongod.is_own:
        request.getfixturevalue("mongo_client").drop_database(name)
