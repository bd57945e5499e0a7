"""What the demo model was asked: a bounded list for tests, without credentials."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["RequestRecord", "kept_headers"]

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "api-key", "x-api-key"})


def kept_headers(headers: dict[str, str]) -> dict[str, str]:
    """``headers`` without those that hold credentials."""
    return {name: value for name, value in headers.items() if name not in _SECRET_HEADERS}


@dataclass(slots=True)
class RequestRecord:
    """One completion request and what became of it.

    Attributes
    ----------
    body
        The decoded JSON body; ``None`` if it was no JSON.
    status
        HTTP status of the answer; 0 until its head is sent.
    rule
        Code of the error the request was refused with.
    fault
        Kind of the fault that struck it.
    tokens
        Tokens sent so far.
    finished
        The whole answer was sent.
    disconnected
        The client left before that.
    """

    workflow: str
    agent: str
    chat: str
    headers: dict[str, str]
    body: Any = None
    received_at: float = field(default_factory=time.time)
    status: int = 0
    rule: str | None = None
    fault: str | None = None
    tokens: int = 0
    finished: bool = False
    disconnected: bool = False

    def as_json(self) -> dict[str, Any]:
        """The record as plain data."""
        return asdict(self)
