"""Everything the runtime keeps of a user, as lines of JSON, page by page."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from mozaiks.access.principal import Principal, Tenant, checked_id
from mozaiks.chats.events import Event, timestamp
from mozaiks.chats.ports import EventLog
from mozaiks.chats.states import Chat
from mozaiks.chats.visibility import present
from mozaiks.errors import MozaiksError

__all__ = ["MAX_CURSOR", "ExportPage", "Exporter", "Kept", "Place"]

MAX_CURSOR: Final = 512
BATCH: Final = 200

_OF_A_CHAT: Final = ("session", "event", "command", "tool_result", "message")
_OF_THE_USER: Final = ("journey", "secret")
_LAST: Final = "~"
"""In the place of a chat: all chats are told. No chat's id has this character, and it comes after all that ids have."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far an export has come: of which chat, which kind of line, after which of them.

    ``after`` is what the lines of a kind are ordered by: numbers for events, texts for others, ``None`` before the
    first.
    """

    chat_id: str = ""
    kind: str = "session"
    after: int | str | None = None

    @property
    def cursor(self) -> str:
        """The place as an opaque text of letters, digits, ``_`` and ``-``."""
        text = json.dumps([self.chat_id, self.kind, self.after], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def of_cursor(cls, cursor: str) -> Place:
        """The place a cursor stands for. It says where to go on, never whose things are told.

        Raises
        ------
        MozaiksError
            ``NOT_FOUND`` for a text that no former page led to.
        """
        refused = MozaiksError("NOT_FOUND", "the cursor is none of an export: there is no such page")
        try:
            found: Any = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            chat_id, kind, after = found
        except (ValueError, TypeError, binascii.Error, RecursionError):
            raise refused from None
        of_user = chat_id == _LAST
        known = _OF_THE_USER if of_user else _OF_A_CHAT
        if not isinstance(kind, str) or kind not in known or isinstance(after, bool):
            raise refused
        fits = isinstance(after, int) and 0 <= after <= 2**53 if kind == "event" else isinstance(after, str)
        if after is not None and not fits:
            raise refused
        if not of_user and chat_id != "":
            try:
                checked_id("chat_id", chat_id)
            except MozaiksError:
                raise refused from None
        return cls(chat_id, kind, after)


@dataclass(frozen=True, slots=True)
class ExportPage:
    """``next`` is where the following page begins; ``None``: this one is the last."""

    lines: Sequence[str]
    next: Place | None


class Kept(Protocol):
    """What is stored of a user beside events, ready to be told: nothing of it is a credential or the runtime's own."""

    def chats(self, tenant: Tenant, after: str, limit: int) -> Sequence[Chat]:
        """The user's chats in the order of their ids, those after ``after``."""
        ...

    def chat(self, tenant: Tenant, chat_id: str) -> Chat | None: ...

    def rows(
        self, tenant: Tenant, kind: str, chat_id: str, after: str | None, limit: int
    ) -> Sequence[tuple[str, dict[str, Any]]]:
        """Lines of a kind, each with what it is ordered by."""
        ...


@dataclass(frozen=True, slots=True)
class Exporter:
    """Tells a user what is kept of them.

    It is no picture of one moment: what changes while the pages are asked for is told as it is then. What agents say
    behind the scenes is told to those who may see it, as everywhere.
    """

    kept: Kept
    events: EventLog

    def page(self, principal: Principal, place: Place, max_bytes: int) -> ExportPage:
        """The lines from ``place`` on, as many as fit into ``max_bytes``, and at least one."""
        lines: list[str] = []
        size = 0
        reached = place
        for here, line in self._walk(principal, place):
            text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
            length = len(text.encode("utf-8", "replace")) + 1
            if length > max_bytes:
                about = {name: line[name] for name in ("kind", "chat_id", "seq", "call_id") if name in line}
                text = json.dumps({**about, "oversize": True, "bytes": length})
                length = len(text) + 1
            if lines and size + length > max_bytes:
                return ExportPage(lines, reached)
            lines.append(text)
            size += length
            reached = here
        return ExportPage(lines, None)

    def _walk(self, principal: Principal, place: Place) -> Iterator[tuple[Place, dict[str, Any]]]:
        """Each line with the place right after it."""
        tenant = principal.tenant
        if place.chat_id != _LAST:
            yield from self._chats(principal, place)
            place = Place(_LAST, _OF_THE_USER[0])
        for kind in _OF_THE_USER[_OF_THE_USER.index(place.kind) :]:
            after = place.after if kind == place.kind else None
            yield from self._rows(tenant, Place(_LAST, kind, after))

    def _chats(self, principal: Principal, place: Place) -> Iterator[tuple[Place, dict[str, Any]]]:
        tenant = principal.tenant
        # In the middle of a chat, if it is still there.
        middle = place.chat_id and place.kind != "session"
        if middle and (current := self.kept.chat(tenant, place.chat_id)) is not None:
            yield from self._chat(principal, current, place)
        after = place.chat_id
        while page := self.kept.chats(tenant, after, BATCH):
            for chat in page:
                yield from self._chat(principal, chat, Place(chat.chat_id))
            after = page[-1].chat_id

    def _chat(self, principal: Principal, chat: Chat, place: Place) -> Iterator[tuple[Place, dict[str, Any]]]:
        everything = principal.sees_everything or chat.greeting.visual_agents is None
        for kind in _OF_A_CHAT[_OF_A_CHAT.index(place.kind) :]:
            here = place if kind == place.kind else Place(chat.chat_id, kind)
            match kind:
                case "session":
                    # The cursor after it begins with what follows: a chat without anything else is told once.
                    yield Place(chat.chat_id, "event"), _session(chat, with_context=everything)
                case "event":
                    yield from self._log(principal, chat, here)
                case "command":
                    yield from self._rows(principal.tenant, here)
                case _ if everything:
                    yield from self._rows(principal.tenant, here)

    def _log(self, principal: Principal, chat: Chat, place: Place) -> Iterator[tuple[Place, dict[str, Any]]]:
        after = place.after if isinstance(place.after, int) else 0
        while page := self.events.after(principal.tenant, chat.chat_id, after, BATCH):
            for event in page:
                yield replace(place, after=event.seq), _told(event, chat, principal)
            after = page[-1].seq

    def _rows(self, tenant: Tenant, place: Place) -> Iterator[tuple[Place, dict[str, Any]]]:
        after = place.after if isinstance(place.after, str) else None
        chat_id = "" if place.chat_id == _LAST else place.chat_id
        while page := self.kept.rows(tenant, place.kind, chat_id, after, BATCH):
            for key, row in page:
                yield replace(place, after=key), {"kind": place.kind, **row}
            after = page[-1][0]


def _told(event: Event, chat: Chat, principal: Principal) -> dict[str, Any]:
    return {"kind": "event", **present(event, chat.greeting, sees_everything=principal.sees_everything)}


def _session(chat: Chat, *, with_context: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": "session",
        "chat_id": chat.chat_id,
        "app_id": chat.app_id,
        "user_id": chat.user_id,
        "workflow_name": chat.workflow_name,
        "workflow_version": chat.workflow_version,
        "status": chat.status.value,
        "created_at": timestamp(chat.created_at),
        "updated_at": timestamp(chat.updated_at),
        "initial_message": chat.greeting.initial_message if with_context else None,
        "parent_chat_id": chat.parent_chat_id,
        "client_request_id": chat.client_request_id,
        "runs": chat.run_no,
        "last_seq": chat.last_seq,
        "usage": dict(chat.usage),
        "last_artifact": chat.last_artifact,
    }
    if with_context:
        told["context"] = chat.state.get("context", {})
    return told
