"""Every command of a chat that a process sends to MongoDB, by name and number, and what shall happen at one of them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from pymongo import monitoring

__all__ = ["BOOKKEEPING", "WRITES", "Point", "WriteLog"]

Moment = Literal["before", "after"]

BOOKKEEPING: Final = frozenset({"executions", "answers"})
"""Collections of the tests themselves: what happens there is not the product's doing."""

_READS: Final = frozenset({"find", "getMore"})
_WRITES: Final = frozenset({"insert", "update", "delete", "findAndModify", "commitTransaction", "abortTransaction"})


@dataclass(frozen=True, slots=True)
class Point:
    """An instant next to a command: ``nth`` counts, from 1, the commands of this name that the process sent.

    Names hold the command and its collection. Writes inside a transaction are told apart: they are nothing until the
    commit.
    """

    name: str
    nth: int
    moment: Moment = "after"

    @property
    def in_transaction(self) -> bool:
        return self.name.endswith(" in transaction")

    @property
    def command(self) -> str:
        return self.name.partition(" ")[0]

    @property
    def is_read(self) -> bool:
        return self.command in _READS

    @property
    def is_paced(self) -> bool:
        """Drafts and renewals of leases are written by the clock: how many there are differs from run to run."""
        return "chat_drafts" in self.name or self.name == "renewal of a lease"

    def __str__(self) -> str:
        return f"{self.moment} {self.name} #{self.nth}"


class WriteLog(monitoring.CommandListener):
    """Counts the commands of a process, and calls ``at`` next to each while it is armed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at: Callable[[Point], None] | None = None
        self._counts: Counter[str] = Counter()
        self._open: dict[int, Point] = {}
        self.sessions: list[bytes] = []

    def arm(self, at: Callable[[Point], None]) -> None:
        """Count from 1 again, and call ``at`` before and after each, in the thread that sends it."""
        with self._lock:
            self._counts.clear()
            self._open.clear()
            self.sessions.clear()
            self._at = at

    def disarm(self) -> None:
        self._at = None

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        at, name = self._at, event.command_name
        if at is None or name not in _WRITES | _READS:
            return
        if not name.endswith("Transaction"):
            collection = event.command["collection" if name == "getMore" else name]
            if collection in BOOKKEEPING:
                return
            name = f"{name} {collection}"
            if event.command.get("autocommit") is False:
                name += " in transaction"
            elif name == "findAndModify chat_sessions" and "$max" in event.command["update"]:
                name = "renewal of a lease"
        with self._lock:
            self._counts[name] += 1
            point = Point(name, self._counts[name])
            self._open[event.request_id] = point
            session: Any = event.command.get("lsid")
            if session is not None and (id_ := bytes(session["id"])) not in self.sessions:
                self.sessions.append(id_)
        at(Point(point.name, point.nth, "before"))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        point, at = self._open.pop(event.request_id, None), self._at
        if point is not None and at is not None:
            at(point)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        self._open.pop(event.request_id, None)


WRITES: Final = WriteLog()
"""The process's log. Clients made before this module was imported are not heard."""

monitoring.register(WRITES)
