"""``_pack/workflow_graph`` beside the workflows → one immutable ``PackGraph``, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mozaiks.errors import MozaiksError
from mozaiks.manifests.canonical.packs import MAX_GROUP, DependencyEntry, JourneyEntry, PackFile, PackWorkflowEntry
from mozaiks.manifests.dependencies import cycles
from mozaiks.manifests.folder import Folder, read_manifest
from mozaiks.manifests.nodes import Entry, Node, Place, kind_of
from mozaiks.manifests.pack_files import pack_files
from mozaiks.manifests.pack_graph import EMPTY_PACK, Dependency, Journey, PackGraph, PackWorkflow
from mozaiks.manifests.problems import Problem, ProblemLog, did_you_mean
from mozaiks.manifests.shape import build, list_of_maps, normalise

__all__ = ["LoadedPack", "read_pack"]


@dataclass(frozen=True, slots=True)
class LoadedPack:
    """What came of the pack. ``graph`` is ``None`` when one of the problems is an error.

    Without a file the graph is empty and nothing is wrong.
    """

    graph: PackGraph | None = EMPTY_PACK
    problems: tuple[Problem, ...] = ()

    def require(self) -> PackGraph:
        """The graph.

        Raises
        ------
        MozaiksError
            ``PACK_INVALID`` with every problem: what a workflow depends on is not known, so nothing can say that its
            dependencies are met.
        """
        if self.graph is None:
            errors = sum(problem.severity == "error" for problem in self.problems)
            raise MozaiksError(
                "PACK_INVALID",
                f"the pack of the workflows does not load: {errors} error{'s' if errors != 1 else ''} in it",
                problems=[problem.as_dict() for problem in self.problems],
            )
        return self.graph


def read_pack(root: Path, names: Iterable[str]) -> LoadedPack:
    """The pack under ``root``.

    Parameters
    ----------
    root
        The folder that holds the workflow folders.
    names
        The workflows that are there, in their own spelling; those that do not load too, for they are no typing error.
    """
    folder, report = Folder(root / "_pack", "_pack"), ProblemLog()
    try:
        files = [path.name for path in pack_files(root)]
    except OSError as error:
        report.error("unreadable", f"cannot be read: {error.strerror or error}", folder.place(""))
        return LoadedPack(None, report.sorted())
    if len(files) > 1:
        spelled = " and in ".join(f"_pack/{name}" for name in files)
        report.error("given_twice", f"the pack is given in {spelled}; keep one", folder.place(files[0]))
    graph = EMPTY_PACK
    for name in files[:1]:
        try:
            node = read_manifest(name, folder, report)
        except (OSError, RuntimeError) as error:  # the latter for a link that leads to itself
            why = error.strerror if isinstance(error, OSError) else None
            report.error(
                "unreadable", f"cannot be read: {why or 'it is a link that leads nowhere'}", folder.place(name)
            )
            continue
        if node is not None:
            graph = _Reading(report, {each.casefold(): each for each in names}).pack(node)
    return LoadedPack(None if report.failed else graph, report.sorted())


@dataclass
class _Reading:
    report: ProblemLog
    known: Mapping[str, str]
    """Folded name → the workflow's own spelling."""
    waits: dict[str, list[tuple[str, Place]]] = field(default_factory=dict)
    """Folded name → the required dependencies, folded, and where each is said. Unknown ones too."""

    def pack(self, node: Node) -> PackGraph:
        if not isinstance(node.value, dict):
            self.report.error("wrong_type", f"a pack is a map, found {kind_of(node.plain())}", node.place)
            return EMPTY_PACK
        without_schema = Node({key: each for key, each in node.value.items() if key != "$schema"}, node.place)
        root = normalise(without_schema, PackFile, self.report, "the pack")
        # What stands inside the two lists is told entry by entry, in the words of each.
        labels = Node(
            {key: each for key, each in root.entries().items() if key in ("pack_name", "version")}, root.place
        )
        told = build(PackFile, labels, self.report, "the pack")
        workflows = self._workflows(root.child("workflows"))
        journeys = self._journeys(root.child("journeys"))
        self._circles()
        return PackGraph(
            "" if told is None else told.pack_name, 2 if told is None else told.version, workflows, journeys
        )

    def _workflows(self, node: Node | None) -> tuple[PackWorkflow, ...]:
        found: dict[str, PackWorkflow] = {}
        for index, raw in enumerate(list_of_maps(node, self.report, "workflows")):
            what = f"workflows[{index}]"
            entry = normalise(_with_id(raw), PackWorkflowEntry, self.report, what)
            labels = Node({key: each for key, each in entry.entries().items() if key == "id"}, entry.place)
            told = build(PackWorkflowEntry, labels if isinstance(entry.value, dict) else entry, self.report, what)
            if told is None:
                continue
            folded, place = told.id.casefold(), entry.place_of("id")
            name = self._workflow(told.id, place, what)
            dependencies = self._dependencies(entry.child("dependencies"), folded, what)
            if folded in found:
                self.report.error("given_twice", f"{what}: {told.id!r} stands in the pack twice", place, key="id")
                continue
            found[folded] = PackWorkflow(name or told.id, dependencies)
        return tuple(found.values())

    def _dependencies(self, node: Node | None, dependent: str, what: str) -> tuple[Dependency, ...]:
        found: dict[str, Dependency] = {}
        for index, raw in enumerate(list_of_maps(node, self.report, f"'dependencies' of {what}")):
            one = f"dependencies[{index}] of {what}"
            entry = normalise(_with_id(raw), DependencyEntry, self.report, one)
            told = build(DependencyEntry, entry, self.report, one)
            if told is None:
                continue
            folded, place = told.id.casefold(), entry.place_of("id")
            name = self._workflow(told.id, place, one)
            if folded in found:
                self.report.error("given_twice", f"{one}: {told.id!r} is a dependency already", place, key="id")
                continue
            found[folded] = Dependency(name or told.id, told.gating, told.reason)
            if told.gating == "required":
                self.waits.setdefault(dependent, []).append((folded, place))
        return tuple(found.values())

    def _journeys(self, node: Node | None) -> tuple[Journey, ...]:
        found: dict[str, Journey] = {}
        for index, raw in enumerate(list_of_maps(node, self.report, "journeys")):
            what = f"journeys[{index}]"
            entry = normalise(raw, JourneyEntry, self.report, what)
            steps = entry.child("steps")
            told = build(JourneyEntry, _with_judged_steps(entry), self.report, what)
            name = told.id if told is not None else ""
            groups = self._groups(steps, f"journey {name!r}" if name else what)
            if steps is not None and isinstance(steps.value, list) and not steps.value:
                self.report.error(
                    "empty_group", f"{what} has no step; expected at least one workflow", steps.place, key="steps"
                )
            if told is None:
                continue
            if name.casefold() in found:
                self.report.error(
                    "given_twice", f"{what}: there is a journey {name!r} already", entry.place_of("id"), key="id"
                )
                continue
            found[name.casefold()] = Journey(name, groups)
        return tuple(found.values())

    def _groups(self, steps: Node | None, what: str) -> tuple[tuple[str, ...], ...]:
        groups: list[tuple[str, ...]] = []
        met: dict[str, Place] = {}
        for index, step in enumerate(list_of_maps(steps, self.report, f"'steps' of {what}")):
            members = step.items() if isinstance(step.value, list) else [step]
            where = f"steps[{index}] of {what}"
            if not members:
                self.report.error("empty_group", f"{where} is empty; expected at least one workflow", step.place)
            if len(members) > MAX_GROUP:
                found = f"{where} has {len(members)} workflows; expected at most {MAX_GROUP}, which can run in parallel"
                self.report.error("group_too_large", found, step.place)
            group = [name for member in members if (name := self._member(member, where, met)) is not None]
            if group:
                groups.append(tuple(group))
        return tuple(groups)

    def _member(self, node: Node, where: str, met: dict[str, Place]) -> str | None:
        if not isinstance(node.value, str) or not node.value:
            expected = "expected the name of a workflow, or a list of names"
            self.report.error("wrong_type", f"{where} holds {kind_of(node.plain())}; {expected}", node.place)
            return None
        name, folded = self._workflow(node.value, node.place, where), node.value.casefold()
        if folded in met:
            first = met[folded]
            self.report.error(
                "given_twice",
                f"{where}: {node.value!r} stands in the journey twice, first on line {first.line}",
                node.place,
            )
            return None
        met[folded] = node.place
        return name

    def _workflow(self, name: str, place: Place, what: str) -> str | None:
        """The workflow's own spelling; reported and ``None`` if there is none of this name."""
        own = self.known.get(name.casefold())
        if own is None:
            hint = did_you_mean(name[:80], self.known.values())
            self.report.error("unknown_workflow", f"{what} names the unknown workflow {name!r:.80}{hint}", place)
        return own

    def _circles(self) -> None:
        for cycle in cycles({name: [target for target, _ in targets] for name, targets in self.waits.items()}):
            place = next(place for target, place in self.waits[cycle[0]] if target == cycle[1])
            path = " → ".join(self.known.get(each, each) for each in cycle)
            self.report.error("dependency_cycle", f"workflows depend on each other in a circle: {path}", place)


def _with_id(node: Node) -> Node:
    """A map for an id that stands alone."""
    return Node({"id": Entry("id", node.place, node)}, node.place) if isinstance(node.value, str) else node


def _with_judged_steps(entry: Node) -> Node:
    """The journey's map with steps nothing is wrong with: they are judged one by one."""
    if "steps" not in entry.entries():
        return entry
    place = entry.place_of("steps")
    one = Entry("steps", place, Node([Node("-", place)], place))
    return Node({**entry.entries(), "steps": one}, entry.place)
