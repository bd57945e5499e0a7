"""ReviewLoop: writer and critic in turns, until the critic approves or six turns have passed."""

from __future__ import annotations

from typing import Any

from mozaiks_local.client import ChatClient, Event

from ..conftest import House, texts, turn
from .conftest import of_type, prompts_of, speakers, updates


async def review(house: House, task: str | None = None) -> tuple[str, list[Event]]:
    started = await house.start("ReviewLoop", initial_message=task)
    async with ChatClient(started.websocket_url) as chat:
        return started.chat_id, await turn(chat)


def test_the_approval_ends_the_run(house: House, play: Any) -> None:
    _, seen = play(review(house))
    assert speakers(seen) == ["Writer", "Critic", "Writer", "Critic"]
    assert texts(seen)[-1][1].startswith("APPROVED:")
    assert (seen[-1].data["status"], seen[-1].data["result"], seen[-1].data["turns"]) == ("completed", "text", 4)
    assert of_type(seen, "chat.error") == []


def test_who_never_approves_is_stopped_after_six_turns(house: House, play: Any) -> None:
    _, seen = play(review(house, "Write an announcement about something that pleases nobody."))
    assert speakers(seen) == ["Writer", "Critic"] * 3
    assert seen[-1].data["status"] == "completed"
    assert seen[-1].data["result"] == "max_consecutive_auto_replies"


def test_the_task_is_hidden_and_followed(house: House, play: Any) -> None:
    chat_id, seen = play(review(house, "Write an announcement about the new night bus."))
    assert [agent for agent, _ in texts(seen)] == ["Writer", "Critic", "Writer", "Critic"]
    assert "the new night bus" in texts(seen)[0][1]
    assert (None, "Write an announcement about the new night bus.") in house.said(chat_id)


def test_hooks_see_what_is_read_said_and_prompted(house: House, play: Any) -> None:
    chat_id, seen = play(review(house))
    drafts = [text for agent, text in texts(seen) if agent == "Writer"]
    assert not any("!" in draft or "  " in draft for draft in drafts)
    assert updates(seen, "drafts") == [1, 2]
    asked = [each for each in house.demo.requests if each.chat == chat_id and each.agent == "Writer"]
    assert "(At most 60 words.)" in str(asked[0].body["messages"][-1]["content"])
    assert [f"draft {n}." in prompt for n, prompt in enumerate(prompts_of(house, chat_id, "Critic"), start=1)] == [
        True,
        True,
    ]
