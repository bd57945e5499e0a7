"""The only way AG2 events reach the store and come back.

AG2's own loader imports and instantiates whatever class the stored JSON names, which is remote code execution for
anyone whose text is stored. This codec knows three shapes, and everything in them is text.
"""

from __future__ import annotations

from typing import Any

from ag2.events import (
    BaseEvent,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextInput,
    ToolCallEvent,
    ToolCallsEvent,
    ToolResult,
    ToolResultEvent,
    ToolResultsEvent,
)

from mozaiks.errors import MozaiksError

__all__ = ["decode", "encode_request", "encode_response", "encode_results"]


def encode_request(text: str) -> dict[str, Any]:
    """What an agent is told."""
    return {"kind": "request", "text": text}


def encode_response(response: ModelResponse) -> dict[str, Any]:
    """What the model answered: text, tool calls, or both."""
    return {
        "kind": "response",
        "text": response.content,
        "calls": [
            {"id": call.id, "name": call.name, "arguments": call.arguments} for call in response.tool_calls.calls
        ],
    }


def encode_results(results: list[tuple[str, str, str]]) -> dict[str, Any]:
    """The results of a batch of tool calls as (call id, tool name, text), in the order of the calls."""
    return {"kind": "results", "results": [{"id": id_, "name": name, "text": text} for id_, name, text in results]}


def decode(stored: dict[str, Any]) -> BaseEvent:
    """The AG2 event of a stored entry.

    Raises
    ------
    MozaiksError
        ``HISTORY_UNREADABLE`` for anything this codec did not write.
    """
    try:
        match stored["kind"]:
            case "request":
                return ModelRequest([TextInput(_text(stored["text"]))])
            case "response":
                text = stored["text"]
                calls = [
                    ToolCallEvent(id=_text(call["id"]), name=_text(call["name"]), arguments=_text(call["arguments"]))
                    for call in stored["calls"]
                ]
                return ModelResponse(
                    None if text is None else ModelMessage(_text(text)), tool_calls=ToolCallsEvent(calls)
                )
            case "results":
                return ToolResultsEvent(
                    [
                        ToolResultEvent(
                            parent_id=_text(result["id"]),
                            name=_text(result["name"]),
                            result=ToolResult(TextInput(_text(result["text"]))),
                        )
                        for result in stored["results"]
                    ]
                )
            case kind:
                raise MozaiksError("HISTORY_UNREADABLE", f"a stored history entry is of the kind {kind!r:.40}")
    except (KeyError, TypeError) as error:
        raise MozaiksError(
            "HISTORY_UNREADABLE", "a stored history entry has another shape than any we write"
        ) from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {type(value).__name__}")
    return value
