"""Going on in a long chat: what comes before the model is asked, and how much of it is due to the length."""

from __future__ import annotations

import asyncio
from typing import Final

from benchmarks.engine_slices import EngineSlices, Played
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
    played: dict[int, list[Played]] = {_SHORT: [], _LONG: []}
    warm_up = world.repeats(5, 3)
    try:
        chats = {length: await make_long_chat(database, engine, workflow, length) for length in played}
        for turn in range(warm_up + world.repeats(25, 8)):
            # One after the other, so that whatever else the machine does meets both alike.
            for length, chat in chats.items():
                run = await engine.go_on(chat.chat_id, "and then?")
                chat.put_back()
                if turn >= warm_up:
                    played[length].append(run)
    finally:
        await engine.close()
    sent = world.parts.config.history_max_entries
    rows = []
    for length, runs in played.items():
        name, limit = f"chat of {length:,} messages", _SHORT_AT_MOST if length == _SHORT else None
        note = "replies of 200 tokens" if length == _SHORT else f"the model is sent the newest {sent}"
        rows += [
            Samples(run.to_model for run in runs).ms(_TITLE, name, at_most=limit, note=note),
            Samples(run.to_client for run in runs).ms(_TITLE, f"{name}: engine and MongoDB"),
            Samples(run.to_model - run.to_client for run in runs).ms(_TITLE, f"{name}: request written by the SDK"),
        ]
    pairs = list(zip(played[_LONG], played[_SHORT], strict=True))
    ratios = Samples(long.to_model / short.to_model for long, short in pairs)
    engines = Samples(long.to_client / short.to_client for long, short in pairs)
    name = f"{_LONG:,} messages / {_SHORT}"
    return [
        *rows,
        ratios.row(_TITLE, name, "×", at_most=_RATIO_AT_MOST),
        engines.row(_TITLE, f"{name}: engine and MongoDB", "×", at_most=_RATIO_AT_MOST),
    ]
