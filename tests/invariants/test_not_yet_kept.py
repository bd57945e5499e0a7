"""What the runtime does not keep yet. Each test fails, strictly: who mends the cause takes the mark away."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mozaiks.chats.commands import SubmitInput
from mozaiks_local.demo_model import Fault

from .promise import broken
from .runtime import ANN
from .theatre import Theatre, Workers
from .writes import Point


@pytest.mark.xfail(
    strict=True, reason="the events that open a run are dropped where the run goes on with a turn that is open"
)
def test_a_run_that_goes_on_after_people_answered_says_that_it_began(theatre_of: Callable[..., Theatre]) -> None:
    theatre = theatre_of("People")
    chat_id = theatre.open()
    history = theatre.history(chat_id, theatre.perform(chat_id))
    runs = [event["data"]["run_no"] for event in history.of_type("chat.run_complete")]
    assert [event["data"]["run_no"] for event in history.of_type("chat.run_start")] == runs


@pytest.mark.xfail(strict=True, reason="the call that picks the next speaker goes through no guard against loops")
def test_a_model_that_calls_tools_instead_of_picking_a_speaker_is_stopped(theatre_of: Callable[..., Theatre]) -> None:
    theatre = theatre_of("Panel", turn_max_model_calls=4)
    chat_id = theatre.open()
    theatre.demo.faults.add(Fault("tool_loop", agent="SpeakerSelector", times=30))
    theatre.runtime.submit(chat_id, "m1", "hello")
    theatre.runtime.drive(chat_id)
    asked = sum(request.agent == "SpeakerSelector" for request in theatre.demo.requests)
    assert asked <= 10


@pytest.mark.xfail(strict=True, reason="an interruption closes the agent's history, not the calls in the chat's log")
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
