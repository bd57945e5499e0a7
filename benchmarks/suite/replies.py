"""One reply, three ways: AG2 alone, the engine with its database, the whole local stack over the socket."""

from __future__ import annotations

import asyncio
from typing import Final

from benchmarks.engine_slices import EngineSlices
from benchmarks.figures import Row, Samples
from benchmarks.raw_ag2 import RawAG2
from benchmarks.talk import Heard, open_talk
from benchmarks.world import WORKFLOWS, World
from mozaiks.manifests import Workflows

__all__ = ["measure"]

_TOKENS: Final = 200
_CHATS: Final = {
    "Reply": f"{_TOKENS}-token reply, one agent, zero-latency model",
    "Relay": "3 agents, 2 tools, zero-latency model",
}
_TIMES_RAW_AT_MOST: Final = {"Reply": 2.5}
_FIRST_DELTA_AT_MOST: Final = {"Reply": 60.0}
_POSTS_AT_MOST: Final = 20


def measure(world: World) -> list[Row]:
    """Time to first delta and whole run of each chat, and the posts of a reply."""
    with asyncio.Runner() as runner:
        rows: list[Row] = []
        for workflow, title in _CHATS.items():
            rows += runner.run(_in_process(world, workflow, title))
            rows += runner.run(_over_the_socket(world, workflow, title))
        rows += runner.run(_posts(world))
        return rows


async def _in_process(world: World, name: str, title: str) -> list[Row]:
    workflow = Workflows(WORKFLOWS).get(name)
    raw, engine = RawAG2(workflow, world.model_url), EngineSlices(world.parts)
    first = {"raw AG2": Samples(), "engine": Samples()}
    whole = {"raw AG2": Samples(), "engine": Samples()}
    warm_up = world.repeats(8, 3)
    try:
        for turn in range(warm_up + world.repeats(60, 15)):
            # One after the other, so that whatever else the machine does meets both alike.
            plain = await raw.play("hello")
            played = await engine.play(workflow, "hello")
            if turn >= warm_up:
                for way, took in (("raw AG2", plain), ("engine", (played.first_delta, played.whole))):
                    first[way].append(took[0])
                    whole[way].append(took[1])
    finally:
        await raw.close()
        await engine.close()
    ratios = Samples(ours / theirs for ours, theirs in zip(whole["engine"], whole["raw AG2"], strict=True))
    return [
        first["raw AG2"].ms(title, "raw AG2: first delta"),
        whole["raw AG2"].ms(title, "raw AG2: whole run"),
        first["engine"].ms(title, "engine and MongoDB: first delta"),
        whole["engine"].ms(title, "engine and MongoDB: whole run"),
        ratios.row(title, "engine / raw AG2, whole run", "×", at_most=_TIMES_RAW_AT_MOST.get(name)),
    ]


async def _over_the_socket(world: World, name: str, title: str) -> list[Row]:
    heard = await _listen(world, name, warm_up=world.repeats(5, 3), repeats=world.repeats(40, 12))
    rows = [
        Samples(each.first_delta for each in heard).ms(
            title, "local stack: message to first delta", at_most=_FIRST_DELTA_AT_MOST.get(name)
        ),
        Samples(each.whole for each in heard).ms(title, "local stack: message to end of run"),
    ]
    if name == "Reply":
        rows.append(_posts_row(heard, title, "local stack: posts per reply"))
    return rows


async def _posts(world: World) -> list[Row]:
    heard = await _listen(world, "PacedReply", warm_up=0, repeats=world.repeats(3, 1))
    title = f"{_TOKENS}-token reply, one token every 20 ms"
    return [
        _posts_row(heard, title, "local stack: posts per reply"),
        Samples(each.whole for each in heard).ms(title, "local stack: message to end of run"),
    ]


async def _listen(world: World, workflow: str, *, warm_up: int, repeats: int) -> list[Heard]:
    """Say one thing in each of several new chats."""
    heard = []
    for turn in range(warm_up + repeats):
        async with open_talk(world.stack, workflow) as talk:
            said = await talk.say("hello")
        if turn >= warm_up:
            heard.append(said)
    return heard


def _posts_row(heard: list[Heard], title: str, name: str) -> Row:
    for each in heard:
        if each.completion_tokens != _TOKENS:
            raise RuntimeError(f"the reply has {each.completion_tokens} tokens; the script must give {_TOKENS}")
    deltas = Samples(each.delta_posts for each in heard).p50
    return Samples(each.posts for each in heard).row(
        title, name, "posts", at_most=_POSTS_AT_MOST, note=f"{deltas:.0f} of them text deltas"
    )
