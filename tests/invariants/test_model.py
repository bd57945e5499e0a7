"""The model fails at a call, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mozaiks_local.demo_model import Fault

from .pace import some
from .plays import PLAYS
from .promise import History, broken
from .runtime import ANN
from .theatre import Theatre, story

PASSING: dict[str, dict[str, Any]] = {
    "rate_limit": {"retry_after": 0},
    "server_error": {},
    "stall": {"after_tokens": 1},
    "drop": {"after_tokens": 1},
    "garbage": {},
}
"""What is over when it is tried again: the chat goes on as if nothing had been."""

LASTING: dict[str, dict[str, Any]] = {
    "rate_limit": {"times": "forever", "retry_after": 0},
    "drop": {"times": "forever", "after_tokens": 2},
    "empty": {},
    "malformed_tool_call": {},
    "tool_loop": {},
}
"""What may end the chat, or take it elsewhere; whatever comes of it is told truthfully."""


def calls_of(theatre: Theatre) -> tuple[int, Any]:
    """How often the undisturbed play calls the model, and its history."""
    chat_id = theatre.open()
    history = theatre.history(chat_id, theatre.perform(chat_id))
    assert broken(history) == []
    return sum(request.chat == chat_id for request in theatre.demo.requests), history


@pytest.mark.parametrize("play", sorted(PLAYS))
def test_a_model_that_fails_once_at_any_call_costs_nothing(
    play: str, theatre_of: Callable[..., Theatre], covered: Callable[[str, int], None]
) -> None:
    theatre = theatre_of(play, model_timeout_seconds=0.4)
    calls, expected = calls_of(theatre)
    points = some([(call, kind) for call in range(calls) for kind in PASSING], 4)
    complaints = []
    for call, kind in points:
        chat_id = theatre.open()
        theatre.demo.faults.add(Fault(kind, chat=chat_id, skip=call, **PASSING[kind]))  # type: ignore[arg-type]
        history = theatre.history(chat_id, theatre.perform(chat_id))
        complaints += [f"{kind} at call {call}: {words}" for words in broken(history)]
        # What is no completion is an answer that does not fit, to an agent with an output: it is asked once more.
        told, wanted = (without_usage(each) if kind == "garbage" else story(each) for each in (history, expected))
        if told != wanted:
            complaints.append(f"{kind} at call {call}: the story is another one: {story(history)}")
    assert complaints == []
    assert theatre.demo.faults.pending() == []
    covered("model faults", len(points))


@pytest.mark.parametrize("play", sorted(PLAYS))
def test_a_model_that_keeps_failing_from_any_call_on_ends_the_chat_truthfully(
    play: str, theatre_of: Callable[..., Theatre], covered: Callable[[str, int], None]
) -> None:
    theatre = theatre_of(play, model_timeout_seconds=0.4, turn_max_model_calls=4)
    calls, _ = calls_of(theatre)
    points = some([(call, kind) for call in range(calls) for kind in LASTING], 4)
    complaints = []
    for call, kind in points:
        chat_id = theatre.open()
        theatre.demo.faults.add(Fault(kind, chat=chat_id, skip=call, **LASTING[kind]))  # type: ignore[arg-type]
        history = theatre.history(chat_id, theatre.perform_while_it_lasts(chat_id))
        theatre.demo.faults.clear()
        complaints += [f"{kind} from call {call}: {words}" for words in broken(history)]
        if LASTING[kind].get("times") == "forever" and history.status != "failed":
            complaints.append(f"{kind} from call {call}: the chat is {history.status!r}")
    assert complaints == []
    covered("model faults", len(points))


@pytest.mark.parametrize("play", ["Batch", "Desk", "People", "Pieces"])
def test_a_failed_chat_that_is_retried_goes_on_from_its_last_safe_point(
    play: str, theatre_of: Callable[..., Theatre], covered: Callable[[str, int], None]
) -> None:
    theatre = theatre_of(play, model_attempts=1)
    calls, expected = calls_of(theatre)
    points = some(range(calls), 2)
    complaints = []
    for call in points:
        chat_id = theatre.open()
        theatre.demo.faults.add(Fault("server_error", chat=chat_id, skip=call))
        theatre.perform_while_it_lasts(chat_id)
        theatre.runtime.parts.service.retry(ANN, chat_id)
        theatre.runtime.drive(chat_id)
        history = theatre.history(chat_id, theatre.perform(chat_id))
        complaints += [f"failed at call {call}: {words}" for words in broken(history)]
        if without_runs(history) != without_runs(expected):
            complaints.append(f"failed at call {call}: the story is another one: {story(history)}")
    assert complaints == []
    covered("retries", len(points))


def without_usage(history: History) -> list[tuple[Any, ...]]:
    """The story but for how many model calls it took."""
    return [told[:4] for told in story(history) if told[0] != "chat.usage_delta"]


def without_runs(history: History) -> list[tuple[Any, ...]]:
    """The story but for how many runs it took."""
    runs = ("chat.run_start", "run_complete", "chat.error")
    return [told for told in story(history) if told[0] not in runs]
