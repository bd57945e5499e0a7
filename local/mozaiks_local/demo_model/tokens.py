"""Text into tokens, and token counts that depend on text length alone, so that a repeated request costs the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["count_tokens", "message_tokens", "prompt_usage", "split_tokens", "usage"]

_TOKEN = re.compile(r"\s*\w{1,8}|\s*[^\w\s]{1,4}|\s+")
_CHARACTERS_PER_TOKEN = 4
_MESSAGE_OVERHEAD = 4
_CACHE_MINIMUM = 1024
_CACHE_STEP = 128


def split_tokens(text: str) -> list[str]:
    """Cut ``text`` into pieces of about a word; joined again they are ``text``."""
    return _TOKEN.findall(text)


def count_tokens(text: str) -> int:
    """Tokens of a prompt text: a quarter of its characters, rounded up."""
    return -(-len(text) // _CHARACTERS_PER_TOKEN)


def message_tokens(message: Mapping[str, Any]) -> int:
    """Tokens one chat message takes in a prompt."""
    content = message.get("content")
    total = _MESSAGE_OVERHEAD
    if isinstance(content, str):
        total += count_tokens(content)
    elif isinstance(content, list):
        total += sum(count_tokens(str(part.get("text", ""))) for part in content)
    for call in message.get("tool_calls") or ():
        total += count_tokens(call["function"]["name"]) + count_tokens(call["function"]["arguments"])
    return total


def prompt_usage(messages: Sequence[Mapping[str, Any]], tools: Iterable[Any]) -> tuple[int, int]:
    """Prompt tokens and how many of them count as cached.

    Everything up to the last assistant message was in an earlier request, so it counts as cached, under the rules of
    the real service: from 1024 tokens on, in steps of 128.

    Returns
    -------
    tuple of int
        ``(prompt_tokens, cached_tokens)``.
    """
    tool_list = list(tools)
    seen = total = count_tokens(json.dumps(tool_list)) if tool_list else 0
    for message in messages:
        total += message_tokens(message)
        if message["role"] == "assistant":
            seen = total
    repeated = any(message["role"] == "assistant" for message in messages)
    cached = seen - seen % _CACHE_STEP if repeated and seen >= _CACHE_MINIMUM else 0
    return total, cached


def usage(prompt: int, cached: int, completion: int, reasoning: int) -> dict[str, Any]:
    """The ``usage`` object of a completion; ``completion`` includes ``reasoning``."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
