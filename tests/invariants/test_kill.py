"""A worker is killed next to each of its writes, one at a time; others finish what it began."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .pace import SOAK_SECONDS
from .plays import PLAYS
from .promise import History, broken
from .theatre import Theatre, Workers, story
from .writes import Point

SHARES = 2
"""Each play's points are shared among so many tests, for test runs with several processes."""


def chosen(met: list[Point]) -> list[Point]:
    """Each write after which something else is stored, and the moment when a tool ran and nobody knows it yet.

    Inside a transaction a write is nothing until the commit, and the moment before a write stores what the moment
    after the last one did; soaking goes there too.
    """
    writes = [point for point in met if not point.is_read]
    if SOAK_SECONDS:
        return writes
    return [
        point
        for point in writes
        if not point.is_paced
        and not point.in_transaction
        and (point.moment == "after" or point.name == "insert tool_results")
    ]


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("play", sorted(PLAYS))
def test_a_worker_killed_next_to_any_write_costs_nothing(
    play: str, share: int, theatre_of: Callable[..., Theatre], workers: Workers, covered: Callable[[str, int], None]
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


def after_death(theatre: Theatre, workers: Workers, point: Point, expected: History) -> list[str]:
    chat_id = theatre.open()
    ended = workers.run(theatre.place, chat_id, theatre.play, ahead=theatre.runtime.ahead, point=point)
    if not ended.killed:
        # How often it comes depends on the clock.
        return [] if point.is_paced else ["the worker never came to this point"]
    theatre.forget(ended.sessions)
    history = theatre.history(chat_id, theatre.perform(chat_id))
    told = story(history)
    return broken(history) + ([] if told == story(expected) else [f"the story is another one: {told}"])
