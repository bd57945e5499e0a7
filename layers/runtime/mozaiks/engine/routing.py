"""Who speaks next. Pure: rules and facts in, a decision out, in AG2's own transition types."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from ag2.network.adapters.workflow import WorkflowState
from ag2.network.envelope import EV_PACKET, Envelope
from ag2.network.transitions import (
    AgentTarget,
    Always,
    RoundRobinTarget,
    TerminateTarget,
    ToolCalled,
    Transition,
    TransitionCondition,
    TransitionDecision,
    TransitionGraph,
    TransitionTarget,
)

from mozaiks.engine.tools import transfer_tool_name
from mozaiks.manifests.expressions import parse
from mozaiks.manifests.spec import TERMINATE, USER, Pattern, StartupMode, WorkflowSpec

__all__ = ["AUTO", "after_turn", "before_reply", "first_speaker", "in_the_loop"]

AUTO: Final = "?"
"""In the place of a speaker: a model picks the next one. No agent can be called so."""


@dataclass(slots=True)
class ExpressionHolds:
    """Fires when an expression over the chat's context variables is true."""

    expression: str
    name: ClassVar[str] = "mozaiks.expression_holds"

    def evaluate(self, state: WorkflowState, envelope: Envelope) -> bool:
        return parse(self.expression).is_true(state.context_vars)


@dataclass(slots=True)
class SeededTarget:
    """An agent by lot; the same lot for the same seed and turn, so that a retried slice draws the same."""

    agents: list[str]
    seed: int
    name: ClassVar[str] = "mozaiks.seeded"

    def resolve(self, state: WorkflowState, envelope: Envelope) -> TransitionDecision:
        digest = hashlib.sha256(f"{self.seed}:{state.turn_count}".encode()).digest()
        return TransitionDecision(self.agents[int.from_bytes(digest[:8], "big") % len(self.agents)])


def in_the_loop(spec: WorkflowSpec) -> bool:
    """Whether a run of this workflow turns to the user where nothing else is said."""
    return spec.human_in_the_loop or spec.startup_mode is StartupMode.USER_DRIVEN


def first_speaker(spec: WorkflowSpec, last_speaker: str | None, context: dict[str, Any]) -> str:
    """Who speaks at the beginning of a run or after the user: by the user's own rules, else who spoke before."""
    for rule in spec.handoffs_from(USER):
        if rule.kind == "after_work" or (rule.kind == "expression" and parse(rule.condition).is_true(context)):
            return rule.target
    if last_speaker is None or spec.pattern is Pattern.ROUND_ROBIN:
        return spec.initial_agent
    return last_speaker


def before_reply(spec: WorkflowSpec, speaker: str, context: dict[str, Any]) -> str:
    """Who speaks instead of ``speaker`` by its ``before_reply`` rules, themselves followed; ``speaker`` if none holds.

    Rules that lead in a circle leave the word with whom the circle began.
    """
    seen = {speaker}
    current = speaker
    while current not in (USER, TERMINATE):
        for rule in spec.handoffs_from(current):
            if rule.scope == "before_reply" and parse(rule.condition).is_true(context):
                break
        else:
            return current
        if rule.target in seen:
            return speaker
        seen.add(rule.target)
        current = rule.target
    return current


def after_turn(
    spec: WorkflowSpec,
    speaker: str,
    *,
    named: str | None = None,
    transfer_to: str | None,
    context: dict[str, Any],
    turns: int,
    seed: int,
) -> TransitionDecision:
    """Who speaks after ``speaker``.

    Parameters
    ----------
    named
        Whom a tool's result named.
    transfer_to
        Where the model handed over to, if it called a transfer tool.
    turns
        Turns of the chat so far, this one included.

    Returns
    -------
    TransitionDecision
        ``next_speaker`` is an agent, ``user``, ``AUTO``, or ``None``: the run completes.
    """
    routing = {"kind": "text"} if transfer_to is None else {"kind": "handoff", "tool": transfer_tool_name(transfer_to)}
    envelope = Envelope("", speaker, None, EV_PACKET, {"routing": routing})
    order = [agent.name for agent in spec.agents] + ([USER] if in_the_loop(spec) else [])
    state = WorkflowState(participant_order=order, last_speaker_id=speaker, turn_count=turns, context_vars=context)
    if named is not None:
        return _target(named).resolve(state, envelope)
    graph = _graph(spec, speaker, seed)
    for transition in sorted(graph.transitions, key=lambda each: each.priority):
        if transition.when.evaluate(state, envelope):
            return transition.then.resolve(state, envelope)
    return graph.default_target.resolve(state, envelope)


def _graph(spec: WorkflowSpec, speaker: str, seed: int) -> TransitionGraph:
    """The rules that leave ``speaker``: the model's choice before expressions before after-work, each in file order."""
    rank = {"llm": 0, "expression": 1, "after_work": 2}
    transitions = []
    for rule in spec.handoffs_from(speaker):
        if rule.scope == "before_reply":
            continue
        when: TransitionCondition
        if rule.kind == "llm":
            when = ToolCalled(transfer_tool_name(rule.target))
        elif rule.kind == "expression":
            when = ExpressionHolds(rule.condition)
        else:
            when = Always()
        transitions.append(Transition(when, _target(rule.target), rank[rule.kind]))
    return TransitionGraph(spec.initial_agent, transitions, _by_pattern(spec, seed), spec.max_turns)


def _target(name: str) -> TransitionTarget:
    return TerminateTarget("terminate") if name == TERMINATE else AgentTarget(name)


def _by_pattern(spec: WorkflowSpec, seed: int) -> TransitionTarget:
    match spec.pattern:
        case Pattern.ROUND_ROBIN:
            return RoundRobinTarget()
        case Pattern.AUTO:
            return AgentTarget(AUTO)
        case Pattern.RANDOM:
            return SeededTarget([agent.name for agent in spec.agents], seed)
        case _:
            return AgentTarget(USER) if in_the_loop(spec) else TerminateTarget("finished")
