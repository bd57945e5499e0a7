"""AG2's OpenAI client without the SDK's second look at every message.

The SDK walks each message once for every type its union of messages has, which for a chat of a hundred messages takes
longer than everything the runtime does for a turn. AG2's own mapper makes plain JSON; as ``extra_body`` it is sent as
it is. What goes over the wire is the same, and a test compares it.
"""

from __future__ import annotations

from typing import Any

from ag2.config import OpenAIConfig
from ag2.config.openai.openai_client import OpenAIClient
from openai import AsyncOpenAI

__all__ = ["LeanOpenAIConfig"]


class LeanOpenAIConfig(OpenAIConfig):
    """``OpenAIConfig`` whose client sends messages as they are."""

    def create(self) -> OpenAIClient:
        client = super().create()
        client._client = _Lean(client._client)  # type: ignore[assignment]
        return client


class _Lean:
    """What AG2's client uses of the SDK's: ``chat.completions.create``."""

    def __init__(self, sdk: AsyncOpenAI) -> None:
        self._sdk = sdk
        self.chat = self
        self.completions = self

    async def create(self, *, messages: Any, extra_body: dict[str, Any] | None = None, **options: Any) -> Any:
        body = {**(extra_body or {}), "messages": messages}
        return await self._sdk.chat.completions.create(messages=[], extra_body=body, **options)
