"""A request's messages as a script sees them: who said what last, and what the tools answered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Conversation", "Entry", "ToolAnswer"]

_SPEAKER = re.compile(r"^\[([A-Za-z0-9_. -]{1,64})\]: ?", re.MULTILINE)
_USER = frozenset({"user", "human"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing said by somebody other than the agent asked; ``speaker`` is ``user`` or an agent's name."""

    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """A tool message: the tool's name, its text and, where the text is JSON, its value (else the text)."""

    name: str
    text: str
    value: Any


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        yield from (part["text"] for part in content if part.get("type") == "text")


def _entries(text: str) -> Iterator[Entry]:
    """Cut ``[Name]: …`` lines apart; what stands before the first is the user's."""
    marks = list(_SPEAKER.finditer(text))
    lead = text[: marks[0].start()] if marks else text
    if lead.strip() or not marks:
        yield Entry("user", lead.strip())
    for index, mark in enumerate(marks):
        end = marks[index + 1].start() if index + 1 < len(marks) else len(text)
        speaker = "user" if mark[1].strip().lower() in _USER else mark[1].strip()
        yield Entry(speaker, text[mark.end() : end].strip())


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a rule may look at.

    Attributes
    ----------
    last_role
        Role of the last message that is no instruction: ``user``, ``tool`` or ``assistant``; empty if there is none.
    user_text
        The last thing the user said.
    steps
        How many messages the agent itself has in the conversation.
    answers
        The tool messages at the very end, in order.
    results
        The last answer of every tool, by name.
    entries
        Everything the user and the other agents said, in order.
    """

    last_role: str = ""
    user_text: str = ""
    steps: int = 0
    answers: tuple[ToolAnswer, ...] = ()
    results: Mapping[str, ToolAnswer] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()

    @classmethod
    def of(cls, messages: Sequence[Mapping[str, Any]]) -> Conversation:
        """Read the ``messages`` of a request that passed the message rules."""
        names: dict[str, str] = {}
        answers: list[ToolAnswer] = []
        results: dict[str, ToolAnswer] = {}
        entries: list[Entry] = []
        last_role = ""
        steps = 0
        for message in messages:
            role = message["role"]
            if role in ("system", "developer"):
                continue
            last_role = role
            if role == "tool":
                answer = _tool_answer(message, names)
                answers.append(answer)
                results[answer.name] = answer
                continue
            answers = []
            if role == "assistant":
                steps += 1
                names.update((call["id"], call["function"]["name"]) for call in message.get("tool_calls") or ())
            else:
                entries.extend(entry for text in _texts(message.get("content")) for entry in _entries(text))
        user_text = next((entry.text for entry in reversed(entries) if entry.speaker == "user"), "")
        return cls(last_role, user_text, steps, tuple(answers), results, tuple(entries))


def _tool_answer(message: Mapping[str, Any], names: Mapping[str, str]) -> ToolAnswer:
    text = "".join(_texts(message.get("content")))
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    return ToolAnswer(names[message["tool_call_id"]], text, value)
