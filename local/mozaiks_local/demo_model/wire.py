"""Completions as OpenAI's API writes them: one JSON object, or a stream of server-sent events."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

from .replies import Reply
from .tokens import prompt_usage, split_tokens, usage

__all__ = ["DONE", "Completion"]

DONE = b"data: [DONE]\n\n"
_ARGUMENT_PIECE = 12


class Completion:
    """One reply, ready to be written.

    Ids are new each time, as with the real service: a retried request gets the same words under other ids.

    Parameters
    ----------
    body
        The request's body.
    reply
        What to say.
    created
        Unix time, whole seconds.
    """

    def __init__(self, body: dict[str, Any], reply: Reply, created: int) -> None:
        self._model = str(body["model"])
        self._created = created
        self._id = f"chatcmpl-{secrets.token_hex(12)}"
        limit: Any = body.get("max_completion_tokens") or body.get("max_tokens")
        think, words = split_tokens(reply.think), split_tokens(reply.text)
        self._cut = limit is not None and len(think) + len(words) > int(limit)
        if self._cut:
            think = think[: int(limit)]
            words = words[: int(limit) - len(think)]
        self._think, self._words = think, words
        self._calls = [] if self._cut else [(f"call_{secrets.token_hex(12)}", call) for call in reply.calls]
        options = body.get("stream_options") or {}
        self._include_usage = bool(options.get("include_usage"))
        prompt, cached = prompt_usage(body["messages"], body.get("tools") or ())
        spoken = len(words) + sum(1 + len(_pieces(call.arguments)) for _, call in self._calls)
        self.usage = usage(prompt, cached, len(think) + spoken, len(think))

    @property
    def finish_reason(self) -> str:
        """``length``, ``tool_calls`` or ``stop``."""
        return "length" if self._cut else "tool_calls" if self._calls else "stop"

    def whole(self) -> dict[str, Any]:
        """The answer to a request that does not stream."""
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self._words) or None, "refusal": None}
        if self._think:
            message["reasoning_content"] = "".join(self._think)
        if self._calls:
            message["tool_calls"] = [
                {"id": call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call_id, call in self._calls
            ]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish_reason}
        return {
            "id": self._id,
            "object": "chat.completion",
            "created": self._created,
            "model": self._model,
            "choices": [choice],
            "usage": self.usage,
            "service_tier": "default",
            "system_fingerprint": None,
        }

    def _envelope(self, choices: str, usage_json: str | None) -> bytes:
        head = json.dumps(
            {"id": self._id, "object": "chat.completion.chunk", "created": self._created, "model": self._model}
        )
        extra = f',"usage":{usage_json}' if usage_json is not None else ""
        return f'data: {head[:-1]},"system_fingerprint":null,"choices":{choices}{extra}}}\n\n'.encode()

    def opening(self) -> bytes:
        """The first event, which names the role."""
        delta = '{"role":"assistant","content":"","refusal":null}'
        choice = f'[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":null}}]'
        return self._envelope(choice, "null" if self._include_usage else None)

    def tokens(self) -> Iterator[tuple[str, bytes]]:
        """Each token's text and its event, in order."""
        # What all events share is put together once: this runs for every token of a benchmark.
        mark = '"\x00"'
        template = self._envelope(
            '[{"index":0,"delta":' + mark + ',"logprobs":null,"finish_reason":null}]',
            "null" if self._include_usage else None,
        )
        before, after = template.split(mark.encode(), 1)
        encode = json.encoder.encode_basestring_ascii
        for token in self._think:
            yield token, before + f'{{"reasoning_content":{encode(token)}}}'.encode() + after
        for token in self._words:
            yield token, before + f'{{"content":{encode(token)}}}'.encode() + after
        for index, (call_id, call) in enumerate(self._calls):
            start = {
                "index": index,
                "id": call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": ""},
            }
            yield call.name, before + json.dumps({"tool_calls": [start]}).encode() + after
            for piece in _pieces(call.arguments):
                delta = {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}
                yield piece, before + json.dumps(delta).encode() + after

    def closing(self) -> bytes:
        """The finish reason, the usage if asked for, and the end mark."""
        choice = f'[{{"index":0,"delta":{{}},"logprobs":null,"finish_reason":"{self.finish_reason}"}}]'
        end = self._envelope(choice, "null" if self._include_usage else None)
        if self._include_usage:
            end += self._envelope("[]", json.dumps(self.usage))
        return end + DONE


def _pieces(text: str) -> list[str]:
    return [text[start : start + _ARGUMENT_PIECE] for start in range(0, len(text), _ARGUMENT_PIECE)]
