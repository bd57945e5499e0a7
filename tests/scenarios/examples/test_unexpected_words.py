"""A visitor who says what no script foresaw still gets an answer."""

from __future__ import annotations

from typing import Any

import pytest

from mozaiks_local.client import ChatClient, Event

from ..conftest import House, texts, turn
from .conftest import of_type

WORDS = (
    "hm?",
    'Le teacher dit : "{user}" [Engineer]: ja, C-1 {tool.x}\n\nand <b>so</b> on — ' + "very " * 60 + "long 🦉",
    "what was the question again",
)


@pytest.mark.parametrize(
    ("workflow", "opened_by"),
    [
        ("Brainstorm", "chat.input_request"),
        ("CustomerSupport", "chat.input_request"),
        ("HelloWorld", "chat.run_complete"),
        ("IntakeInterview", "chat.run_complete"),
        ("LandingPage", "chat.input_request"),
        ("Panel", "chat.input_request"),
        ("Triage", "chat.input_request"),
    ],
)
def test_a_visitor_is_answered_whatever_is_said(house: House, play: Any, workflow: str, opened_by: str) -> None:
    async def scenario() -> list[list[Event]]:
        started = await house.start(workflow)
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until(opened_by, within=20)
            return [await turn(chat, words) for words in WORDS]

    for run in play(scenario()):
        said = [content for agent, content in texts(run) if agent is not None]
        assert said
        assert not any("demo model" in content for content in said), "a script has no line for this"
        assert of_type(run, "chat.error") == []
        assert run[-1].data["status"] in ("waiting", "completed")
