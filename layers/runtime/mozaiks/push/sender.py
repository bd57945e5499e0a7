"""Takes events and deltas from a worker, and brings them to every connection of the chat."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mozaiks.access.principal import Tenant
from mozaiks.chats.events import Event, Print, envelope
from mozaiks.chats.states import Chat
from mozaiks.chats.visibility import may_see_agent, present
from mozaiks.errors import MozaiksError
from mozaiks.metrics import TALLY, Metric
from mozaiks.push.connections import Connection, Connections, DraftWriter, Gateway
from mozaiks.push.delivery import Line, encode

__all__ = ["ChatSender", "Pace"]

log = logging.getLogger("mozaiks.push")


@dataclass(frozen=True, slots=True)
class Pace:
    """How deltas are gathered, and how long a slow connection is waited for. Seconds and bytes."""

    coalesce_seconds: float = 0.05
    coalesce_bytes: int = 4096
    post_seconds: float = 3.0
    drain_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class _Delta:
    agent: str
    message_id: str
    offset: int
    content: str


@dataclass(frozen=True, slots=True)
class _Frame:
    """A frame that is no event of the log: progress of a tool."""

    agent: str | None
    frame: dict[str, Any]


class _End:
    """Nothing comes after it."""


_Item = Event | _Delta | _Frame | _End


class ChatSender:
    """The way out of one worker for one chat.

    ``publish`` and ``delta`` never wait and never raise: a thread of its own gathers deltas, keeps the draft, looks up
    who is connected and hands frames to each connection's line. ``close`` brings out what is left, within bounds.

    The draft is written before its text is posted, and connections are looked up after that: whoever connects later
    finds that text in the draft, whoever is connected already gets the post.
    """

    def __init__(
        self,
        chat: Chat,
        *,
        gateway: Gateway,
        connections: Connections,
        drafts: DraftWriter,
        clock: Callable[[], datetime],
        pace: Pace,
    ) -> None:
        self._chat = chat
        self._tenant = Tenant(chat.app_id, chat.user_id)
        self._gateway = gateway
        self._connections = connections
        self._drafts = drafts
        self._clock = clock
        self._pace = pace
        self._items: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._lines: dict[str, Line] = {}
        self._text: list[str] = []
        self._message_id: str | None = None
        self._thread: threading.Thread | None = None

    def publish(self, events: Iterable[Event]) -> None:
        """Bring out stored events, in the order of their ``seq``."""
        for event in events:
            self._put(event)

    def delta(self, agent: str, message_id: str, offset: int, content: str) -> None:
        """Bring out a piece of a text. ``offset`` counts the UTF-16 units before it, as ``length`` does in browsers."""
        self._put(_Delta(agent, message_id, offset, content))

    def show(self, agent: str | None, frame: dict[str, Any]) -> None:
        """Bring out a frame that is not stored, to those who may see ``agent``."""
        self._put(_Frame(agent, frame))

    def close(self) -> None:
        """Post what is left. Waits for slow connections as long as the pace says, then leaves them behind."""
        if self._thread is None:
            return
        deadline = time.monotonic() + self._pace.drain_seconds
        self._items.put(_End())
        self._thread.join(self._pace.drain_seconds)
        for line in self._lines.values():
            line.close(deadline)
        late = sum(not line.join(deadline) for line in self._lines.values())
        if late:
            log.warning("Left %d slow connections behind; they ask for what they missed", late)
            TALLY.count(Metric.PUSH_FAILURES, late)
        self._thread, self._lines = None, {}

    def _put(self, item: _Item) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="push-sender", daemon=True)
            self._thread.start()
        self._items.put(item)

    def _run(self) -> None:
        held: _Item | None = None
        while not isinstance(item := held or self._items.get(), _End):
            held = None
            try:
                if isinstance(item, _Delta):
                    delta, held = self._gather(item)
                    self._send_delta(delta)
                else:
                    self._send(item)
            except MozaiksError as error:
                # The database does not answer. Events are in the log already: clients ask for them by their gap.
                log.warning("A push was lost: %s", error.code)
                TALLY.count(Metric.PUSH_FAILURES)
            except Exception:
                # Whatever is wrong with one item, the next ones are still to be brought out.
                log.exception("A push was lost")
                TALLY.count(Metric.PUSH_FAILURES)

    def _send(self, item: Event | _Frame) -> None:
        if isinstance(item, Event) and self._ends_draft(item):
            self._text, self._message_id = [], None
            self._drafts.clear(self._tenant, self._chat.chat_id)
        greeting = self._chat.greeting
        for line in self._lines_now():
            everything = line.connection.principal.sees_everything
            if isinstance(item, Event):
                line.put(encode(present(item, greeting, sees_everything=everything)))
            elif may_see_agent(greeting, item.agent, sees_everything=everything):
                line.put(encode(item.frame))

    def _ends_draft(self, event: Event) -> bool:
        """Whether nothing of the message being written is worth showing any more.

        The end of a run ends a draft whoever wrote it: a worker that was killed could not.
        """
        if event.type == "chat.run_complete":
            return True
        return event.type == "chat.text" and event.data["message_id"] == self._message_id

    def _gather(self, first: _Delta) -> tuple[_Delta, _Item | None]:
        """``first`` and what follows it within the pace as one, and the item after that if it came.

        The first delta of a message goes out at once: it is what people wait for.
        """
        if first.offset == 0:
            return first, None
        pieces, size, following = [first.content], len(first.content), None
        until = time.monotonic() + self._pace.coalesce_seconds
        while size < self._pace.coalesce_bytes and (left := until - time.monotonic()) > 0:
            try:
                item = self._items.get(timeout=left)
            except queue.Empty:
                break
            if not isinstance(item, _Delta) or item.message_id != first.message_id:
                following = item
                break
            pieces.append(item.content)
            size += len(item.content)
        return _Delta(first.agent, first.message_id, first.offset, "".join(pieces)), following

    def _send_delta(self, delta: _Delta) -> None:
        self._keep_draft(delta)
        data: Print = {
            "agent": delta.agent,
            "message_id": delta.message_id,
            "offset": delta.offset,
            "content": delta.content,
        }
        payload = encode(envelope("chat.print", self._chat.chat_id, data, at=self._clock()))
        for line in self._lines_now():
            everything = line.connection.principal.sees_everything
            if may_see_agent(self._chat.greeting, delta.agent, sees_everything=everything):
                line.put(payload)

    def _keep_draft(self, delta: _Delta) -> None:
        if delta.message_id != self._message_id:
            self._text, self._message_id = [], delta.message_id
        self._text.append(delta.content)
        self._drafts.write(
            self._tenant, self._chat.chat_id, delta.message_id, delta.agent, "".join(self._text), self._clock()
        )

    def _lines_now(self) -> list[Line]:
        """The lines of those who are connected at this moment."""
        present_ids = set()
        for connection in self._connections.of_chat(self._tenant, self._chat.chat_id, self._clock()):
            present_ids.add(connection.connection_id)
            if connection.connection_id not in self._lines:
                self._lines[connection.connection_id] = Line(
                    self._gateway,
                    connection,
                    clock=self._clock,
                    patience_seconds=self._pace.post_seconds,
                    on_gone=self._gone,
                )
        return [line for id_, line in self._lines.items() if id_ in present_ids]

    def _gone(self, connection: Connection) -> None:
        try:
            self._connections.remove(connection.connection_id)
        except MozaiksError as error:
            log.warning("A gone connection was not removed: %s", error.code)
