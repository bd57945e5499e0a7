"""AG2's event stream of one turn, with our own ears first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from ag2 import MemoryStream
from ag2.events import BaseEvent, ModelMessageChunk, ModelResponse, ToolResultsEvent

if TYPE_CHECKING:
    from ag2.context import ConversationContext

__all__ = ["TurnStream"]


class TurnStream(MemoryStream):
    """Shows the turn its events before AG2 reacts to them.

    A model's response is stored before its tools run, and results before the model reads them: whoever resumes finds
    the same calls. Chunks go past AG2's subscriber machinery, which costs a tenth of a millisecond for each.
    """

    def __init__(
        self,
        trigger: BaseEvent,
        *,
        on_chunk: Callable[[str], None],
        on_response: Callable[[ModelResponse], Awaitable[None]],
        on_results: Callable[[ToolResultsEvent], Awaitable[None]],
    ) -> None:
        super().__init__()
        self._trigger = trigger
        self._on_chunk = on_chunk
        self._on_response = on_response
        self._on_results = on_results

    async def send(self, event: BaseEvent, context: ConversationContext) -> None:
        if isinstance(event, ModelMessageChunk):
            self._on_chunk(event.content)
            return
        if event is self._trigger:
            # What a former slice stored and this one goes on from.
            await super().send(event, context)
            return
        if isinstance(event, ModelResponse):
            await self._on_response(event)
        elif isinstance(event, ToolResultsEvent):
            await self._on_results(event)
        await super().send(event, context)
