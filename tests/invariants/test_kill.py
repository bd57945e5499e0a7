"""A worker is killed next to each of its writes, one at a time; others finish what it began."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .plays import PLAYS
from .promise import broken
from .theatre import Theatre, Workers, story
from .writes import Point

SHARES = 2
"""Each play's points are shared among so many tests, for test runs with several processes."""


def chosen(met: list[Point]) -> list[Point]:
    """Points where what is stored or what has happened outside differs from the point before.

    A write inside a transaction is nothing until the commit; ``make soak`` kills there too.
    """
    return [point for point in met if not point.is_draft and not point.in_transaction]


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("play", sorted(PLAYS))
def test_a_worker_killed_next_to_any_write_costs_nothing(
    play: str, share: int, theatre_of: Callable[[str], Theatre], workers: Workers, covered: Callable[[str, int], None]
) -> None:
    theatre = theatre_of(play)
    chat_id = theatre.open()
    whole = workers.run(theatre.place, chat_id, theatre.play, ahead=0.0, point=None)
    expected = theatre.history(chat_id, theatre.perform(chat_id))
    assert broken(expected) == []
    points = chosen(whole.met)[share::SHARES]
    complaints = [f"{point}: {words}" for point in points for words in after_death(theatre, workers, point, expected)]
    assert complaints == []
    covered("kills", len(points))


def after_death(theatre: Theatre, workers: Workers, point: Point, expected) -> list[str]:
    chat_id = theatre.open()
    ended = workers.run(theatre.place, chat_id, theatre.play, ahead=theatre.runtime.ahead, point=point)
    if not ended.killed:
        return ["the worker never came to this point"]
    theatre.forget(ended.sessions)
    history = theatre.history(chat_id, theatre.perform(chat_id))
    told = story(history)
    return broken(history) + ([] if told == story(expected) else [f"the story is another one: {told}"])
