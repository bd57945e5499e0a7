"""Single steps on the way of a message through the local stack."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from typing import Final
from urllib.parse import urlsplit

from benchmarks.figures import Row, Samples
from benchmarks.legs import legs
from benchmarks.talk import APP, USER, Heard, open_talk
from benchmarks.world import WORKFLOWS, World
from mozaiks.access.principal import Principal, Tenant
from mozaiks.chats.greeting import facts_of
from mozaiks.flow.runs import execution_name
from mozaiks.manifests import Workflows

__all__ = ["measure"]

_TITLE: Final = "steps through the local stack"
_PATH: Final = "where the first delta's time goes (answer in an open chat)"
_NEXT_DELTA_AT_MOST: Final = 80.0
_META_AT_MOST: Final = 10.0
_THINKING_SECONDS: Final = 0.05
"""Nobody answers sooner; the worker of the last run has gone back to its pool by then."""
_WAIT_SECONDS: Final = 10.0


def measure(world: World) -> list[Row]:
    """Pause to next delta and what it is made of, the start of an execution, a plain HTTP request."""
    heard = asyncio.run(_answers(world))
    return [
        Samples(each.first_delta for each in heard).ms(
            _TITLE, "pause: answer to next delta", at_most=_NEXT_DELTA_AT_MOST
        ),
        *_executions(world),
        _meta(world),
        *legs(heard, _PATH, stored="chat.text", written="chat.run_start"),
    ]


async def _answers(world: World) -> list[Heard]:
    heard = []
    warm_up = world.repeats(5, 3)
    async with open_talk(world.stack, "Relay") as talk:
        for turn in range(warm_up + world.repeats(40, 12)):
            await asyncio.sleep(_THINKING_SECONDS)
            said = await talk.say("and now?")
            if turn >= warm_up:
                heard.append(said)
    return heard


def _executions(world: World) -> list[Row]:
    """From the call of StartExecution until the slice has written for the first time."""
    import boto3

    client = boto3.client(
        "stepfunctions",
        endpoint_url=world.stack.sfn_endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - the local stack takes any
    )
    facts = facts_of(Workflows(WORKFLOWS).get("Reply").spec)
    principal, tenant = Principal(APP, USER), Tenant(APP)
    calls, begun = Samples(), Samples()
    warm_up = world.repeats(5, 3)
    for turn in range(warm_up + world.repeats(30, 10)):
        chat = world.parts.service.start(principal, facts, initial_message="hello", force_new=True).chat
        name = execution_name(chat.chat_id, chat.run_no)
        order = json.dumps({"app_id": APP, "chat_id": chat.chat_id, "run_no": chat.run_no})
        called_at, began = time.time(), time.perf_counter()
        client.start_execution(stateMachineArn=world.stack.run_machine, name=name, input=order)
        called = time.perf_counter() - began
        ended = _wait_for(world, tenant, chat.chat_id)
        if turn >= warm_up:
            calls.append(called)
            begun.append(ended - called_at)
    return [
        calls.ms(_TITLE, "StartExecution: the call"),
        begun.ms(_TITLE, "StartExecution to the slice's first write"),
    ]


def _wait_for(world: World, tenant: Tenant, chat_id: str) -> float:
    """Wait for the run's end; the Unix time at which it began."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        time.sleep(0.05)
        events = {event.type: event for event in world.parts.events.after(tenant, chat_id, 0, 50)}
        if "chat.run_complete" in events:
            return events["chat.run_start"].at.timestamp()
    raise RuntimeError(f"the run of {chat_id} did not end within {_WAIT_SECONDS:g} s")


def _meta(world: World) -> Row:
    started = world.parts.service.start(
        Principal(APP, USER), facts_of(Workflows(WORKFLOWS).get("Reply").spec), force_new=True
    )
    where = urlsplit(world.stack.http_url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=_WAIT_SECONDS)
    path = f"/api/chats/meta/{APP}/Reply/{started.chat.chat_id}?user_id={USER}"
    took = Samples()
    warm_up = 20
    for turn in range(warm_up + world.repeats(200, 60)):
        began = time.perf_counter()
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        if turn >= warm_up:
            took.append(time.perf_counter() - began)
        if response.status != 200:
            raise RuntimeError(f"GET {path} answered {response.status}: {body[:200]!r}")
    connection.close()
    return took.ms(_TITLE, "GET meta, warm", at_most=_META_AT_MOST)
