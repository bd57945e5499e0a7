"""Where a conversation stands, told from its events: may the user speak, has it ended, what did it cost. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mozaiks_local.client import Event

__all__ = ["ENDED", "Conversation", "Spent"]

ENDED: Final = frozenset({"completed", "failed", "cancelled", "timed_out"})

_COUNTS: Final = ("prompt_tokens", "completion_tokens", "cached_tokens", "total_tokens")


@dataclass(slots=True)
class Spent:
    """Tokens of one agent on one model."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    total_tokens: int = 0


@dataclass(slots=True)
class Conversation:
    """What the events so far say of a chat.

    Attributes
    ----------
    status
        As the server last told it.
    asked
        The chat asked the user for something nobody answered yet.
    running
        A run has begun and not ended.
    caught_up
        Everything from before the latest greeting was shown.
    requests
        What components and tools wait for an answer to, by the id of the event that asked.
    spent
        Usage by (agent, model).
    """

    status: str = "created"
    asked: bool = False
    running: bool = False
    caught_up: bool = False
    requests: dict[str, Event] = field(default_factory=dict)
    spent: dict[tuple[str, str], Spent] = field(default_factory=dict)
    _unheard: set[str] = field(default_factory=set)

    @property
    def ended(self) -> bool:
        """Whether nothing can follow."""
        return self.status in ENDED and self.caught_up

    @property
    def users_turn(self) -> bool:
        """Whether the chat waits for the user to say something."""
        return self.asked and self.caught_up and not self.running and not self._unheard and self.status not in ENDED

    @property
    def request(self) -> Event | None:
        """What the chat cannot go on without: the oldest call that waits for an answer, in the place of a message."""
        if not self.caught_up or self.running or self.asked:
            return None
        return next(iter(self.requests.values()), None)

    def said(self, client_message_id: str) -> None:
        """The user's message is on its way."""
        self._unheard.add(client_message_id)

    def heard(self, event: Event, last_seq: int) -> None:
        """Take ``event`` in; ``last_seq`` is the newest ``seq`` shown so far."""
        data = event.data
        match event.type:
            case "chat_meta":
                self.caught_up = False  # its replay follows
                announced = data.get("last_seq")
                if isinstance(announced, int) and announced >= last_seq:  # else it was true before what we know
                    self.status = str(data.get("status", self.status))
                    self.running = self.status == "running"
                    self.asked = bool(data.get("pending"))
            case "chat.resume_boundary":
                self.caught_up = True
            case "chat.run_start":
                self.status, self.running = "running", True
            case "chat.run_complete":
                self.status, self.running = str(data.get("status", "completed")), False
                if self.status in ENDED:
                    self.asked = False
                    self.requests.clear()
            case "chat.input_request":
                self.status, self.asked = "waiting", True
            case "chat.input_ack" | "chat.input_timeout":
                self.asked = False
                self._unheard.discard(str(data.get("client_message_id")))
            case "chat.text" if data.get("role") == "user":
                self._unheard.discard(str(data.get("message_id")))
            case "chat.tool_call" if data.get("awaiting_response"):
                self.requests[event.event_id or ""] = event
            case "chat.ui_tool_complete" | "chat.ui_tool_dismiss":
                self.requests.pop(str(data.get("request_id") or data.get("eventId")), None)
            case "chat.tool_response":
                call = data.get("tool_call_id")
                self.requests = {
                    key: each for key, each in self.requests.items() if each.data.get("tool_call_id") != call
                }
            case "chat.usage_delta":
                self._spend(data)

    @property
    def unheard(self) -> bool:
        """Whether something the user said has not reached the chat yet."""
        return bool(self._unheard)

    def refused(self) -> None:
        """What the user said will not reach the chat: it is the user's turn again, if it was."""
        self._unheard.clear()

    def _spend(self, data: Mapping[str, Any]) -> None:
        key = (str(data.get("agent") or "(hidden)"), str(data.get("model") or "?"))
        spent = self.spent.setdefault(key, Spent())
        for name in _COUNTS:
            value = data.get(name)
            if isinstance(value, int):
                setattr(spent, name, getattr(spent, name) + value)
