"""Going on in a long chat: what comes before the model is asked, and how much of it is due to the length."""

from __future__ import annotations

import asyncio
from typing import Final

from benchmarks.engine_slices import EngineSlices
from benchmarks.figures import Row, Samples
from benchmarks.long_chat import make_long_chat
from benchmarks.world import WORKFLOWS, World
from mozaiks.manifests import Workflows

__all__ = ["measure"]

_TITLE: Final = "resume of a long chat: slice's start to the model's request, in process"
_SHORT, _LONG = 100, 10_000
_SHORT_AT_MOST: Final = 50.0
_RATIO_AT_MOST: Final = 2.0


def measure(world: World) -> list[Row]:
    """Engine time of the next message in a chat of 100 and of 10,000 messages, and their ratio."""
    return asyncio.run(_measure(world))


async def _measure(world: World) -> list[Row]:
    engine, database = EngineSlices(world.parts), world.parts.database
    workflow = Workflows(WORKFLOWS).get("Reply")
    took: dict[int, Samples] = {_SHORT: Samples(), _LONG: Samples()}
    warm_up = world.repeats(5, 3)
    try:
        chats = {length: await make_long_chat(database, engine, workflow, length) for length in took}
        for turn in range(warm_up + world.repeats(40, 12)):
            # One after the other, so that whatever else the machine does meets both alike.
            for length, chat in chats.items():
                played = await engine.go_on(chat.chat_id, "and then?")
                chat.put_back()
                if turn >= warm_up:
                    took[length].append(played.to_model)
    finally:
        await engine.close()
    ratios = Samples(long / short for long, short in zip(took[_LONG], took[_SHORT], strict=True))
    sent = world.parts.config.history_max_entries
    return [
        took[_SHORT].ms(_TITLE, f"chat of {_SHORT} messages", at_most=_SHORT_AT_MOST, note="replies of 200 tokens"),
        took[_LONG].ms(_TITLE, f"chat of {_LONG:,} messages", note=f"the model is sent the newest {sent}"),
        ratios.row(_TITLE, f"{_LONG:,} messages / {_SHORT}", "×", at_most=_RATIO_AT_MOST),
    ]
