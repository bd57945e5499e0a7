"""Every collection of the runtime, and how what is in it finds its owner.

Whoever adds a collection says here whose it is: erasure walks this list, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["COLLECTIONS", "OF_CHATS", "OF_USERS", "Collection"]


@dataclass(frozen=True, slots=True)
class Collection:
    """Where documents say whose they are.

    ``chat`` is the field that holds the chat's id; ``user``: they hold a ``user_id``. With neither they are the
    app's or the runtime's own, and hold nothing about a person.
    """

    name: str
    chat: str | None = None
    user: bool = False


COLLECTIONS: Final = (
    Collection("chat_events", "chat_id", user=True),
    Collection("agent_histories", "chat_id"),
    Collection("tool_results", "chat_id"),
    Collection("commands", "chat_id", user=True),
    Collection("chat_drafts", "_id", user=True),
    Collection("connections", "chat_id", user=True),
    Collection("run_usage", "chat_id", user=True),
    # After everything that is found by it.
    Collection("chat_sessions", "_id", user=True),
    Collection("journeys", user=True),
    Collection("secrets", user=True),
    Collection("app_themes"),
    Collection("app_usage"),
    Collection("erasures"),
    Collection("erased_chats"),
)

OF_CHATS: Final = tuple(each for each in COLLECTIONS if each.chat is not None)
"""In the order in which a chat is erased: its session, by which the others are found, is the last."""
OF_USERS: Final = tuple(each for each in COLLECTIONS if each.user)
