"""Texts that are still being written: deltas merged by message and offset. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mozaiks_local.client.events import Event

__all__ = ["Draft", "Drafts"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as far as it is written. ``text`` has no hole: it ends where the first missing piece begins."""

    message_id: str
    agent: str | None
    text: str


class Drafts:
    """Merges ``chat.print`` deltas of one chat.

    Offsets count UTF-16 units, as ``length`` does in browsers. A delta of a new message abandons the unfinished one
    before it; the final ``chat.text`` supersedes its draft. Late deltas of either are dropped.
    """

    def __init__(self) -> None:
        self.current: Draft | None = None
        self._ahead: dict[int, bytes] = {}
        self._over: set[str] = set()

    def accept(self, event: Event) -> list[Event]:
        """``event`` as it may be shown: a delta becomes exactly the text that is new, or nothing."""
        if event.type == "chat.print":
            return self._merged(event)
        if event.type == "chat.text" and isinstance(message_id := event.data.get("message_id"), str):
            self._close(message_id)
        return [event]

    def _merged(self, event: Event) -> list[Event]:
        message_id, offset, content = (event.data.get(key) for key in ("message_id", "offset", "content"))
        if not isinstance(message_id, str) or not isinstance(offset, int) or not isinstance(content, str):
            return []
        if message_id in self._over or offset < 0:
            return []
        if self.current is None or self.current.message_id != message_id:
            if self.current is not None:
                self._close(self.current.message_id)
            agent = event.data.get("agent")
            self.current = Draft(message_id, agent if isinstance(agent, str) else None, "")
        before, piece = _units(self.current.text), _units(content)
        if 2 * offset > len(before):
            if len(piece) > len(self._ahead.get(offset, b"")):
                self._ahead[offset] = piece
            return []
        after = before + piece[len(before) - 2 * offset :]
        for start in sorted(self._ahead):
            if 2 * start <= len(after):
                after += self._ahead.pop(start)[len(after) - 2 * start :]
        if len(after) == len(before):
            return []
        self.current = replace(self.current, text=_text(after))
        new = {"offset": len(before) // 2, "content": _text(after[len(before) :])}
        return [replace(event, data={**event.data, **new})]

    def _close(self, message_id: str) -> None:
        self._over.add(message_id)
        if self.current is not None and self.current.message_id == message_id:
            self.current = None
            self._ahead.clear()


def _units(text: str) -> bytes:
    """Two bytes for each UTF-16 unit."""
    return text.encode("utf-16-le", "surrogatepass")


def _text(units: bytes) -> str:
    return units.decode("utf-16-le", "surrogatepass")
