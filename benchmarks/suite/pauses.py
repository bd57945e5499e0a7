"""A run that stopped for a component goes on: from the answer to the first words after it."""

from __future__ import annotations

import asyncio
from typing import Final

from benchmarks.figures import Row, Samples
from benchmarks.legs import legs
from benchmarks.talk import Heard, open_talk
from benchmarks.world import World

__all__ = ["measure"]

_TITLE: Final = "pause for a UI tool, local stack"
_PATH: Final = "where the first delta's time goes (answer to a UI tool)"
_NEXT_DELTA_AT_MOST: Final = 80.0
_THINKING_SECONDS: Final = 0.05
"""Nobody answers sooner; the worker of the last run has gone back to its pool by then."""


def measure(world: World) -> list[Row]:
    """Answer to next delta and to the end of the run, and the steps between."""
    heard = asyncio.run(_answers(world))
    return [
        Samples(each.first_delta for each in heard).ms(
            _TITLE, "ui_tool_response to next delta", at_most=_NEXT_DELTA_AT_MOST
        ),
        Samples(each.whole for each in heard).ms(_TITLE, "ui_tool_response to end of run"),
        *legs(heard, _PATH, stored="chat.ui_tool_complete", written="chat.tool_response"),
    ]


async def _answers(world: World) -> list[Heard]:
    heard = []
    warm_up = world.repeats(5, 3)
    async with open_talk(world.stack, "Ask") as talk:
        for turn in range(warm_up + world.repeats(40, 12)):
            request_id = await talk.say_and_be_asked("May I come?")
            await asyncio.sleep(_THINKING_SECONDS)
            answered = await talk.answer(request_id, {"day": "2031-05-04"})
            await asyncio.sleep(_THINKING_SECONDS)
            if turn >= warm_up:
                heard.append(answered)
    return heard
