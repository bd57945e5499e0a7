"""Everything that was said, told again over the socket, event by event and many to a frame."""

from __future__ import annotations

import asyncio
from typing import Final

from benchmarks.engine_slices import EngineSlices
from benchmarks.figures import Row, Samples
from benchmarks.long_chat import make_log
from benchmarks.talk import Replayed, join_talk
from benchmarks.world import WORKFLOWS, World
from mozaiks.manifests import Workflows

__all__ = ["measure"]

_EVENTS: Final = 1000
_TITLE: Final = f"replay of {_EVENTS:,} stored events, local stack"
_AT_MOST: Final = 150.0


def measure(world: World) -> list[Row]:
    """From ``client.resume`` to ``chat.resume_boundary``, in both forms."""
    return asyncio.run(_measure(world))


async def _measure(world: World) -> list[Row]:
    engine = EngineSlices(world.parts)
    workflow = Workflows(WORKFLOWS).get("Reply")
    try:
        chat = await make_log(world.parts.database, engine, workflow, _EVENTS)
    finally:
        await engine.close()
    replayed: dict[bool, list[Replayed]] = {True: [], False: []}
    async with join_talk(world.stack, "Reply", chat.chat_id, last_seq=_EVENTS) as talk:
        for batch, turns in ((True, world.repeats(30, 8)), (False, world.repeats(8, 3))):
            for turn in range(2 + turns):
                again = await talk.replay(0, batch=batch)
                if again.events != _EVENTS:
                    raise RuntimeError(f"{again.events} events were replayed, and {_EVENTS} are stored")
                if turn >= 2:
                    replayed[batch].append(again)
    names = {True: "in batches: resume to boundary", False: "one by one: resume to boundary"}
    return [
        Samples(each.seconds for each in found).ms(
            _TITLE,
            names[batch],
            at_most=_AT_MOST,
            note=f"{found[0].posts:,} posts, {found[0].size / 2**20:.2f} MiB",
        )
        for batch, found in replayed.items()
    ]
