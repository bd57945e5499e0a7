"""The three rules that turn at-least-once, any-order delivery into each durable event once and in order. No I/O.

1. An event whose ``seq`` was seen is dropped.
2. An event that is ahead is held until the ones before it came.
3. While something is missing, ``gap`` says so; whoever owns the socket then asks with ``client.resume``.
"""

from __future__ import annotations

from typing import Final

from mozaiks_local.client.events import Event

__all__ = ["InOrder"]

_BOUNDARY: Final = "chat.resume_boundary"


class InOrder:
    """Puts one chat's events in order.

    Parameters
    ----------
    last_seq
        ``seq`` of the last event the caller has already seen; 0 for none.
    """

    def __init__(self, last_seq: int = 0) -> None:
        self.last_seq = last_seq
        self._known = last_seq
        self._held: dict[int, Event] = {}
        self._boundaries: list[Event] = []

    @property
    def gap(self) -> bool:
        """Whether an event is known to exist that has not come yet."""
        return self._known > self.last_seq

    def accept(self, event: Event) -> list[Event]:
        """What may be shown now that ``event`` came, in order; often just it, sometimes nothing or several.

        A ``chat.resume_boundary`` waits for the events it closes, so after it everything up to its ``last_seq`` was
        shown. ``chat.hidden`` fills its place and is never shown.
        """
        if event.seq is None:
            announced = event.data.get("last_seq") if event.type in ("chat_meta", _BOUNDARY) else None
            if isinstance(announced, int) and not isinstance(announced, bool):
                self._known = max(self._known, announced)
                if event.type == _BOUNDARY and announced > self.last_seq:
                    self._boundaries.append(event)
                    return []
            return [event]
        if event.seq <= self.last_seq:
            return []
        self._held.setdefault(event.seq, event)
        self._known = max(self._known, event.seq)
        ready: list[Event] = []
        while (following := self._held.pop(self.last_seq + 1, None)) is not None:
            self.last_seq += 1
            if following.type != "chat.hidden":
                ready.append(following)
        return ready + self._reached_boundaries()

    def _reached_boundaries(self) -> list[Event]:
        reached = [event for event in self._boundaries if event.data["last_seq"] <= self.last_seq]
        self._boundaries = [event for event in self._boundaries if event not in reached]
        return reached[-1:]
