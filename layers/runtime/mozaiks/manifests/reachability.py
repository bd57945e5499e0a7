"""Agents that can never get to speak."""

from __future__ import annotations

from mozaiks.manifests.reading import Reading
from mozaiks.manifests.sections.agents import Agent
from mozaiks.manifests.spec import USER, Pattern, WorkflowSpec

__all__ = ["warn_unreachable"]


def warn_unreachable(spec: WorkflowSpec, agents: list[Agent], reading: Reading) -> None:
    """Warn about agents no rule leads to.

    Only the Default pattern has such agents: the others choose among all. A tool may still name one as its target,
    which is why this is no error.
    """
    if spec.pattern is not Pattern.DEFAULT:
        return
    reached: set[str] = set()
    pending = [spec.initial_agent, USER, *(nested.resume_agent for nested in spec.nested_chats)]
    while pending:
        name = pending.pop()
        if name is not None and name not in reached:
            reached.add(name)
            pending += [rule.target for rule in spec.handoffs_from(name)]
    for agent in agents:
        if agent.spec.name not in reached:
            reading.report.warning(
                "unreachable_agent",
                f"no handoff leads from {spec.initial_agent!r} to {agent.spec.name!r}; only a tool could choose it",
                agent.node.place,
                key=agent.spec.name,
            )
