"""What a message takes of the things AWS bills. ``mozaiks cost`` reads the values from a file of these rows.

``python -m benchmarks --only costs --json local/mozaiks_local/cost/measured.json`` writes that file anew.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from benchmarks.figures import Row, Samples
from benchmarks.legs import legs
from benchmarks.talk import APP, USER, Heard, open_talk
from benchmarks.world import World
from mozaiks.access.principal import Principal
from mozaiks.flow.runs import execution_name

__all__ = ["measure"]

_TITLE: Final = "what a message takes"
_PACE_SECONDS: Final = 0.02
"""Between two tokens of the paced model."""


def measure(world: World) -> list[Row]:
    """Posts, transitions and seconds of functions for one message and one reply."""
    with asyncio.Runner() as runner:
        opened, instant = runner.run(_talks(world, "Reply", world.repeats(30, 10)))
        _, paced = runner.run(_talks(world, "PacedReply", world.repeats(3, 1)))
    at_once = Samples(each.posts for each in instant)
    streamed = Samples((each.posts - at_once.p50) / (each.completion_tokens * _PACE_SECONDS) for each in paced)
    stored, *_ = legs(instant, _TITLE, stored="chat.text", written="chat.run_start")
    return [
        at_once.row(_TITLE, "posts of a reply that comes at once", "posts"),
        streamed.row(_TITLE, "posts for each second of streaming", "posts"),
        Samples(each.whole for each in instant).ms(
            _TITLE, "orchestrate, beside the model", note="from the message to the run's end: an upper bound"
        ),
        Row(_TITLE, "message", stored.value, "ms", stored.p95, stored.samples),
        opened.ms(_TITLE, "connect, and the hello that follows"),
        _transitions(world),
    ]


async def _talks(world: World, workflow: str, repeats: int) -> tuple[Samples, list[Heard]]:
    opened, heard = Samples(), []
    for turn in range(repeats + 3):
        began = time.perf_counter()
        async with open_talk(world.stack, workflow) as talk:
            took = time.perf_counter() - began
            said = await talk.say("hello")
        if turn >= min(3, repeats - 1):
            opened.append(took)
            heard.append(said)
    return opened, heard


def _transitions(world: World) -> Row:
    """States that the execution of a run of one slice enters, and its start."""
    import boto3

    client = boto3.client(
        "stepfunctions",
        endpoint_url=world.stack.sfn_endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - the local stack takes any
    )
    chat = asyncio.run(_one(world))
    arn = world.stack.run_machine.replace(":stateMachine:", ":execution:")
    name = execution_name(chat, world.parts.service.get(Principal(APP, USER), chat).run_no)
    for _ in range(100):
        if client.describe_execution(executionArn=f"{arn}:{name}")["status"] != "RUNNING":
            break
        time.sleep(0.05)
    events = client.get_execution_history(executionArn=f"{arn}:{name}", maxResults=1000)["events"]
    entered = sum(event["type"].endswith("StateEntered") for event in events)
    return Row(_TITLE, "transitions of a run", entered + 1, "transitions")


async def _one(world: World) -> str:
    async with open_talk(world.stack, "Reply") as talk:
        await talk.say("hello")
    return talk.chat_id
