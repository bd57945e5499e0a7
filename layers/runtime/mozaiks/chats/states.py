"""The states of a chat, and what a chat is as data. No I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from mozaiks.chats.batches import Batch
from mozaiks.chats.events import new_id

__all__ = [
    "FINAL",
    "Chat",
    "ChatStatus",
    "Greeting",
    "Join",
    "JoinKind",
    "LastArtifact",
    "Lease",
    "PendingInput",
    "RequestKind",
    "UsageTotals",
    "WaitingFor",
    "cache_seed_of",
    "no_usage",
    "pending_input",
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
"""States a chat stays in, unless it is retried."""

WaitingFor = Literal["input", "ui_tool", "approval", "children"]


RequestKind = Literal["input", "ui_tool", "approval"]
"""What is asked of a person: words, an answer of a component, or leave to run a tool."""


class PendingInput(TypedDict):
    """Something the chat asked a person for and has no answer to yet.

    ``request_id`` is also the ``event_id`` of the event that asks. ``tool_call_id`` says whose result the answer
    becomes; without one, what is answered to an input is said in the chat. ``schema`` is the JSON Schema answers must
    meet. From ``expires_at`` on, the answer is ``default``, or the chat ends (``on_timeout``). ``secrets`` are the
    fields of the answer that hold secrets, with the names these are kept under: they never become part of the chat.
    """

    request_id: str
    kind: RequestKind
    agent: str | None
    prompt: str
    schema: dict[str, Any] | None
    expires_at: datetime | None
    on_timeout: Literal["default", "fail"]
    default: Any
    tool_name: str | None
    tool_call_id: str | None
    component: str | None
    mode: Literal["inline", "artifact", "modal"] | None
    payload: Any
    secrets: dict[str, str]


def pending_input(
    kind: RequestKind = "input",
    *,
    request_id: str | None = None,
    agent: str | None = None,
    prompt: str = "",
    schema: dict[str, Any] | None = None,
    expires_at: datetime | None = None,
    on_timeout: Literal["default", "fail"] = "fail",
    default: Any = None,
    tool_name: str | None = None,
    tool_call_id: str | None = None,
    component: str | None = None,
    mode: Literal["inline", "artifact", "modal"] | None = None,
    payload: Any = None,
    secrets: Mapping[str, str] | None = None,
) -> PendingInput:
    """A request with an id of its own, or the given one. ``payload``, ``default`` and ``schema`` are JSON.

    Raises
    ------
    ValueError
        If a ``ui_tool`` or an ``approval`` names no tool call: its answer would be nobody's result.
    """
    if kind != "input" and (tool_name is None or tool_call_id is None):
        raise ValueError(f"a request of kind {kind!r} belongs to a tool call; expected tool_name and tool_call_id")
    return {
        "request_id": request_id or new_id(),
        "kind": kind,
        "agent": agent,
        "prompt": prompt,
        "schema": schema,
        "expires_at": expires_at,
        "on_timeout": on_timeout,
        "default": default,
        "tool_name": tool_name,
        "tool_call_id": tool_call_id,
        "component": component,
        "mode": mode,
        "payload": payload,
        "secrets": dict(secrets or {}),
    }


class LastArtifact(TypedDict):
    """The newest thing shown in the artifact panel. ``payload`` is ``None`` where it is large: the log has it."""

    event_id: str
    tool_name: str
    component: str | None
    seq: int
    payload: Any


class UsageTotals(TypedDict):
    """Tokens spent by a chat so far."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    total_tokens: int
    model_calls: int


def no_usage() -> UsageTotals:
    return {
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "cached_tokens": 0,
        "reasoning_tokens": 0,
        "total_tokens": 0,
        "model_calls": 0,
    }


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
    writable: Mapping[str, str] = field(default_factory=dict)
    """Context variables that clients may set, by name, each with its type."""

    def shows(self, agent: str | None) -> bool:
        """Whether users may see what ``agent`` says and does."""
        return agent is None or self.visual_agents is None or agent in self.visual_agents


JoinKind = Literal["children", "journey"]
"""As what a chat's end is waited for: as a child of another chat, or as a member of a journey's run."""


@dataclass(frozen=True, slots=True)
class Join:
    """Who waits for the end of a chat. Private to the runtime: nothing of it is ever told, logged or exported.

    ``id`` is the chat, or the journey's run, that waits. ``token`` is the task token that its execution is to be
    answered with, a credential; ``None`` where no execution waits. ``settled``: all who wait know of the end.
    """

    of: JoinKind
    id: str
    token: str | None = field(default=None, repr=False)
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Chat:
    """One session of one workflow for one user.

    ``last_seq`` is the ``seq`` of its newest event, ``inbox_seq`` of the newest thing the user said. ``state`` belongs
    to the engine. ``context_inbox`` holds variables a client has set that the engine has not merged yet;
    ``interrupt_requested``: the turn that is going shall stop for what the user said. ``lease_left_at`` is when a
    worker last gave the chat back. A child has a ``parent_chat_id``, the ``root_chat_id`` of the chat where its family
    begins, a ``depth``, which is 0 for a chat that nobody spawned, and a ``lineage``: the workflows of its ancestors,
    from the root to the parent. ``batch`` holds the newest children it asked for. Times are UTC.
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
    interrupt_requested: bool = False
    lease: Lease | None = None
    lease_left_at: datetime | None = None
    usage: UsageTotals = field(default_factory=no_usage)
    state: dict[str, Any] = field(default_factory=dict)
    context_inbox: dict[str, Any] = field(default_factory=dict)
    last_artifact: LastArtifact | None = None
    client_request_id: str | None = None
    parent_chat_id: str | None = None
    root_chat_id: str | None = None
    depth: int = 0
    lineage: tuple[str, ...] = ()
    join: Join | None = None
    batch: Batch | None = None

    @property
    def ended(self) -> bool:
        return self.status in FINAL

    @property
    def begins_on_connect(self) -> bool:
        """Whether its run starts when somebody connects."""
        return self.status is ChatStatus.CREATED and self.greeting.startup_mode == "AgentDriven"


def cache_seed_of(app_id: str, chat_id: str) -> int:
    """The chat's seed: the first four bytes of SHA-256 of ``app_id:chat_id``, big-endian.

    Examples
    --------
    >>> cache_seed_of("acme_corp", "chat_abc123")
    1607456783
    """
    return int.from_bytes(hashlib.sha256(f"{app_id}:{chat_id}".encode()).digest()[:4], "big")
