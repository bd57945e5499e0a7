"""The pack of all workflows as data: what depends on what, and which run after each other as one product flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["EMPTY_PACK", "Dependency", "Gating", "Journey", "PackGraph", "PackWorkflow"]

Gating = Literal["required", "optional"]
"""``required``: without a completed chat of it nothing starts. ``optional``: a hint for people."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """What should be done before. ``reason`` is for the people who must wait, empty where the pack gives none."""

    workflow: str
    gating: Gating = "required"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PackWorkflow:
    """A workflow of the pack, its dependencies in the pack's order."""

    name: str
    dependencies: tuple[Dependency, ...] = ()


@dataclass(frozen=True, slots=True)
class Journey:
    """Groups of workflows in their order; the members of one group run in parallel.

    No group is empty, and no workflow stands in a journey twice: its name says which member it is.
    """

    name: str
    groups: tuple[tuple[str, ...], ...]

    @property
    def workflows(self) -> tuple[str, ...]:
        """All members, in order."""
        return tuple(workflow for group in self.groups for workflow in group)

    def group_of(self, workflow: str) -> int | None:
        """The 0-based index of the workflow's group; ``None`` if it is no member."""
        folded = workflow.casefold()
        for index, group in enumerate(self.groups):
            if any(member.casefold() == folded for member in group):
                return index
        return None


@dataclass(frozen=True, slots=True)
class PackGraph:
    """What ``workflows/_pack/workflow_graph`` says, every name in the workflow's own spelling. Hashable.

    Names are looked up without regard to case, as everywhere.
    """

    name: str = ""
    version: int = 2
    workflows: tuple[PackWorkflow, ...] = ()
    journeys: tuple[Journey, ...] = ()

    def dependencies_of(self, workflow: str) -> tuple[Dependency, ...]:
        """What ``workflow`` depends on; nothing, where the pack does not speak of it."""
        folded = workflow.casefold()
        return next((each.dependencies for each in self.workflows if each.name.casefold() == folded), ())

    def journey(self, name: str) -> Journey | None:
        folded = name.casefold()
        return next((each for each in self.journeys if each.name.casefold() == folded), None)

    def ways_to(self, workflow: str) -> tuple[tuple[Journey, tuple[str, ...]], ...]:
        """The journeys that come to ``workflow`` later, each with all workflows of the groups before it.

        Nothing, where the workflow begins a journey or stands in none: then no order says what comes first.
        """
        places = [(each, each.group_of(workflow)) for each in self.journeys]
        if any(group == 0 for _, group in places):
            return ()
        return tuple(
            (each, tuple(name for before in each.groups[:group] for name in before))
            for each, group in places
            if group is not None
        )

    def journeys_begun_by(self, workflow: str) -> tuple[Journey, ...]:
        """The journeys with ``workflow`` in their first group, in the pack's order."""
        return tuple(each for each in self.journeys if each.group_of(workflow) == 0)


EMPTY_PACK = PackGraph()
"""What holds where there is no pack: nothing depends on anything."""
