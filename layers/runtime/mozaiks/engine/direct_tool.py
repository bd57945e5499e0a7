"""An AG2 tool that is called directly, without AG2's own look at its function.

AG2 makes two models and a schema of every function it is given, and copies all of them for every agent of every turn.
Here a tool comes with its schema, checks its arguments itself, and is the same object for every agent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Self

from ag2.context import ConversationContext
from ag2.events import ToolCallEvent, ToolErrorEvent, ToolResultEvent
from ag2.tools.final.function_tool import FunctionDefinition, FunctionTool, FunctionToolSchema

__all__ = ["DirectTool"]


class DirectTool(FunctionTool):
    """A tool whose ``run`` gets the model's arguments as a map.

    Parameters
    ----------
    run
        What it returns is the result; what it raises, the error.
    schema
        JSON Schema of an object: the arguments.
    """

    __slots__ = ("_run",)

    def __init__(
        self, run: Callable[[dict[str, Any]], Awaitable[Any]], *, name: str, description: str, schema: dict[str, Any]
    ) -> None:
        self._run = run
        self._middleware = ()
        self.name = name
        self.schema = FunctionToolSchema(
            function=FunctionDefinition(name=name, description=description, parameters=schema)
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    @property
    def source(self) -> str:
        return f"function:{self.name}"

    async def __call__(self, event: ToolCallEvent, context: ConversationContext) -> ToolResultEvent:
        try:
            return ToolResultEvent.from_call(event, result=await self._run(event.serialized_arguments))
        except Exception as error:  # noqa: BLE001 - a failed tool is a result, as it is in AG2
            return ToolErrorEvent.from_call(event, error=error)
