"""The one place that decides what of a chat a connection or request may see. Live and replay both ask here."""

from __future__ import annotations

from typing import Any, Final

from mozaiks.chats.events import Event, envelope
from mozaiks.chats.states import Greeting

__all__ = ["UNSEEN", "may_see_agent", "present"]

UNSEEN: Final = "something went wrong with an agent that is not shown"
"""In the place of an error's own words, which may be the agent's."""

_NAMELESS: Final = frozenset({"chat.select_speaker", "chat.usage_delta"})
"""Types of a hidden agent that are still told, without its name."""
_ASKED: Final[tuple[str, ...]] = ("request_id", "schema", "expires_at")
"""What a hidden agent's request for input still tells."""
_WENT_WRONG: Final[tuple[str, ...]] = ("code", "severity", "retryable")
"""What an error in a hidden agent's turn still tells: that a run failed, and whether to try again."""


def may_see_agent(greeting: Greeting, agent: str | None, *, sees_everything: bool) -> bool:
    """Whether deltas and events of ``agent`` may reach this viewer."""
    return sees_everything or greeting.shows(agent)


def present(event: Event, greeting: Greeting, *, sees_everything: bool) -> dict[str, Any]:
    """The frame of ``event`` for one viewer.

    What the viewer may not see becomes ``chat.hidden``: it holds the event's place in the sequence, so that a client
    that counts ``seq`` finds no gap, and says nothing else.
    """
    visible = sees_everything or (not event.concealed and greeting.shows(event.agent))
    type_, data = event.type, event.data
    if not visible:
        if event.type == "chat.input_request" and not event.concealed:
            # Who must answer must be asked. What the agent said with it stays where its texts are.
            data = {**{key: data[key] for key in _ASKED if key in data}, "agent": None, "prompt": ""}
        elif event.type == "chat.error" and not event.concealed:
            data = {**{key: data[key] for key in _WENT_WRONG if key in data}, "message": UNSEEN, "details": {}}
        elif event.type in _NAMELESS and not event.concealed:
            data = {**data, "agent": None}
        else:
            type_, data = "chat.hidden", {}
    return envelope(type_, event.chat_id, data, at=event.at, event_id=event.event_id, seq=event.seq)
