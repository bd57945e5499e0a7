"""The database fails at a command, one at a time: a lost connection, another primary, an answer that never comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pymongo
import pytest

from session_mongod import DatabaseServer

from .pace import SOAK_SECONDS, some
from .plays import PLAYS
from .promise import broken
from .theatre import Theatre, story
from .writes import WRITES, Point

FAULTS: dict[str, tuple[int, dict[str, Any]]] = {
    "the connection is lost": (1, {"closeConnection": True}),
    "the connection is lost again and again": (4, {"closeConnection": True}),
    "another node is primary": (1, {"errorCode": 10107}),
    "the server steps down in the middle": (1, {"errorCode": 11602}),
    "the node stays no primary": (4, {"errorCode": 189}),
    "it is done, and nobody knows whether it lasts": (
        1,
        {"writeConcernError": {"code": 91, "errmsg": ""}},
    ),
    "it is done after the worker gave up": (1, {"blockConnection": True, "blockTimeMS": 900}),
}
"""How often each strikes, and what ``failCommand`` does then."""


@pytest.fixture
def admin(mongod: DatabaseServer) -> Iterator[pymongo.MongoClient[dict[str, Any]]]:
    if mongod.admin_uri is None:
        pytest.skip("faults are injected into the tests' own server only")
    with pymongo.MongoClient[dict[str, Any]](mongod.admin_uri) as client:
        yield client


@contextmanager
def failing_at(
    admin: pymongo.MongoClient[dict[str, Any]], theatre: Theatre, point: Point, fault: str
) -> Iterator[list[Point]]:
    """Let the database fail at ``point``. Gives the points that were met."""
    times, data = FAULTS[fault]
    met: list[Point] = []

    def at(now: Point) -> None:
        met.append(now)
        if now == point:
            admin.admin.command(
                "configureFailPoint",
                "failCommand",
                mode={"times": times},
                data={"failCommands": [point.command], "appName": theatre.place.appname, **data},
            )

    WRITES.arm(at)
    try:
        yield met
    finally:
        WRITES.disarm()
        admin.admin.command("configureFailPoint", "failCommand", mode="off")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("play", ["Desk", "Batch", "People"] if not SOAK_SECONDS else sorted(PLAYS))
def test_a_database_that_fails_at_any_command_costs_nothing(
    play: str,
    fault: str,
    theatre_of: Callable[..., Theatre],
    admin: pymongo.MongoClient[dict[str, Any]],
    covered: Callable[[str, int], None],
) -> None:
    theatre = theatre_of(play, mongodb_timeout_seconds=0.6)
    chat_id, met = theatre.open(), list[Point]()
    WRITES.arm(met.append)
    answers = theatre.perform(chat_id)
    WRITES.disarm()
    expected = theatre.history(chat_id, answers)
    assert broken(expected) == []

    points = [point for point in met if point.moment == "before" and not point.is_paced]
    if "writeConcernError" in FAULTS[fault][1]:
        # How long a write lasts is not told inside a transaction, nor of what is read.
        points = some([point for point in points if not point.in_transaction and not point.is_read], 6)
    else:
        points = some(points[list(FAULTS).index(fault) :], 13 if FAULTS[fault][0] == 1 else 29)
    complaints = []
    for point in points:
        chat_id = theatre.open()
        with failing_at(admin, theatre, point, fault):
            answers = theatre.perform(chat_id)
        history = theatre.history(chat_id, answers)
        complaints += [f"{point}: {words}" for words in broken(history)]
        if story(history) != story(expected):
            complaints.append(f"{point}: the story is another one: {story(history)}")
    assert complaints == []
    covered("database faults", len(points))
