"""A theatre for each test, and the count of what was disturbed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest

from mozaiks.store.indexes import ensure_indexes
from mozaiks_local.demo_model import run_in_thread
from session_mongod import DatabaseServer

from .plays import PLAYS, Play
from .theatre import AWS, Theatre, Workers

__all__: list[str] = []

Covered = Callable[[str, int], None]


@pytest.fixture(scope="session")
def workers() -> Iterator[Workers]:
    made = Workers()
    yield made
    made.close()


@pytest.fixture
def theatre_of(
    tmp_path: Path, mongod: DatabaseServer, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Theatre]]:
    """Opens the theatre of a play, or of the one of that name, with workers of these settings."""
    for name, value in AWS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "workflows").mkdir()
    opened: list[Theatre] = []
    with run_in_thread(tmp_path / "workflows") as demo:

        def make(play: str | Play, **settings: Any) -> Theatre:
            made = Theatre(
                PLAYS[play] if isinstance(play, str) else play, tmp_path, mongod, database_name, demo, **settings
            )
            opened.append(made)
            # Not by the runtime's client: its patience may be short.
            ensure_indexes(made.watcher[database_name])
            return made

        yield make
        for theatre in opened:
            theatre.close()


@pytest.fixture
def covered(record_property: Callable[[str, object], None]) -> Covered:
    """Adds to the count of what was disturbed, told at the end of the test run."""
    return lambda what, number: record_property(f"covered:{what}", number)


@pytest.fixture
def admin(mongod: DatabaseServer) -> Iterator[pymongo.MongoClient[dict[str, Any]]]:
    if mongod.admin_uri is None:
        pytest.skip("faults are injected into the tests' own server only")
    with pymongo.MongoClient[dict[str, Any]](mongod.admin_uri) as client:
        yield client
