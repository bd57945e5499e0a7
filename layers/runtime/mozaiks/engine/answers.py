"""Makes what a model answered fit to be stored and sent back to it."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from ag2.events import ModelMessage, ModelResponse, ToolCallEvent, ToolCallsEvent

from mozaiks.errors import MozaiksError

__all__ = ["arguments_of", "cleaned"]


def cleaned(response: ModelResponse, call_prefix: str) -> ModelResponse:
    """The response with ids of our own, arguments that are JSON objects, and text that is Unicode.

    Providers refuse a history whose calls have other arguments or repeated ids, on this call and on every later one.

    Raises
    ------
    MozaiksError
        ``MODEL_INVALID_RESPONSE`` if it is empty or was cut off.
    """
    if response.finish_reason is None:
        raise MozaiksError("MODEL_INVALID_RESPONSE", "the model's answer broke off before its end")
    calls = [
        ToolCallEvent(
            id=f"{call_prefix}_{place}",
            name=_unicode(call.name),
            arguments=json.dumps(arguments_of(call.arguments), ensure_ascii=True),
        )
        for place, call in enumerate(response.tool_calls.calls)
        if call.name
    ]
    content = _unicode(response.content or "")
    if not content.strip() and not calls:
        raise MozaiksError(
            "MODEL_INVALID_RESPONSE", f"the model answered nothing (finish_reason {response.finish_reason!r:.40})"
        )
    return ModelResponse(
        ModelMessage(content) if content else None,
        tool_calls=ToolCallsEvent(calls),
        usage=response.usage,
        model=response.model,
        provider=response.provider,
        finish_reason=response.finish_reason,
    )


def arguments_of(text: str) -> dict[str, Any]:
    """The arguments of a call; what is no JSON object becomes an empty one, and the tool says what it misses."""
    try:
        arguments = json.loads(text or "{}", parse_constant=_refuse)
    except (ValueError, RecursionError):
        return {}
    return arguments if isinstance(arguments, dict) else {}


def _unicode(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
