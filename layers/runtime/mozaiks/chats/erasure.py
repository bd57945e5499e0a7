"""The use cases that make a chat, or a user, as if they had never been."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from mozaiks.access.principal import Principal, Tenant
from mozaiks.chats import decisions
from mozaiks.chats.changes import Change
from mozaiks.chats.ports import Chats, Outbox
from mozaiks.chats.states import Chat
from mozaiks.errors import MozaiksError

__all__ = ["Erased", "Eraser", "Erasure", "Erasures", "Sockets"]

log = logging.getLogger("mozaiks.chats")

PAGE: Final = 100
PATIENCE: Final = timedelta(seconds=60)
"""Whoever erases writes all the time; after so long without a sign, nobody does any more."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was asked to be erased and is not yet: a user's chat, or, without ``chat_id``, the whole user.

    ``counts``: documents that are gone, by collection.
    """

    tenant: Tenant
    chat_id: str | None
    requested_at: datetime
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Erased:
    """``complete``: nothing is left. Else it goes on by itself, and a repeated request goes on at once."""

    complete: bool
    counts: Mapping[str, int]


class Erasures(Protocol):
    def begin(self, tenant: Tenant, chat_id: str | None) -> Erasure: ...

    def find(self, tenant: Tenant, chat_id: str | None) -> Erasure | None: ...

    def unfinished(self, before: datetime, limit: int) -> Sequence[Erasure]: ...

    def finish(self, erasure: Erasure) -> Mapping[str, int]: ...

    def chat_ids(self, tenant: Tenant, limit: int) -> Sequence[str]: ...

    def children(self, tenant: Tenant, parents: Sequence[str]) -> Sequence[str]: ...

    def hide(self, tenant: Tenant, chat_id: str) -> bool: ...

    def delete_chat(self, erasure: Erasure, chat_id: str, out_of_time: Callable[[], bool]) -> bool: ...

    def delete_user(self, erasure: Erasure, out_of_time: Callable[[], bool]) -> bool: ...

    def sweep(self, now: datetime, limit: int) -> int: ...


class Sockets(Protocol):
    def close_all(self, tenant: Tenant, chat_id: str) -> None:
        """Close every connection to a chat. Never raises."""
        ...


class Ends(Protocol):
    def settle(self, chat: Chat) -> bool: ...


@dataclass(frozen=True, slots=True)
class Eraser:
    """Erases, stops in time, and goes on where it was stopped.

    What runs is ended first, which takes the chat from its worker: it can write nothing more. Then the chat is taken
    away from everybody, and deleted piece by piece.

    Attributes
    ----------
    stop_journeys
        Ends what would begin further chats of a user.
    budget_seconds
        After so long an erasure is left for ``reconcile``, or for a repeated request.
    """

    chats: Chats
    erasures: Erasures
    outbox: Outbox
    endings: Ends
    sockets: Sockets
    stop_journeys: Callable[[Tenant], object]
    clock: Callable[[], datetime]
    budget_seconds: float = 15.0

    def erase_chat(self, principal: Principal, chat_id: str) -> Erased:
        """Erase a chat and those it spawned.

        Raises
        ------
        MozaiksError
            ``CHAT_NOT_FOUND``, also for a chat that is erased.
        """
        tenant = principal.tenant
        if self.erasures.find(tenant, chat_id) is None:
            self.chats.get(tenant, chat_id)
        return self._go_on(self.erasures.begin(tenant, chat_id), self._timer())

    def interrupted(self, principal: Principal, chat_id: str) -> bool:
        """Whether this chat's erasure was begun and not finished."""
        return self.erasures.find(principal.tenant, chat_id) is not None

    def erase_user(self, principal: Principal) -> Erased:
        """Erase everything of a user. Safe to repeat, and for a user of whom there is nothing."""
        return self._go_on(self.erasures.begin(principal.tenant, None), self._timer())

    def go_on(self, limit: int) -> int:
        """Finish what was interrupted, and look for what late workers left; how many erasures this call finished."""
        now, finished, out_of_time = self.clock(), 0, self._timer()
        for erasure in self.erasures.unfinished(now - PATIENCE, limit):
            if out_of_time():
                break
            finished += self._go_on(erasure, out_of_time).complete
        self.erasures.sweep(now, limit)
        return finished

    def _timer(self) -> Callable[[], bool]:
        deadline = time.monotonic() + self.budget_seconds
        return lambda: time.monotonic() > deadline

    def _go_on(self, erasure: Erasure, out_of_time: Callable[[], bool]) -> Erased:
        done = self._user(erasure, out_of_time) if erasure.chat_id is None else self._chat(erasure, out_of_time)
        if done:
            return Erased(complete=True, counts=self.erasures.finish(erasure))
        left = self.erasures.find(erasure.tenant, erasure.chat_id)
        return Erased(complete=False, counts={} if left is None else left.counts)

    def _user(self, erasure: Erasure, out_of_time: Callable[[], bool]) -> bool:
        tenant = erasure.tenant
        self.stop_journeys(tenant)
        while True:
            while ids := self.erasures.chat_ids(tenant, PAGE):
                # All of them first: a chat that ends may make another one go on.
                for chat_id in ids:
                    if out_of_time():
                        return False
                    self._end(tenant, chat_id)
                for chat_id in ids:
                    if out_of_time() or not self._one(erasure, chat_id, out_of_time):
                        return False
            if not self.erasures.delete_user(erasure, out_of_time):
                return False
            if not self.erasures.chat_ids(tenant, 1):
                return True

    def _chat(self, erasure: Erasure, out_of_time: Callable[[], bool]) -> bool:
        assert erasure.chat_id is not None  # noqa: S101 - the caller looked
        tenant = erasure.tenant
        while True:
            family, youngest = [erasure.chat_id], [erasure.chat_id]
            while youngest := [each for each in self.erasures.children(tenant, youngest) if each not in family]:
                family += youngest
            for chat_id in family:
                self._end(tenant, chat_id)
            # Children first: without their parent they could not be found again.
            for chat_id in reversed(family):
                if out_of_time() or not self._one(erasure, chat_id, out_of_time):
                    return False
            if not self.erasures.children(tenant, [erasure.chat_id]):
                return True

    def _end(self, tenant: Tenant, chat_id: str) -> None:
        """End a chat where it stands, and tell those who wait for its end. Nothing, where it is away already."""
        try:
            applied = self.chats.transact(
                tenant, chat_id, lambda chat: Change() if chat.ended else decisions.end(chat, "cancelled", self.clock())
            )
        except MozaiksError as error:
            if error.code != "CHAT_NOT_FOUND":
                raise
            return
        self.outbox.publish(applied.chat, applied.events)
        try:
            self.endings.settle(applied.chat)
        except MozaiksError as error:
            # Who waits may be gone, or be erased next. An execution that waits for good holds nothing of the user.
            log.warning("The end of a chat that is erased was not told: %s", error.code)

    def _one(self, erasure: Erasure, chat_id: str, out_of_time: Callable[[], bool]) -> bool:
        tenant = erasure.tenant
        while not self.erasures.hide(tenant, chat_id):
            self._end(tenant, chat_id)
        self.sockets.close_all(tenant, chat_id)
        return self.erasures.delete_chat(erasure, chat_id, out_of_time)
