"""Faults a test may inject into the demo model's answers, and the list that decides which request each one strikes."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as validated

from .errors import ApiError

__all__ = ["Fault", "FaultKind", "FaultList", "fault_from"]

FaultKind = Literal[
    "rate_limit", "server_error", "stall", "drop", "slow", "malformed_tool_call", "empty", "garbage", "tool_loop"
]


@validated(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Fault:
    """Something that goes wrong with an answer.

    Attributes
    ----------
    kind
        ``rate_limit``: 429 with ``retry-after``. ``server_error``: 500. ``stall``: headers, ``after_tokens`` tokens,
        then silence until the client leaves. ``drop``: the connection closes after ``after_tokens`` tokens.
        ``slow``: ``delay_ms`` before every token. ``malformed_tool_call``: a tool call whose arguments are broken
        JSON. ``empty``: neither text nor call. ``garbage``: 200 with a body that is no completion.
        ``tool_loop``: a tool call, whatever was asked.
    workflow, agent, chat
        Strikes only requests of these; ``None`` means any.
    times
        How many requests it strikes. ``None``: one, but ``tool_loop`` until it is removed.
    skip
        Lets that many matching requests pass first.
    after_tokens
        Tokens sent before a ``stall`` or ``drop``.
    retry_after
        Seconds a ``rate_limit`` asks the client to wait.
    delay_ms
        Pause of ``slow`` before each token, in milliseconds.
    tool
        The tool ``tool_loop`` and ``malformed_tool_call`` call; ``None``: the first offered one that is no transfer.
    """

    kind: FaultKind
    workflow: str | None = None
    agent: str | None = None
    chat: str | None = None
    times: int | Literal["forever"] | None = None
    skip: int = Field(default=0, ge=0)
    after_tokens: int = Field(default=0, ge=0)
    retry_after: float = Field(default=1.0, ge=0)
    delay_ms: float = Field(default=200.0, ge=0)
    tool: str | None = None

    def strikes(self) -> float:
        """How many requests it strikes in all; infinity for ``forever``."""
        if self.times is None:
            return float("inf") if self.kind == "tool_loop" else 1
        return float("inf") if self.times == "forever" else self.times

    def concerns(self, workflow: str, agent: str, chat: str) -> bool:
        """Whether a request with these names is one it may strike."""
        asked = ((self.workflow, workflow), (self.agent, agent), (self.chat, chat))
        return all(wanted is None or wanted.lower() == got.lower() for wanted, got in asked)


_FAULT: TypeAdapter[Fault] = TypeAdapter(Fault)


def fault_from(data: Any) -> Fault:
    """Read a fault from JSON data.

    Raises
    ------
    ApiError
        400 ``invalid_fault``, naming every wrong field and the known kinds.
    """
    try:
        return _FAULT.validate_python(data)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'fault'}: {item['msg']}" for item in error.errors())
        raise ApiError(400, f"{wrong}. Kinds: {', '.join(get_args(FaultKind))}.", code="invalid_fault") from None


@dataclass(slots=True)
class _Armed:
    fault: Fault
    left: float
    skip: int


@dataclass(slots=True)
class FaultList:
    """Faults waiting for a request, first added first. Safe to use from any thread."""

    _armed: list[_Armed] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> Fault:
        """Arm ``fault`` and give it back."""
        with self._lock:
            self._armed.append(_Armed(fault, fault.strikes(), fault.skip))
        return fault

    def clear(self) -> None:
        """Disarm everything."""
        with self._lock:
            self._armed.clear()

    def pending(self) -> list[Fault]:
        """Faults that will still strike."""
        with self._lock:
            return [armed.fault for armed in self._armed]

    def take(self, workflow: str, agent: str, chat: str) -> Fault | None:
        """The fault that strikes a request of these, if any; counts the strike."""
        if not self._armed:
            return None
        with self._lock:
            for armed in self._armed:
                if not armed.fault.concerns(workflow, agent, chat):
                    continue
                if armed.skip:
                    armed.skip -= 1
                    continue
                armed.left -= 1
                if armed.left <= 0:
                    self._armed.remove(armed)
                return armed.fault
        return None
