"""When a run stops though its rules would go on. Pure."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from mozaiks.engine.state import EngineState
from mozaiks.engine.text_matching import Undecided, matches
from mozaiks.manifests.spec import WorkflowSpec

__all__ = ["Stop", "stop_of"]

log = logging.getLogger("mozaiks.engine")


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a run stops, and whether it is over (``ends``) or the user's turn where the user is in the loop."""

    reason: str
    ends: bool
    words: str


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
    if text is not None and _ends_by(spec, text):
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


def _ends_by(spec: WorkflowSpec, text: str) -> bool:
    if spec.termination.text is None:
        return False
    try:
        return matches(spec.termination.text, text)
    except Undecided as error:
        log.warning("termination_conditions.text was not decided: %s", error)
        return False
