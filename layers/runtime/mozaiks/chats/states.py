"""The states of a chat, and what a chat is as data. No I/O."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

__all__ = [
    "FINAL",
    "Chat",
    "ChatStatus",
    "Greeting",
    "Lease",
    "PendingInput",
    "UsageTotals",
    "WaitingFor",
    "cache_seed_of",
    "no_usage",
]


class ChatStatus(StrEnum):
    CREATED = "created"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"


FINAL: Final = frozenset({ChatStatus.COMPLETED, ChatStatus.FAILED, ChatStatus.CANCELLED, ChatStatus.TIMED_OUT})
"""States no command leaves."""

WaitingFor = Literal["input", "ui_tool", "approval", "children"]


class PendingInput(TypedDict):
    """Something the chat asked a person for and has no answer to yet."""

    request_id: str
    kind: Literal["input"]
    agent: str | None
    prompt: str


class UsageTotals(TypedDict):
    """Tokens spent by a chat so far."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    total_tokens: int
    model_calls: int


def no_usage() -> UsageTotals:
    return {"prompt_tokens": 0, "completion_tokens": 0, "cached_tokens": 0, "total_tokens": 0, "model_calls": 0}


@dataclass(frozen=True, slots=True)
class Lease:
    """Which worker may write for a chat, and until when."""

    token: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a chat must know of its workflow before the workflow itself is loaded.

    Bound when the chat is created, so that the functions at the socket need no manifests.
    """

    startup_mode: Literal["AgentDriven", "UserDriven", "BackendOnly"]
    initial_agent: str
    initial_message: str | None = None
    initial_message_to_user: str | None = None
    visual_agents: tuple[str, ...] | None = None

    def shows(self, agent: str | None) -> bool:
        """Whether users may see what ``agent`` says and does."""
        return agent is None or self.visual_agents is None or agent in self.visual_agents


@dataclass(frozen=True, slots=True)
class Chat:
    """One session of one workflow for one user.

    ``last_seq`` is the ``seq`` of its newest event, ``inbox_seq`` of the newest thing the user said. ``state`` belongs
    to the engine. Times are UTC.
    """

    chat_id: str
    app_id: str
    user_id: str
    workflow_name: str
    workflow_version: str
    greeting: Greeting
    cache_seed: int
    created_at: datetime
    updated_at: datetime
    status: ChatStatus = ChatStatus.CREATED
    waiting_for: WaitingFor | None = None
    run_no: int = 0
    run_claimed_at: datetime | None = None
    run_started: bool = False
    last_seq: int = 0
    inbox_seq: int = 0
    pending: tuple[PendingInput, ...] = ()
    cancel_requested: bool = False
    lease: Lease | None = None
    usage: UsageTotals = field(default_factory=no_usage)
    state: dict[str, Any] = field(default_factory=dict)
    client_request_id: str | None = None

    @property
    def ended(self) -> bool:
        return self.status in FINAL


def cache_seed_of(app_id: str, chat_id: str) -> int:
    """The chat's seed: the first four bytes of SHA-256 of ``app_id:chat_id``, big-endian.

    Examples
    --------
    >>> cache_seed_of("acme_corp", "chat_abc123")
    1607456783
    """
    return int.from_bytes(hashlib.sha256(f"{app_id}:{chat_id}".encode()).digest()[:4], "big")
