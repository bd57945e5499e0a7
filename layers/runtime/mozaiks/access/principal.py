"""Who is asking: the one place where a caller becomes a query filter."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from mozaiks.errors import MozaiksError

__all__ = ["NOBODY", "SCOPES", "Principal", "Scope", "Tenant", "checked_id"]

Scope = Literal["chat", "trace", "admin"]
"""``chat``: use one's own chats. ``trace``: see hidden agents too. ``admin``: see figures of the whole service."""
SCOPES: Final = frozenset({"chat", "trace", "admin"})

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_USER: Final = re.compile(r"[A-Za-z0-9_.@|:+-]{1,128}")
_RESERVED: Final = frozenset({"exists", "meta"})
"""``/api/chats/exists/…`` and ``/api/chats/meta/…`` would hide the chats of apps that are called so."""


def checked_id(kind: str, value: object) -> str:
    """``value`` if it has the shape of an id, before it comes near a query.

    Parameters
    ----------
    kind
        ``app_id``, ``chat_id``, ``user_id`` or another name, for the message.
    value
        Whatever a client sent.

    Raises
    ------
    MozaiksError
        ``VALIDATION`` if it is no string of the allowed characters and length.
    """
    pattern = _USER if kind == "user_id" else _ID
    if kind == "app_id" and isinstance(value, str) and value in _RESERVED:
        raise MozaiksError(
            "VALIDATION",
            f"app_id is {value!r}, which is a word of the HTTP API's own paths; choose another",
            field=kind,
        )
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    found = repr(value)[:80]
    raise MozaiksError("VALIDATION", f"{kind} is {found}; expected {pattern.pattern}", field=kind)


@dataclass(frozen=True, slots=True)
class Tenant:
    """Whose documents a store function may touch. Without ``user_id``: every user of the app (the runtime itself)."""

    app_id: str
    user_id: str | None = None

    @property
    def key(self) -> dict[str, str]:
        """The filter every query begins with."""
        return {"app_id": self.app_id} if self.user_id is None else {"app_id": self.app_id, "user_id": self.user_id}


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller. ``token_expires_at`` is ``None`` where no token vouches for it."""

    app_id: str
    user_id: str
    scopes: frozenset[str] = field(default_factory=lambda: frozenset({"chat"}))
    token_expires_at: datetime | None = None

    @property
    def tenant(self) -> Tenant:
        return Tenant(self.app_id, self.user_id)

    @property
    def sees_everything(self) -> bool:
        """Whether hidden agents' events are shown too."""
        return "trace" in self.scopes

    def require(self, scope: Scope) -> None:
        """Raise ``FORBIDDEN`` unless the caller has the scope."""
        if scope not in self.scopes:
            raise MozaiksError("FORBIDDEN", f"the token has no scope {scope!r}", scope=scope)


NOBODY: Final = Principal("/", "/", frozenset({"chat"}))
"""Who asks for another app's or user's things. No id has a slash, so nothing is Nobody's: every query is made as for a
missing id, and finds as much."""
