"""Tells another service what each run has spent, once it is over: at least once, signed, again until it is taken."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from mozaiks.chats.events import timestamp
from mozaiks.errors import MozaiksError
from mozaiks.usage.calls import sum_of
from mozaiks.usage.ledger import LedgerEntry

__all__ = ["DueReport", "Listener", "Reporter", "Reports", "report_of", "signature"]

log = logging.getLogger("mozaiks.usage")

FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=6)
MAX_ATTEMPTS: Final = 20
"""With these pauses, some two and a half days."""


@dataclass(frozen=True, slots=True)
class DueReport:
    """A run that is to be told of. ``attempts`` counts this one."""

    entry: LedgerEntry
    attempts: int


class Reports(Protocol):
    def take_due(self, now: datetime) -> DueReport | None:
        """The next report that is due; nobody else takes it for a while."""
        ...

    def told(self, entry: LedgerEntry) -> None: ...

    def later(self, entry: LedgerEntry, due_at: datetime) -> None: ...

    def give_up(self, entry: LedgerEntry, now: datetime) -> None: ...


class Listener(Protocol):
    def post(self, body: bytes, headers: dict[str, str]) -> int:
        """The status the service answers with; ``OSError`` if there is no answer."""
        ...


@dataclass(frozen=True, slots=True)
class Reporter:
    """Tells what is due, and stops in time for the function that runs it."""

    reports: Reports
    listener: Listener
    secret: str
    clock: Callable[[], datetime]
    budget_seconds: float = 15.0

    def run(self, limit: int) -> tuple[int, int]:
        """Tell once what is due; how many reports were taken, and how many were not."""
        deadline = time.monotonic() + self.budget_seconds
        told = failed = 0
        while told + failed < limit and time.monotonic() < deadline:
            due = self.reports.take_due(self.clock())
            if due is None:
                break
            if self._tell(due):
                told += 1
            else:
                failed += 1
        return told, failed

    def _tell(self, due: DueReport) -> bool:
        now = self.clock()
        body = json.dumps(report_of(due.entry), separators=(",", ":")).encode()
        moment = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-Mozaiks-Event-Id": due.entry.entry_id,
            "X-Mozaiks-Timestamp": moment,
            "X-Mozaiks-Signature": f"v1={signature(self.secret, moment, body)}",
        }
        try:
            status = self.listener.post(body, headers)
        except OSError as error:
            found = type(error).__name__
        else:
            if 200 <= status < 300:
                self.reports.told(due.entry)
                return True
            found = str(status)
        if due.attempts >= MAX_ATTEMPTS:
            log.error("A usage report was not taken %d times and is given up: %s", due.attempts, found)
            self.reports.give_up(due.entry, now)
            return False
        log.warning("A usage report was not taken and is told again: %s", found)
        self.reports.later(due.entry, now + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (due.attempts - 1)))
        return False


def signature(secret: str, moment: str, body: bytes) -> str:
    """HMAC-SHA256 in hexadecimal digits over ``moment``, a full stop, and the body as it is sent."""
    return hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def report_of(entry: LedgerEntry) -> dict[str, Any]:
    """What is told of a run. Nothing of what was said in it."""
    if entry.ended_at is None:
        raise MozaiksError("INTERNAL", "a run is to be reported that is not over")
    spent = entry.sum
    calls = [
        {
            **{name: value for name, value in row.items() if name not in ("cost_nanousd", "unpriced_calls")},
            "cost_usd": sum_of([row]).cost_usd,
        }
        for row in entry.rows
    ]
    return {
        "type": "usage.run",
        "id": entry.entry_id,
        "app_id": entry.app_id,
        "user_id": entry.user_id,
        "workflow_name": entry.workflow_name,
        "chat_id": entry.chat_id,
        "root_chat_id": entry.root_chat_id,
        "journey_run_id": entry.journey_run_id,
        "run_no": entry.run_no,
        "status": entry.status,
        "turns": entry.turns,
        "duration_ms": entry.duration_ms,
        "started_at": timestamp(entry.started_at),
        "ended_at": timestamp(entry.ended_at),
        "model_calls": spent.model_calls,
        "prompt_tokens": spent.prompt_tokens,
        "completion_tokens": spent.completion_tokens,
        "cached_tokens": spent.cached_tokens,
        "reasoning_tokens": spent.reasoning_tokens,
        "total_tokens": spent.total_tokens,
        "cost_usd": spent.cost_usd,
        "unpriced_models": list(spent.unpriced_models),
        "calls": calls,
    }
