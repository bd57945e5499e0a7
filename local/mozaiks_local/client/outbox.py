"""Commands sent and not yet answered, kept so that a dropped socket loses none. No I/O."""

from __future__ import annotations

import json
from typing import Any, Final

from mozaiks_local.client.events import Event

__all__ = ["MAX_FRAME_BYTES", "Outbox"]

MAX_FRAME_BYTES: Final = 32 * 1024
"""A larger frame closes the socket on AWS."""

_ANSWERS: Final = frozenset({"chat.text", "chat.input_ack", "chat.ui_tool_complete", "chat.tool_response"})
_NAMES: Final = ("client_message_id", "message_id", "eventId", "tool_call_id", "corr", "request_id")


class Outbox:
    """Frames by the id their answer will carry. Sending one again is harmless: commands take effect once per id."""

    def __init__(self) -> None:
        self._frames: dict[str, str] = {}

    def put(self, key: str, command: dict[str, Any]) -> str:
        """Keep ``command`` until its answer comes; returns its frame.

        Raises
        ------
        ValueError
            If the frame is larger than a socket takes.
        """
        frame = json.dumps(command, ensure_ascii=False)
        size = len(frame.encode("utf-8", "surrogatepass"))
        if size > MAX_FRAME_BYTES:
            raise ValueError(f"the {command.get('type')} frame has {size} bytes; expected at most {MAX_FRAME_BYTES}")
        self._frames[key] = frame
        return frame

    def frames(self) -> list[str]:
        """What to send again on a new socket, oldest first."""
        return list(self._frames.values())

    def heard(self, event: Event) -> None:
        """Forget what ``event`` answers."""
        if event.type in _ANSWERS:
            if event.type == "chat.text" and event.data.get("role") != "user":
                return
            for name in _NAMES:
                self._frames.pop(str(event.data.get(name)), None)
        elif event.type == "error":
            details = event.data.get("details")
            named = details.get("client_message_id") if isinstance(details, dict) else None
            # An error frame that names no command answers the oldest one; without this a refused command would be
            # sent again on every socket.
            key = named if isinstance(named, str) else next(iter(self._frames), None)
            if key is not None and not event.data.get("retryable"):
                self._frames.pop(key, None)
        elif event.type == "chat.run_complete":
            self._frames.pop("cancel", None)
