"""What these tests once found broken, and what stays mended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pymongo
import pytest

from mozaiks.chats.commands import SubmitInput
from mozaiks_local.demo_model import Fault

from .faults import failing_at
from .promise import broken
from .runtime import ANN
from .theatre import Theatre, Workers, story
from .writes import Point


def test_a_model_that_calls_tools_instead_of_picking_a_speaker_is_stopped(theatre_of: Callable[..., Theatre]) -> None:
    theatre = theatre_of("Panel", turn_max_model_calls=4)
    chat_id = theatre.open()
    theatre.demo.faults.add(Fault("tool_loop", agent="SpeakerSelector", times=30))
    theatre.runtime.submit(chat_id, "m1", "hello")
    theatre.runtime.drive(chat_id)
    asked = sum(request.agent == "SpeakerSelector" for request in theatre.demo.requests)
    assert asked <= 10


def test_the_log_says_what_became_of_calls_that_the_user_interrupted(
    theatre_of: Callable[..., Theatre], workers: Workers
) -> None:
    theatre = theatre_of("Batch")
    chat_id = theatre.open()
    point = Point("insert tool_results", 3)
    ended = workers.run(theatre.place, chat_id, theatre.play, ahead=0.0, point=point)
    assert ended.killed
    theatre.forget(ended.sessions)
    message = SubmitInput(type="user.input.submit", text="stop", client_message_id="m2", on_busy="interrupt")
    theatre.runtime.parts.service.submit(ANN, chat_id, message)
    theatre.runtime.drive(chat_id)
    theatre.sent[chat_id] = {"m1": "go", "m2": "stop"}
    assert broken(theatre.history(chat_id, {})) == []


@pytest.mark.parametrize("nth", [1, 2])
def test_a_question_that_could_not_be_kept_is_asked_with_its_siblings_and_not_after_their_answers(
    nth: int, theatre_of: Callable[..., Theatre], admin: pymongo.MongoClient[dict[str, Any]]
) -> None:
    theatre = theatre_of("People", mongodb_timeout_seconds=0.6)
    chat_id = theatre.open()
    expected = story(theatre.history(chat_id, theatre.perform(chat_id)))
    chat_id = theatre.open()
    point = Point("insert tool_results", nth, "before")
    with failing_at(admin, theatre, point, "it is done after the worker gave up") as met:
        answers = theatre.perform(chat_id)
    history = theatre.history(chat_id, answers)
    assert point in met
    assert broken(history) == []
    assert story(history) == expected
