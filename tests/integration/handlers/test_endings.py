"""An execution that waits for the end of a chat is answered, whatever way the chat ends."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from mozaiks.access.principal import Principal, Tenant
from mozaiks.bootstrap import Parts
from mozaiks.chats.states import ChatStatus, Join, pending_input
from mozaiks.errors import MozaiksError
from mozaiks_local.demo_model import DemoModel
from mozaiks_local.demo_model.faults import Fault

from .aws import Aws
from .conftest import ANN, CONNECTION, Call, Read

Start = Callable[..., str]
TOKEN = "AQB8-canary-task-token"
ACME = Tenant("acme")


@pytest.fixture
def environment(environment: dict[str, str], demo: DemoModel, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("DEMO_MODEL_URL", demo.url)
    monkeypatch.setenv("MODEL_ATTEMPTS", "1")
    monkeypatch.setenv("MODEL_HTTP_RETRIES", "0")
    return environment


def journey(token: str = TOKEN) -> Join:
    return Join("journey", "run1", token)


@pytest.fixture
def awaited(parts: Parts, start: Start) -> Callable[..., str]:
    """A chat whose end an execution waits for; keyword arguments are fields of its document."""

    def make(token: str = TOKEN, **fields: Any) -> str:
        chat_id = start()
        parts.endings.attach("acme", chat_id, journey(token))
        if fields:
            parts.database["chat_sessions"].update_one({"_id": chat_id}, {"$set": fields})
        return chat_id

    return make


def answer(chat_id: str, outcome: str, token: str = TOKEN) -> tuple[str, dict[str, str]]:
    return token, {"outcome": outcome, "chat_id": chat_id}


def test_the_end_of_a_slice_answers_the_token(
    call: Call, event: Read, awaited: Start, aws: Aws, parts: Parts, demo: DemoModel
) -> None:
    demo.faults.add(Fault("server_error", times="forever"))
    chat_id = awaited()
    parts.service.begin(ANN, chat_id)
    outcome = call("orchestrate", event("orchestrate-slice", chat_id=chat_id))["outcome"]
    assert outcome == "failed"
    assert aws.answers == [answer(chat_id, "failed")]


def test_a_chat_that_only_waits_answers_nothing(
    call: Call, event: Read, awaited: Start, aws: Aws, parts: Parts
) -> None:
    chat_id = awaited()
    parts.service.begin(ANN, chat_id)
    assert call("orchestrate", event("orchestrate-slice", chat_id=chat_id))["outcome"] == "waiting"
    assert aws.answers == []


def test_a_cancelled_chat_answers(awaited: Start, aws: Aws, parts: Parts) -> None:
    chat_id = awaited()
    parts.service.cancel(ANN, chat_id)
    parts.service.cancel(ANN, chat_id)
    assert aws.answers == [answer(chat_id, "cancelled")]


def test_a_run_that_gave_up_answers(call: Call, event: Read, awaited: Start, aws: Aws, parts: Parts) -> None:
    chat_id = awaited()
    parts.service.begin(ANN, chat_id)
    call("orchestrate", event("orchestrate-fail", chat_id=chat_id))
    assert aws.answers == [answer(chat_id, "failed")]


def test_silence_answers(awaited: Start, aws: Aws, parts: Parts) -> None:
    chat_id = awaited()
    due = pending_input("input", expires_at=parts.service.clock() - timedelta(seconds=1))
    parts.chats.transact(
        ACME,
        chat_id,
        lambda _: _fields(status=ChatStatus.WAITING, waiting_for="input", pending=(due,)),
    )
    parts.service.expire_due(parts.service.get(ANN, chat_id))
    assert aws.answers == [answer(chat_id, "timed_out")]


def _fields(**fields: Any) -> Any:
    from mozaiks.chats.changes import Change

    return Change(fields)  # type: ignore[arg-type]


def test_stopping_a_whole_app_answers(awaited: Start, aws: Aws, parts: Parts) -> None:
    chat_ids = [awaited(f"{TOKEN}{n}") for n in range(3)]
    parts.service.stop_all(ACME)
    assert sorted(aws.answers) == [answer(chat_id, "cancelled", f"{TOKEN}{n}") for n, chat_id in enumerate(chat_ids)]


def test_a_chat_that_has_ended_answers_at_once(start: Start, aws: Aws, parts: Parts) -> None:
    chat_id = start()
    parts.service.cancel(ANN, chat_id)
    assert parts.endings.attach("acme", chat_id, journey()).status is ChatStatus.CANCELLED
    assert aws.answers == [answer(chat_id, "cancelled")]


def test_a_newer_token_takes_the_place_of_the_older(awaited: Start, aws: Aws, parts: Parts) -> None:
    chat_id = awaited("lost-execution")
    parts.endings.attach("acme", chat_id, journey())
    parts.service.cancel(ANN, chat_id)
    assert aws.answers == [answer(chat_id, "cancelled")]


def test_an_answered_token_is_forgotten(awaited: Start, aws: Aws, parts: Parts) -> None:
    chat_id = awaited()
    parts.service.cancel(ANN, chat_id)
    assert parts.service.get(ANN, chat_id).join == Join("journey", "run1", None, settled=True)
    assert TOKEN not in str(parts.database["chat_sessions"].find_one({"_id": chat_id}))


def test_a_chat_that_is_tried_again_answers_its_next_end(awaited: Start, aws: Aws, parts: Parts) -> None:
    chat_id = awaited()
    parts.service.begin(ANN, chat_id)
    parts.service.mark_failed("acme", chat_id, 1, "gone")
    parts.service.retry(ANN, chat_id)
    parts.endings.attach("acme", chat_id, journey("second"))
    parts.service.mark_failed("acme", chat_id, 2, "gone")
    assert aws.answers == [answer(chat_id, "failed"), answer(chat_id, "failed", "second")]


def test_an_answer_that_step_functions_does_not_take_is_repeated(
    call: Call, event: Read, awaited: Start, aws: Aws, parts: Parts
) -> None:
    chat_id = awaited()
    aws.step_functions_down = True
    parts.service.cancel(ANN, chat_id)
    assert parts.service.get(ANN, chat_id).status is ChatStatus.CANCELLED, "the command itself took effect"
    aws.step_functions_down = False
    assert call("reconcile", event("reconcile-schedule"))["untold_ends"] == 0, "whoever ended it may be about to"
    long_ago = parts.service.clock() - timedelta(minutes=1)
    parts.database["chat_sessions"].update_one({"_id": chat_id}, {"$set": {"updated_at": long_ago}})
    assert call("reconcile", event("reconcile-schedule"))["untold_ends"] == 1
    assert call("reconcile", event("reconcile-schedule"))["untold_ends"] == 0
    assert aws.answers == [answer(chat_id, "cancelled")]


def test_a_token_nobody_waits_for_is_settled_without_an_answer(awaited: Start, aws: Aws, parts: Parts) -> None:
    aws.unknown_tokens.add(TOKEN)
    chat_id = awaited()
    parts.service.cancel(ANN, chat_id)
    join = parts.service.get(ANN, chat_id).join
    assert join is not None
    assert (join.settled, aws.answers) == (True, [])


def test_of_many_that_tell_of_one_end_one_counts(awaited: Start, aws: Aws, parts: Parts) -> None:
    aws.step_functions_down = True
    chat_id = awaited()
    parts.service.cancel(ANN, chat_id)
    aws.step_functions_down = False
    chat = parts.service.get(ANN, chat_id)
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(lambda _: parts.service.settle(chat), range(4))) == [False, False, False, True]
    assert aws.answers == [answer(chat_id, "cancelled")]


def test_untold_ends_are_found_by_an_index(awaited: Start, parts: Parts) -> None:
    awaited()
    plan = (
        parts.database["chat_sessions"]
        .find({"join.settled": False, "status": {"$in": ["cancelled", "failed"]}})
        .explain()["queryPlanner"]["winningPlan"]
    )
    assert "COLLSCAN" not in json.dumps(plan, default=str)


def test_a_token_stands_in_no_event_frame_log_or_answer(
    call: Call,
    event: Read,
    awaited: Start,
    aws: Aws,
    parts: Parts,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG, "mozaiks")
    chat_id = awaited()
    call("connect", event("socket-connect", chat_id=chat_id))
    call("message", event("message-greet"))
    trace = Principal("acme", "ann", frozenset({"chat", "trace", "admin"}))
    aws.step_functions_down = True
    parts.service.mark_failed("acme", chat_id, 1, "gone")
    with pytest.raises(MozaiksError) as refused:
        parts.service.settle(parts.service.get(ANN, chat_id))
    aws.step_functions_down = False
    parts.service.settle(parts.service.get(ANN, chat_id))
    told = [
        list(parts.service.replay(trace, chat_id, 0)),
        parts.service.history(trace, chat_id, 0, 100),
        aws.frames[CONNECTION],
        aws.executions,
        aws.invocations,
        refused.value.details,
        str(refused.value),
        repr(Join("journey", "run1", TOKEN)),
        [list(parts.database[name].find()) for name in parts.database.list_collection_names()],
    ]
    assert TOKEN not in str(told)
    assert TOKEN not in caplog.text
    assert TOKEN not in "".join(capfd.readouterr())
    assert [token for token, _ in aws.answers] == [TOKEN], "the test would see it"
