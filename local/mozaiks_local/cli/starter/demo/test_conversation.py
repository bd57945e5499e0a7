"""The workflow __NAME__ holds the conversation its demo script is written for.

Run it from the project's folder: ``make test ARGS=__FOLDER__``
"""

# ruff: noqa: S101 - a test asserts
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mozaiks.manifests import inspect_workflow
from mozaiks_local.cli.rehearsal import Play, rehearsal

WORKFLOW = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def play() -> Iterator[Play]:
    """The real backend with the demo model; starting it takes some seconds."""
    with rehearsal(WORKFLOW) as play:
        yield play


def test_the_manifests_load_without_a_problem() -> None:
    assert [str(problem) for problem in inspect_workflow(WORKFLOW).problems] == []


def test_the_assistant_looks_the_opening_hours_up(play: Play) -> None:
    chat = play("When are you open on Saturday?", "And on Sunday?", "Thanks, bye!")
    assert chat.tools == ["opening_hours", "opening_hours"]
    texts = [text for _, text in chat.said]
    assert "On Saturday we are open from 10:00 to 14:00." in texts
    assert "On Sunday we are closed." in texts
    assert (chat.status, chat.errors) == ("completed", [])


def test_anything_else_becomes_a_message_for_the_owner(play: Play) -> None:
    chat = play("Can you repair my bicycle?")
    assert chat.said[-1] == (
        "MessageAgent",
        "Thank you, I have noted: “Can you repair my bicycle?” The owner will answer within a day.",
    )
    assert (chat.status, chat.errors) == ("waiting", [])
