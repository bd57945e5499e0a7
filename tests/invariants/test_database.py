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

SLOW = ("the connection is lost again and again", "it is done after the worker gave up")
"""Faults that last: in an ordinary test run they strike half as often as the others."""


def struck(fault: str, met: list[Point]) -> list[Point]:
    """Where ``fault`` strikes: the faults share the writes, so that each is struck, and some of what is read.

    All of it when soaking. How long a write lasts is not told inside a transaction, nor of what is read.
    """
    points = [point for point in met if point.moment == "before" and not point.is_paced]
    writes, reads = ([point for point in points if point.is_read is is_read] for is_read in (False, True))
    names = list(FAULTS)
    turns = [name for name in names if name not in SLOW] + names
    if not tells_how_it_lasts(fault):
        reads = some(reads[names.index(fault) :], 31)
    else:
        reads, writes = [], writes if not SOAK_SECONDS else [point for point in writes if not point.in_transaction]
    if SOAK_SECONDS:
        return writes + reads
    return [point for place, point in enumerate(writes) if sharer(turns, place, point) == fault] + reads


def sharer(turns: list[str], place: int, point: Point) -> str:
    name = turns[place % len(turns)]
    return turns[(place + 1) % len(turns)] if point.in_transaction and tells_how_it_lasts(name) else name


def tells_how_it_lasts(fault: str) -> bool:
    return "writeConcernError" in FAULTS[fault][1]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("play", ["Batch", "Desk", "People"] if not SOAK_SECONDS else sorted(PLAYS))
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

    points = struck(fault, met)
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
