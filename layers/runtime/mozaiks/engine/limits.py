"""When a run stops though its rules would go on. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mozaiks.engine.state import EngineState
from mozaiks.manifests.spec import TextMatch, WorkflowSpec

__all__ = ["Stop", "matches", "stop_of"]

_TEXT_LIMIT: Final = 20_000
"""Characters of a text that a pattern looks at: a pattern's time grows with what it reads."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a run stops, and whether it is over (``ends``) or the user's turn where the user is in the loop."""

    reason: str
    ends: bool
    words: str


def matches(match: TextMatch, text: str) -> bool:
    """Whether ``text`` is what ``match`` describes; ``equals`` looks at the whole text without its margins."""
    if match.equals is not None:
        return text.strip() == match.equals.strip()
    if match.contains is not None:
        return match.contains in text
    return match.regex is not None and re.search(match.regex, text[:_TEXT_LIMIT]) is not None


def stop_of(
    spec: WorkflowSpec, state: EngineState, speaker: str, text: str | None, seconds: float, following: str | None
) -> Stop | None:
    """Why the run stops after a turn of ``speaker``, or ``None``.

    Parameters
    ----------
    text
        What ``speaker`` said, if it said something.
    seconds
        Time since the run was claimed.
    following
        Who would speak next: an agent, or ``None`` if no agent would.
    """
    conditions = spec.termination
    if conditions.text is not None and text is not None and matches(conditions.text, text):
        return Stop("text", True, f"{speaker} said the words that end the run (termination_conditions.text)")
    if conditions.max_seconds is not None and seconds >= conditions.max_seconds:
        return Stop("max_seconds", True, f"the run has had its {conditions.max_seconds:g} s (max_seconds)")
    if following is None:
        return None
    if state.run_turns >= spec.max_turns:
        return Stop("max_turns", False, f"the run has had its {spec.max_turns} turns (max_turns)")
    replies = conditions.max_consecutive_auto_replies
    if replies is not None and state.replies >= replies:
        return Stop(
            "max_consecutive_auto_replies",
            False,
            f"{replies} turns of agents in a row without the user (max_consecutive_auto_replies)",
        )
    repeats = spec.agent(speaker).max_consecutive_auto_reply
    if following == speaker and repeats is not None and state.repeats >= repeats:
        return Stop(
            "max_consecutive_auto_reply",
            False,
            f"{repeats} turns of {speaker} in a row with nobody else speaking (max_consecutive_auto_reply)",
        )
    return None
