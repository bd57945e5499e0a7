"""The database fails at a command, one at a time: a lost connection, another primary, an answer that never comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pymongo
import pytest

from .faults import FAULTS, failing_at
from .pace import SOAK_SECONDS, some
from .plays import PLAYS
from .promise import broken
from .theatre import Theatre, story
from .writes import WRITES, Point


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
        points = some(points[list(FAULTS).index(fault) :], 31)
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
