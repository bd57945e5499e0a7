"""Gates: whether a user may start a workflow yet. What cannot be evaluated stays shut."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mozaiks.access.principal import Tenant
from mozaiks.errors import MozaiksError
from mozaiks.manifests.pack_files import without_pack
from mozaiks.manifests.pack_graph import EMPTY_PACK, Journey, PackGraph

if TYPE_CHECKING:
    from mozaiks.manifests import Workflows

__all__ = ["Completed", "Gate", "Gates", "Prerequisite"]


class Completed(Protocol):
    def completed(self, tenant: Tenant, workflow_names: Collection[str]) -> frozenset[str]:
        """Those of the workflows of which the tenant has a completed chat. ``DATABASE_UNAVAILABLE``."""
        ...


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """A workflow to be completed before another; ``reason`` is empty where the pack gives none."""

    workflow_name: str
    reason: str
    completed: bool

    def told(self) -> dict[str, str]:
        """What a client is told of one that is missing."""
        return {"workflow_name": self.workflow_name, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Gate:
    """What a workflow depends on, and how far its user has come with it."""

    required: tuple[Prerequisite, ...] = ()
    optional: tuple[Prerequisite, ...] = ()

    @property
    def missing(self) -> tuple[Prerequisite, ...]:
        """The required ones that are not completed, in the pack's order."""
        return tuple(each for each in self.required if not each.completed)


@dataclass(frozen=True, slots=True)
class Gates:
    """The gates before all workflows.

    Parameters
    ----------
    root
        The folder that holds the workflow folders.
    workflows
        Gives those workflows. Asked only where there is a pack: it costs the manifests' loader.
    completions
        What users have completed.
    """

    root: Path
    workflows: Callable[[], Workflows]
    completions: Completed

    def require(self, tenant: Tenant, workflow_name: str) -> None:
        """Return if the user may start the workflow; raise in every other case.

        Whoever opens a chat asks here first: over HTTP, on a socket, for a journey, for a parent.

        Parameters
        ----------
        tenant
            The app and the user. Never the whole app: another user's work opens nothing.
        workflow_name
            In any case.

        Raises
        ------
        MozaiksError
            ``PREREQUISITES_MISSING`` with ``workflow_name`` and ``missing`` among its details; ``PACK_INVALID``,
            ``DATABASE_UNAVAILABLE`` or ``CONFIGURATION`` where that cannot be found out.
        """
        (gate,) = self.of(tenant, [workflow_name]).values()
        if gate.missing:
            names = ", ".join(each.workflow_name for each in gate.missing)
            raise MozaiksError(
                "PREREQUISITES_MISSING",
                f"{workflow_name} cannot start before these are completed: {names}",
                workflow_name=workflow_name,
                missing=[each.told() for each in gate.missing],
            )

    def of(self, tenant: Tenant, workflow_names: Iterable[str]) -> dict[str, Gate]:
        """The gate before each of the workflows, found with one query at most.

        Raises
        ------
        MozaiksError
            ``PACK_INVALID``, ``DATABASE_UNAVAILABLE`` or ``CONFIGURATION``.
        """
        if tenant.user_id is None:
            raise ValueError("a gate is a user's; a whole app has none")
        names, graph = list(workflow_names), self._graph()
        depended = {each.workflow for name in names for each in graph.dependencies_of(name)}
        depended |= {before for name in names for _, way in graph.ways_to(name) for before in way}
        declared = {name: self.workflows().declared_name(name) for name in depended}
        done = self.completions.completed(tenant, declared.values()) if declared else frozenset[str]()

        def gate(name: str) -> Gate:
            told = [
                (each.gating, Prerequisite(declared[each.workflow], each.reason, declared[each.workflow] in done))
                for each in graph.dependencies_of(name)
            ]
            required = [each for gating, each in told if gating == "required"]
            known = {each.workflow_name for each in required}
            ways = [
                [
                    Prerequisite(
                        declared[before], f"The journey {journey.name} begins before it.", declared[before] in done
                    )
                    for before in way
                ]
                for journey, way in graph.ways_to(name)
            ]
            if ways:
                # A journey's order holds for whoever starts a later step by itself, too. One way there is enough: the
                # one on which least is missing.
                best = min(ways, key=lambda way: sum(not each.completed for each in way))
                required += [each for each in best if each.workflow_name not in known]
            return Gate(
                required=tuple(required),
                optional=tuple(each for gating, each in told if gating == "optional"),
            )

        return {name: gate(name) for name in names}

    def journey_begun_by(self, workflow_name: str) -> Journey | None:
        """The journey that starting the workflow starts: the pack's first one with it in its first group.

        Raises
        ------
        MozaiksError
            ``PACK_INVALID`` or ``CONFIGURATION``.
        """
        return next(iter(self._graph().journeys_begun_by(workflow_name)), None)

    def _graph(self) -> PackGraph:
        if without_pack(self.root):
            return EMPTY_PACK
        return self.workflows().pack().require()
