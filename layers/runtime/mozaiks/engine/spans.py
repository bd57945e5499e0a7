"""What a slice lets OpenTelemetry know: spans of itself, its turns, model calls and tool calls. Never what was said.

``Fact`` names all that a span can hold, so nobody adds a content by the way. ``mozaiks.otlp`` sends spans; without it
``UNTRACED`` stands here, and neither imports nor does anything.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Final, Literal, Protocol

from ag2.config import ModelConfig
from ag2.events import ModelResponse

from mozaiks.chats.states import Chat
from mozaiks.engine.state import EngineState

__all__ = [
    "UNTRACED",
    "Fact",
    "Facts",
    "SliceSpans",
    "Span",
    "SpanKind",
    "Tracer",
    "note_answer",
    "note_slice",
    "note_tool",
]

SpanKind = Literal["internal", "client"]

_LONGEST: Final = 200
"""Of what a model service calls itself."""


class Fact(StrEnum):
    """Names as backends see them; those of ``gen_ai`` are OpenTelemetry's own conventions."""

    APP = "mozaiks.app_id"
    CHAT = "mozaiks.chat_id"
    CONVERSATION = "gen_ai.conversation.id"
    RUN = "mozaiks.run_no"
    SLICE = "mozaiks.slice"
    WORKFLOW = "mozaiks.workflow_name"
    WORKFLOW_VERSION = "mozaiks.workflow_version"
    OUTCOME = "mozaiks.outcome"
    STATUS = "mozaiks.status"
    OPERATION = "gen_ai.operation.name"
    AGENT = "gen_ai.agent.name"
    PROVIDER = "gen_ai.provider.name"
    REQUEST_MODEL = "gen_ai.request.model"
    RESPONSE_MODEL = "gen_ai.response.model"
    INPUT_TOKENS = "gen_ai.usage.input_tokens"
    OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
    CACHED_TOKENS = "gen_ai.usage.cache_read.input_tokens"
    REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
    TOOL = "gen_ai.tool.name"
    TOOL_CALL = "gen_ai.tool.call.id"
    TOOL_STATUS = "mozaiks.tool.status"
    ERROR = "error.type"


Facts = Mapping[Fact, str | int | None]
"""``None``: not known, and left out."""


class Span(Protocol):
    def note(self, facts: Facts) -> None: ...

    def fail(self, kind: str) -> None:
        """Mark as failed. ``kind`` is a code or a class, never an error's words."""
        ...


class Tracer(Protocol):
    def span(self, trace_name: str, name: str, kind: SpanKind, facts: Facts) -> AbstractContextManager[Span]:
        """Open a span beneath the current one. Spans of one ``trace_name`` belong together, whoever opens them.

        An exception that passes through marks it as failed, with its class or code and nothing else.
        """
        ...

    async def flush(self) -> None:
        """Send what has not been sent, before the environment is frozen. Never raises."""
        ...


class _Untraced:
    """Opens no spans."""

    def span(self, trace_name: str, name: str, kind: SpanKind, facts: Facts) -> AbstractContextManager[Span]:
        return contextlib.nullcontext(self)

    def note(self, facts: Facts) -> None:
        """Nobody reads it."""

    def fail(self, kind: str) -> None:
        """Nobody reads it."""

    async def flush(self) -> None:
        """There is nothing to send."""


UNTRACED: Final = _Untraced()


class SliceSpans:
    """Opens the spans of one slice. Each holds the ids of the chat and its run."""

    def __init__(self, tracer: Tracer, chat: Chat) -> None:
        self._tracer = tracer
        # One trace for an execution, though each of its slices runs somewhere else.
        self._trace = f"{chat.app_id}/{chat.chat_id}/{chat.run_no}"
        self._ids: Facts = {
            Fact.APP: chat.app_id,
            Fact.CHAT: chat.chat_id,
            Fact.CONVERSATION: chat.chat_id,
            Fact.RUN: chat.run_no,
            Fact.WORKFLOW: chat.workflow_name,
            Fact.WORKFLOW_VERSION: chat.workflow_version,
        }

    def slice(self) -> AbstractContextManager[Span]:
        return self._span("slice", "internal", {})

    def turn(self, agent: str) -> AbstractContextManager[Span]:
        """An agent speaking, or the part of it that fits into this slice."""
        return self._span(f"invoke_agent {agent}", "internal", {Fact.OPERATION: "invoke_agent", Fact.AGENT: agent})

    def model_call(self, agent: str, model: ModelConfig) -> AbstractContextManager[Span]:
        asked = getattr(model, "model", None)
        name = asked if isinstance(asked, str) else None
        facts: Facts = {Fact.OPERATION: "chat", Fact.AGENT: agent, Fact.REQUEST_MODEL: name}
        return self._span(f"chat {name}" if name else "chat", "client", facts)

    def tool_call(self, agent: str, tool: str | None, call_id: str) -> AbstractContextManager[Span]:
        """The running of a tool. ``tool`` is ``None`` for a name that a model made up: it may be anything."""
        name = tool or "unknown"
        facts: Facts = {Fact.OPERATION: "execute_tool", Fact.AGENT: agent, Fact.TOOL: name, Fact.TOOL_CALL: call_id}
        return self._span(f"execute_tool {name}", "internal", facts)

    def _span(self, name: str, kind: SpanKind, facts: Facts) -> AbstractContextManager[Span]:
        return self._tracer.span(self._trace, name, kind, {**self._ids, **facts})


def note_slice(span: Span, chat: Chat, state: EngineState, outcome: str) -> None:
    """What came of a slice. Its name is the one that the log has."""
    span.note(
        {
            Fact.SLICE: f"{chat.chat_id}-r{state.run_no}-s{state.run_slices}",
            Fact.OUTCOME: outcome,
            Fact.STATUS: chat.status.value,
        }
    )
    if outcome == "failed":
        span.fail("failed")


def note_answer(span: Span, response: ModelResponse) -> None:
    """Who answered, and how many tokens that took."""
    usage = response.usage
    span.note(
        {
            Fact.PROVIDER: _short(response.provider),
            Fact.RESPONSE_MODEL: _short(response.model),
            Fact.INPUT_TOKENS: _whole(usage.prompt_tokens),
            Fact.OUTPUT_TOKENS: _whole(usage.completion_tokens),
            Fact.CACHED_TOKENS: _whole(usage.cache_read_input_tokens),
            Fact.REASONING_TOKENS: _whole(usage.thinking_tokens),
        }
    )


def note_tool(span: Span, status: str) -> None:
    """How a tool call ended: as the journal has it, or ``asked`` where a person has to answer first."""
    span.note({Fact.TOOL_STATUS: status})
    if status in ("error", "timeout"):
        span.fail(f"tool_{status}")


def _whole(tokens: float | None) -> int | None:
    return None if tokens is None else int(tokens)


def _short(name: str | None) -> str | None:
    return None if name is None else name[:_LONGEST]
