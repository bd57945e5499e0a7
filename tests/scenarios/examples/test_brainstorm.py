"""Brainstorm: who speaks is drawn by lot, the same lot whenever it is drawn again."""

from __future__ import annotations

from typing import Any

from mozaiks.engine.routing import after_turn
from mozaiks.manifests import load_workflow
from mozaiks_local.client import ChatClient, Event

from ..conftest import House, texts, turn
from .conftest import speakers, tools, updates


async def two_rounds(house: House) -> tuple[int, list[Event], list[Event]]:
    """The chat's seed, and what the client saw of each round."""
    started = await house.start("Brainstorm")
    async with ChatClient(started.websocket_url) as chat:
        await chat.read_until("chat.input_request", within=20)
        first = await turn(chat, "How could our office use less paper?")
        second = await turn(chat, "Now the same for lunch breaks")
    return started.cache_seed, first, second


def test_a_round_fills_the_board_and_gives_the_floor_back(house: House, play: Any) -> None:
    _, first, second = play(two_rounds(house))
    for round_ in (first, second):
        assert [len(board) for board in updates(round_, "board")] == [1, 2, 3, 4, 5]
        assert tools(round_) == ["pin_idea"] * 5
        assert [idea["by"] for idea in updates(round_, "board")[-1]] == speakers(round_)
        assert round_[-1].data["status"] == "waiting"
    assert [agent for agent, _ in texts(first) if agent is not None] == speakers(first)


def test_the_order_is_the_seeds(house: House, play: Any) -> None:
    seed, first, second = play(two_rounds(house))
    spec = load_workflow(house.workflows / "Brainstorm")
    drawn = ["Dreamer"]
    for turns in range(1, 5):
        drawn.append(
            str(after_turn(spec, drawn[-1], transfer_to=None, context={}, turns=turns, seed=seed).next_speaker)
        )
    assert speakers(first) == drawn
    assert speakers(second)[0] == drawn[-1], "after the user, the one that spoke before goes on"
