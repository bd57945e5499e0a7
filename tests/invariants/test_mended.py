"""What these tests once found broken, and what stays mended."""

from __future__ import annotations

from collections.abc import Callable

from mozaiks.chats.commands import SubmitInput
from mozaiks_local.demo_model import Fault

from .promise import broken
from .runtime import ANN
from .theatre import Theatre, Workers
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
