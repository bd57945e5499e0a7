"""A tool as AG2 calls it."""

from __future__ import annotations

import asyncio
from typing import Any

from ag2 import Agent, MemoryStream
from ag2.context import ConversationContext
from ag2.events import DataInput, ToolCallEvent, ToolErrorEvent, ToolResultEvent

from mozaiks.engine.direct_tool import DirectTool

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}


async def double(arguments: dict[str, Any]) -> int:
    return int(arguments["n"]) * 2


def made() -> DirectTool:
    return DirectTool(double, name="double", description="Doubles.", schema=SCHEMA)


def called(arguments: str) -> ToolResultEvent:
    event = ToolCallEvent(id="call_1", name="double", arguments=arguments)
    return asyncio.run(made()(event, ConversationContext(MemoryStream())))


def test_its_result_belongs_to_the_call() -> None:
    found = called('{"n": 21}')
    assert (found.parent_id, found.name, found.result.parts) == ("call_1", "double", [DataInput(42)])


def test_what_it_raises_is_an_error_of_the_call() -> None:
    found = called('{"m": 21}')
    assert isinstance(found, ToolErrorEvent)
    assert isinstance(found.error, KeyError)


def test_all_agents_have_the_same_tool() -> None:
    tool = made()
    assert [agent.tools for agent in (Agent("A", tools=[tool]), Agent("B", tools=[tool]))] == [[tool], [tool]]


def test_the_model_is_shown_its_schema() -> None:
    (shown,) = asyncio.run(made().schemas(ConversationContext(MemoryStream())))
    told = shown.function
    assert (told.name, told.description, told.parameters) == ("double", "Doubles.", SCHEMA)
