"""Who takes over from whom: workers that outlive their lease, the minute's repairs, a chat that is told to stop."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import pytest

from mozaiks.chats.states import ChatStatus
from mozaiks.errors import MozaiksError
from mozaiks_local.demo_model import Fault
from session_mongod import DatabaseServer

from .plays import PLAYS, Play
from .promise import broken
from .runtime import ANN, Runtime
from .theatre import Theatre, Workers, story
from .writes import Point

_LEASE: Final = 15.0


def begun(theatre: Theatre, chat_id: str) -> int:
    """The user has said the first line, and nobody has taken the run up. Its number."""
    theatre.runtime.submit(chat_id, "m1", theatre.play.lines[0])
    theatre.sent[chat_id] = {"m1": theatre.play.lines[0]}
    return theatre.runtime.parts.service.get(ANN, chat_id).run_no


def slice_of(runtime: Runtime, chat_id: str, run_no: int) -> str:
    """One slice; how it ended, or with what error."""
    try:
        return runtime.loop.run(runtime.slice(chat_id, run_no))["outcome"]
    except MozaiksError as error:
        return error.code


# --- leases ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tokens", [0, 1, 2])
@pytest.mark.parametrize("skip", [0, 1])
def test_a_worker_that_lives_past_its_lease_and_one_that_took_over_tell_one_story(
    tokens: int, skip: int, theatre_of: Callable[..., Theatre], covered: Callable[[str, int], None]
) -> None:
    theatre = theatre_of("Desk", lease_seconds=_LEASE)
    chat_id = theatre.open()
    expected = story(theatre.history(chat_id, theatre.perform(chat_id)))
    chat_id = theatre.open()
    run_no = begun(theatre, chat_id)
    slow = theatre.another()
    theatre.demo.faults.add(Fault("slow", chat=chat_id, skip=skip, after_tokens=tokens, delay_ms=150.0))
    with ThreadPoolExecutor(1) as hand:
        late = hand.submit(slice_of, slow, chat_id, run_no)
        time.sleep(0.12)
        theatre.runtime.ahead += _LEASE + 1
        theatre.runtime.drive(chat_id)
        ended = late.result(30)
    slow.close()
    history = theatre.history(chat_id, theatre.perform(chat_id))
    assert ended in ("LEASE_LOST", "waiting", "backoff")
    assert broken(history) == []
    assert story(history) == expected
    covered("late workers", 1)


def test_a_worker_killed_inside_a_transaction_holds_its_chat_until_the_server_lets_go(
    mongod: DatabaseServer, theatre_of: Callable[..., Theatre], workers: Workers
) -> None:
    if mongod.admin_uri is None:
        pytest.skip("how long a server keeps a transaction is known of the tests' own only")
    theatre = theatre_of("Desk", mongodb_timeout_seconds=1.0)
    chat_id = theatre.open()
    point = Point("insert chat_events in transaction", 2)
    assert workers.run(theatre.place, chat_id, theatre.play, ahead=0.0, point=point).killed
    late = "is anybody there?"
    with pytest.raises(MozaiksError) as held:
        theatre.runtime.submit(chat_id, "m9", late)
    assert held.value.retryable
    until = time.monotonic() + 40
    while True:
        with suppress(MozaiksError):
            theatre.runtime.submit(chat_id, "m9", late)
            break
        assert time.monotonic() < until, "the server never ended the transaction"
    answers = theatre.perform(chat_id)
    theatre.sent[chat_id]["m9"] = late
    assert broken(theatre.history(chat_id, answers)) == []


# --- being told to stop ---------------------------------------------------------------------------------------------


def writes_of_a_stop(theatre: Theatre, workers: Workers, slices_before: int) -> list[Point]:
    chat_id, run_no = told_to_stop(theatre, slices_before)
    whole = workers.run(theatre.place, chat_id, theatre.play, ahead=theatre.runtime.ahead, point=None, run_no=run_no)
    return [p for p in whole.met if not p.is_read and not p.is_paced and not p.in_transaction]


def told_to_stop(theatre: Theatre, slices_before: int) -> tuple[str, int]:
    chat_id = theatre.open()
    run_no = begun(theatre, chat_id)
    for _ in range(slices_before):
        assert slice_of(theatre.runtime, chat_id, run_no) == "continue"
    theatre.runtime.parts.service.cancel(ANN, chat_id)
    return chat_id, run_no


@pytest.mark.parametrize("slices_before", [0, 1, 2])
def test_a_worker_killed_next_to_any_write_of_a_stop_leaves_a_chat_that_stops(
    slices_before: int, theatre_of: Callable[..., Theatre], workers: Workers, covered: Callable[[str, int], None]
) -> None:
    theatre = theatre_of("Pieces")
    points = writes_of_a_stop(theatre, workers, slices_before)
    assert points
    complaints = []
    for point in points:
        chat_id, run_no = told_to_stop(theatre, slices_before)
        ended = workers.run(
            theatre.place, chat_id, theatre.play, ahead=theatre.runtime.ahead, point=point, run_no=run_no
        )
        assert ended.killed
        theatre.forget(ended.sessions)
        theatre.runtime.parts.service.cancel(ANN, chat_id)
        theatre.runtime.drive(chat_id)
        history = theatre.history(chat_id, {})
        complaints += [f"{point}: {words}" for words in broken(history)]
        if history.status != "cancelled":
            complaints.append(f"{point}: the chat is {history.status!r}")
    assert complaints == []
    covered("kills", len(points))


# --- the minute's repairs -------------------------------------------------------------------------------------------


def hurried() -> Play:
    """Who is asked for approval has a minute."""
    play = PLAYS["People"]
    sections = copy.deepcopy(play.sections)
    for tool in sections["tools"]["tools"]:
        if tool["name"] == "wire":
            tool["timeout"] = 60
    return replace(play, sections=sections)


@pytest.mark.parametrize("answered", [False, True])
def test_of_two_that_repair_at_once_and_a_late_answer_one_has_its_way(
    answered: bool, theatre_of: Callable[..., Theatre], covered: Callable[[str, int], None]
) -> None:
    theatre = theatre_of(hurried())
    chat_id = theatre.open()
    begun(theatre, chat_id)
    theatre.runtime.drive(chat_id)
    chat = theatre.runtime.parts.service.get(ANN, chat_id)
    due = {each["tool_name"]: each for each in chat.pending if each["expires_at"] is not None}
    assert set(due) == {"wire"}
    pair = (theatre.another(), theatre.another())
    theatre.runtime.ahead += 61
    for runtime in pair:
        runtime.ahead = theatre.runtime.ahead
    answers: dict[str, list[dict[str, Any]]] = {}

    def say() -> None:
        request_id = due["wire"]["request_id"]
        with suppress(MozaiksError):
            said = theatre.runtime.reply(chat_id, "approval", request_id, True)
            answers[f"answer:{request_id}"] = [said]

    with ThreadPoolExecutor(3) as hands:
        repairs = [hands.submit(runtime.parts.reconciler.run) for runtime in pair]
        if answered:
            hands.submit(say).result(30)
        counted = sum(repair.result(30)["expired_requests"] for repair in repairs)
    for runtime in pair:
        runtime.close()
    assert counted == 1 - len(answers)
    theatre.runtime.drive(chat_id)
    theatre.runtime.answer_people(chat_id, theatre.play, answers)
    history = theatre.history(chat_id, answers)
    assert broken(history) == []
    assert history.status == ChatStatus.WAITING
    covered("repairs at once", 1)
