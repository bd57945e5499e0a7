"""What a slice writes at once, and the one who writes it under the chat's lease."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from mozaiks.access.principal import Tenant
from mozaiks.chats.changes import Applied, Change, ChatFields, HistoryEntry
from mozaiks.chats.events import NewEvent
from mozaiks.chats.states import Chat, ChatStatus
from mozaiks.engine.accounts import usage_event, usage_of
from mozaiks.engine.ports import Sender, SliceStore
from mozaiks.engine.state import EngineState, add_usage
from mozaiks.errors import MozaiksError
from mozaiks.usage.calls import CallUsage, added
from mozaiks.usage.slices import SliceNote, SliceOutcome

__all__ = ["Finish", "SafePoint", "Scribe", "ToBeCancelled"]


@dataclass(slots=True)
class SafePoint:
    """Effects that are stored together or not at all. ``context`` holds variables that were set.

    ``calls`` are the model calls that led to it.
    """

    events: list[NewEvent] = field(default_factory=list)
    history: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    calls: list[CallUsage] = field(default_factory=list)
    context: dict[str, Any] = field(default_factory=dict)


class ToBeCancelled(Exception):
    """Somebody wants the chat to stop, and the last write saw it: stop here."""


Finish = Callable[[Chat], tuple[ChatFields, list[NewEvent]]]
"""Decides, from the chat as it is in the moment of writing, what else the safe point sets and says."""


class Scribe:
    """Writes safe points, and publishes what they say.

    Every write holds the lease's token against the chat: a worker that lost its lease writes nothing more.
    """

    def __init__(
        self,
        store: SliceStore,
        sender: Sender,
        chat: Chat,
        lease_token: str,
        state: EngineState,
        began_at: datetime,
    ) -> None:
        self._store = store
        self._sender = sender
        self.tenant = Tenant(chat.app_id)
        self._token = lease_token
        self.chat = chat
        self.state = state
        self._stored = state.dump()
        self._unstored: list[CallUsage] = []
        # A run begins with its first slice; to a run that another execution goes on with, the state was told.
        no = state.slice_no + 1 if state.run_no == chat.run_no else 1
        self._slice = SliceNote(no, began_at, 0, 0)

    def spent(self, call: CallUsage) -> None:
        """Note a model call of which nothing else is stored. It was paid for: the next safe point tells of it."""
        self._unstored.append(call)

    def revert(self) -> None:
        """Forget what was changed since the last safe point."""
        self.state = EngineState.load(self._stored)

    async def write(
        self, point: SafePoint, finish: Finish | None = None, *, handing_over: SliceOutcome = "continue"
    ) -> Chat:
        """Store ``point`` with the engine's state.

        Parameters
        ----------
        handing_over
            What is noted of the slice if it gives its lease back and the run is not over.

        Raises
        ------
        MozaiksError
            ``LEASE_LOST`` if another worker has the chat; nothing was written then.
        """
        state = self.state
        history = []
        for agent, payload in point.history:
            history.append(HistoryEntry(agent, state.histories.get(agent, 0), payload))
            state.histories[agent] = state.histories.get(agent, 0) + 1
        others, self._unstored = self._unstored, []
        calls = [*others, *point.calls]
        tokens = usage_of(calls)
        state.run_usage = add_usage(state.run_usage, tokens)
        state.run_rows = added(state.run_rows, calls)
        told = [usage_event(call) for call in others]
        made = self._slice.model_calls + len(calls)
        waited = self._slice.model_ms + sum(call.duration_ms for call in calls)
        noted = self._slice = replace(self._slice, model_calls=made, model_ms=waited)
        state.slice_no = noted.no

        def decide(chat: Chat) -> Change:
            if chat.lease is None or chat.lease.token != self._token:
                raise MozaiksError("LEASE_LOST", "another worker has taken this chat over")
            if chat.context_inbox:
                # What components set meanwhile; it was checked and told when it was taken.
                state.context.update(chat.context_inbox)
            extra: ChatFields = {"context_inbox": {}} if chat.context_inbox else {}
            said: list[NewEvent] = []
            if finish is not None:
                more, said = finish(chat)
                extra = {**extra, **more}
            fields: ChatFields = {"state": state.dump(), "usage": add_usage(chat.usage, tokens), **extra}
            usage = tuple(state.run_rows) if calls else None
            ends = replace(noted, outcome=_ended_with(extra, handing_over))
            return Change(fields, (*told, *point.events, *said), history=tuple(history), usage=usage, slice_=ends)

        writing = asyncio.ensure_future(self._store.transact(self.tenant, self.chat.chat_id, decide))
        try:
            applied = await asyncio.shield(writing)
        except asyncio.CancelledError:
            # A write that has begun may land. What we hold must be what is stored before anybody writes again.
            self._wrote(await writing, state)
            raise
        return self._wrote(applied, state)

    def _wrote(self, applied: Applied, state: EngineState) -> Chat:
        self.chat = applied.chat
        self._stored = state.dump()
        self._sender.publish(applied.events)
        return applied.chat


def _ended_with(fields: ChatFields, handing_over: SliceOutcome) -> SliceOutcome | None:
    """What came of a slice that sets these fields. ``None``: it keeps its lease and goes on."""
    if "lease" not in fields:
        return None
    match fields.get("status"):
        case ChatStatus.WAITING:
            return "children" if fields.get("waiting_for") == "children" else "waiting"
        case ChatStatus.COMPLETED:
            return "completed"
        case ChatStatus.CANCELLED:
            return "cancelled"
        case ChatStatus.FAILED | ChatStatus.TIMED_OUT:
            return "failed"
        case _:
            return handing_over
