"""One frame of the socket as a value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Event", "parse_frame", "parse_frames"]

_ENVELOPE: Final = frozenset({"type", "chat_id", "seq", "event_id", "timestamp", "data"})


@dataclass(frozen=True, slots=True)
class Event:
    """What the server said.

    ``seq`` is the place in the chat's log, ``None`` for what is not stored (deltas, greetings, errors of a frame).
    """

    type: str
    data: Mapping[str, Any]
    seq: int | None = None
    chat_id: str | None = None
    event_id: str | None = None
    timestamp: str | None = None


def parse_frame(text: str | bytes) -> Event:
    """The event in one frame.

    What is no envelope does not raise: it becomes an ``error`` event with the code ``GATEWAY`` (API Gateway's own
    frames, such as ``{"message": "Internal server error"}``) or ``BAD_FRAME``.
    """
    try:
        frame = json.loads(text)
    except ValueError:
        return _broken("BAD_FRAME", "the server sent a frame that is no JSON")
    return _event(frame)


def parse_frames(text: str | bytes) -> list[Event]:
    """The events in one frame: those a ``chat.batch`` holds, or the frame itself."""
    event = parse_frame(text)
    if event.type != "chat.batch":
        return [event]
    held = event.data.get("events")
    return [_event(frame) for frame in held] if isinstance(held, list) else [event]


def _event(frame: Any) -> Event:
    if not isinstance(frame, dict):
        return _broken("BAD_FRAME", f"the server sent a JSON {type(frame).__name__}; expected an object")
    type_ = frame.get("type")
    if not isinstance(type_, str):
        return _broken("GATEWAY", str(frame.get("message") or "the server sent a frame without a type"))
    data = frame.get("data")
    if not isinstance(data, dict):
        data = {key: value for key, value in frame.items() if key not in _ENVELOPE}
    seq = frame.get("seq")
    return Event(
        type=type_,
        data=data,
        seq=seq if isinstance(seq, int) and not isinstance(seq, bool) and seq > 0 else None,
        chat_id=_text(frame.get("chat_id")),
        event_id=_text(frame.get("event_id")),
        timestamp=_text(frame.get("timestamp")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _broken(code: str, message: str) -> Event:
    return Event("error", {"code": code, "message": message, "severity": "error", "retryable": True, "details": {}})
