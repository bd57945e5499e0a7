"""A socket fails at a post, one at a time: not there yet, gone, too many posts, an error, no answer in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .outside import Answer
from .pace import SOAK_SECONDS, some
from .plays import PLAYS
from .promise import broken
from .theatre import Theatre, story

FAULTS: dict[str, tuple[int, float, float]] = {
    "gone": (410, 0.0, 60.0),
    "not there yet": (410, 0.0, 0.0),
    "too many posts": (429, 0.0, 60.0),
    "an error": (500, 0.0, 60.0),
    "no answer in time, lost": (504, 0.7, 60.0),
    "no answer in time, arrived": (200, 0.7, 60.0),
}
"""HTTP status, seconds before it comes, and how old the connection is."""


def striking(number: int, status: int, seconds: float) -> Callable[[str, dict[str, Any]], Answer]:
    """Answers the ``number``-th post, from 0, with ``status`` after ``seconds``."""
    posts = 0

    def answer(_connection: str, _frame: dict[str, Any]) -> Answer:
        nonlocal posts
        posts += 1
        return (status, seconds) if posts == number + 1 else (200, 0.0)

    return answer


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("play", ["Desk", "Form"] if not SOAK_SECONDS else sorted(PLAYS))
def test_a_socket_that_fails_at_any_post_costs_its_client_nothing(
    play: str, fault: str, theatre_of: Callable[..., Theatre], covered: Callable[[str, int], None]
) -> None:
    theatre = theatre_of(play)
    chat_id = theatre.open()
    expected = theatre.history(chat_id, theatre.perform(chat_id))
    assert broken(expected) == []
    status, seconds, age = FAULTS[fault]
    points = some(range(list(FAULTS).index(fault), len(expected.posted[chat_id])), 12)
    complaints = []
    for number in points:
        chat_id = theatre.open(connection_age=age)
        theatre.api.answer_to = striking(number, status, seconds)
        history = theatre.history(chat_id, theatre.perform(chat_id))
        complaints += [f"{fault} at post {number}: {words}" for words in broken(history)]
        if story(history) != story(expected):
            complaints.append(f"{fault} at post {number}: the story is another one: {story(history)}")
    assert complaints == []
    covered("push faults", len(points))
