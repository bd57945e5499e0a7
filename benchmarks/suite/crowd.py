"""Several chats at once over the local stack."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Final

from benchmarks.figures import Row, Samples
from benchmarks.talk import Talk, open_talk
from benchmarks.world import World

__all__ = ["measure"]

_TITLE: Final = "200-token replies at once, local stack"
_COLD_WAVE: Final = 10
"""So many chats at once are more than the workers that are warm at the start."""


def measure(world: World) -> list[Row]:
    """Whole run of each chat, and chats per second, for 1, 10 and (unless it is to be quick) 50 at once."""
    return asyncio.run(_measure(world))


async def _measure(world: World) -> list[Row]:
    rows = []
    sizes = [(1, 3, world.repeats(20, 8)), (10, world.repeats(4, 2), world.repeats(4, 2))]
    if not world.quick:
        sizes.append((50, 2, 2))
    for chats, warm_up, waves in sizes:
        cold = await _wave(world, chats)
        if chats == _COLD_WAVE:
            whole = Samples(each[1] for each in cold)
            rows.append(whole.ms(_TITLE, f"{chats} at once, the first time: whole run", note="workers start meanwhile"))
        for _ in range(warm_up - 1):
            await _wave(world, chats)
        rows += await _warm(world, chats, waves)
    return rows


async def _warm(world: World, chats: int, waves: int) -> list[Row]:
    first, whole, rates = Samples(), Samples(), Samples()
    for _ in range(waves):
        took = await _wave(world, chats)
        first += [each[0] for each in took]
        whole += [each[1] for each in took]
        rates.append(len(took) / max(each[2] for each in took))
    name = f"{chats} at once"
    return [
        first.ms(_TITLE, f"{name}: first delta"),
        whole.ms(_TITLE, f"{name}: whole run"),
        rates.row(_TITLE, f"{name}: throughput", "chats/s"),
    ]


async def _wave(world: World, chats: int) -> list[tuple[float, float, float]]:
    """Say one thing in so many chats at once; of each, the seconds to first delta and end, and to its end from the
    wave's beginning."""
    async with contextlib.AsyncExitStack() as open_talks:
        talks = [await open_talks.enter_async_context(open_talk(world.stack, "Reply")) for _ in range(chats)]
        began = time.perf_counter()

        async def say(talk: Talk) -> tuple[float, float, float]:
            heard = await talk.say("hello")
            return heard.first_delta, heard.whole, time.perf_counter() - began

        return await asyncio.gather(*(say(talk) for talk in talks))
