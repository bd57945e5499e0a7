"""The service's way to the connections: everything is out before the handler returns, or left to be asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mozaiks.chats.events import Event
from mozaiks.chats.states import Chat
from mozaiks.push.sender import ChatSender

__all__ = ["SenderOutbox"]


@dataclass(frozen=True, slots=True)
class SenderOutbox:
    open_sender: Callable[[Chat], ChatSender]

    def publish(self, chat: Chat, events: Iterable[Event]) -> None:
        """Bring out ``events`` and wait for it within the sender's bounds: a frozen worker posts nothing."""
        sender = self.open_sender(chat)
        sender.publish(events)
        sender.close()
