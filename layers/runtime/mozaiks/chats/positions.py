"""Where a page of chats ends, and the next one begins. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from mozaiks.chats.states import Chat
from mozaiks.errors import MozaiksError

__all__ = ["Position", "cursor_of", "position_of"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT: Final = re.compile(r"([0-9]{1,14})\.([A-Za-z0-9_-]{1,64})")


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list of chats, the newest first. It needs no chat to be there still, and tells of none."""

    created_at: datetime
    chat_id: str

    @classmethod
    def after(cls, chat: Chat) -> Position:
        return cls(chat.created_at, chat.chat_id)


def cursor_of(position: Position) -> str:
    """The position as an opaque text of letters, digits, ``_`` and ``-``."""
    milliseconds = (position.created_at - _EPOCH) // timedelta(milliseconds=1)
    return base64.urlsafe_b64encode(f"{milliseconds}.{position.chat_id}".encode()).decode().rstrip("=")


def position_of(cursor: str) -> Position:
    """The position that ``cursor_of`` made a text of. ``NOT_FOUND`` for any other text."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        found = _TEXT.fullmatch(text)
        if found is not None:
            return Position(_EPOCH + timedelta(milliseconds=int(found[1])), found[2])
    except (binascii.Error, ValueError, OverflowError):
        pass
    raise MozaiksError("NOT_FOUND", "there is no page before this; expected the next_before of a former page")
