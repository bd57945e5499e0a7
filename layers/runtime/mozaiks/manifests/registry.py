"""All workflows under one folder, found by name without regard to case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mozaiks.errors import MozaiksError
from mozaiks.manifests.loader import inspect_workflow
from mozaiks.manifests.nodes import Place
from mozaiks.manifests.pack import LoadedPack, read_pack
from mozaiks.manifests.problems import Problem, ProblemLog, closest
from mozaiks.manifests.spec import WorkflowSpec

__all__ = ["Registry", "discover", "workflow_folders"]


@dataclass(frozen=True)
class Registry:
    """The workflows that loaded, and what is wrong with those that did not.

    Attributes
    ----------
    invalid
        Folder name → every problem of it.
    warnings
        Declared name → the warnings of a workflow that loaded; only those that have some.
    pack
        What all of them share: dependencies and journeys, or what is wrong with the file that says them.
    """

    _by_name: Mapping[str, WorkflowSpec] = field(default_factory=dict)
    invalid: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    warnings: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    pack: LoadedPack = field(default_factory=LoadedPack)

    @property
    def names(self) -> tuple[str, ...]:
        """Declared names of the workflows that loaded, sorted."""
        return tuple(sorted(spec.name for spec in self._by_name.values()))

    @property
    def valid(self) -> tuple[WorkflowSpec, ...]:
        """The workflows that loaded, by name."""
        return tuple(self)

    def __iter__(self) -> Iterator[WorkflowSpec]:
        return (self._by_name[name.casefold()] for name in self.names)

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.casefold() in self._by_name

    def get(self, name: str) -> WorkflowSpec:
        """The workflow called ``name``, in any case.

        Raises
        ------
        MozaiksError
            ``WORKFLOW_INVALID`` with its problems if the folder does not load, ``WORKFLOW_NOT_FOUND`` otherwise.
        """
        found = self._by_name.get(name.casefold())
        if found is not None:
            return found
        for folder, problems in self.invalid.items():
            if folder.casefold() == name.casefold():
                errors = sum(problem.severity == "error" for problem in problems)
                raise MozaiksError(
                    "WORKFLOW_INVALID",
                    f"workflow {folder!r} does not load: {errors} error{'s' if errors != 1 else ''} in its manifests",
                    workflow=folder,
                    problems=[problem.as_dict() for problem in problems],
                )
        match = closest(name, [*self.names, *self.invalid])
        hint = f"; did you mean {match!r}?" if match else ""
        raise MozaiksError("WORKFLOW_NOT_FOUND", f"there is no workflow {name[:80]!r}{hint}", workflow=name[:80])


def discover(root: Path) -> Registry:
    """Load every workflow folder directly under ``root``; a broken one never hides the others.

    Folders whose name begins with ``_`` or ``.`` are no workflows.

    Raises
    ------
    MozaiksError
        ``CONFIGURATION`` if ``root`` is no folder.
    """
    specs: dict[str, WorkflowSpec] = {}
    invalid: dict[str, tuple[Problem, ...]] = {}
    warnings: dict[str, tuple[Problem, ...]] = {}
    kept = workflow_folders(root)
    for folder in _folders(root):
        twin = kept[folder.name.casefold()]
        if twin != folder:
            report = ProblemLog()
            message = f"the folders {twin.name!r} and {folder.name!r} differ in case only; keep one"
            report.error("duplicate_workflow", message, Place(folder.name))
            invalid[folder.name] = report.sorted()
            continue
        loaded = inspect_workflow(folder)
        if loaded.spec is None:
            invalid[folder.name] = loaded.problems
            continue
        specs[folder.name.casefold()] = loaded.spec
        if loaded.problems:
            warnings[loaded.spec.name] = loaded.problems
    pack = read_pack(root, [*invalid, *(spec.name for spec in specs.values())])
    return Registry(specs, invalid, warnings, pack)


def workflow_folders(root: Path) -> dict[str, Path]:
    """Folded name → folder, for every workflow folder under ``root``; of two that differ in case only, the first.

    Raises
    ------
    MozaiksError
        ``CONFIGURATION`` if ``root`` is no folder.
    """
    folders: dict[str, Path] = {}
    for folder in _folders(root):
        folders.setdefault(folder.name.casefold(), folder)
    return folders


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        raise MozaiksError("CONFIGURATION", f"the workflows folder {root.name!r} does not exist")
    return sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] not in "_.")
