"""Workflows one at a time, as a worker that runs chats needs them: loaded on first use, then kept."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mozaiks.errors import MozaiksError
from mozaiks.manifests.loader import load_workflow
from mozaiks.manifests.pack import LoadedPack, read_pack
from mozaiks.manifests.pack_files import pack_files
from mozaiks.manifests.problems import ManifestErrors, closest
from mozaiks.manifests.registry import workflow_folders
from mozaiks.manifests.spec import WorkflowSpec

__all__ = ["InstalledWorkflow", "Workflows"]

_Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class InstalledWorkflow:
    """A loaded workflow and where its functions lie."""

    spec: WorkflowSpec
    folder: Path


class Workflows:
    """The workflows under ``root``, each read when it is first asked for.

    Parameters
    ----------
    root
        The folder that holds the workflow folders.
    watch
        Look at the files' times before each use and read a changed workflow again. For development; a deployed
        worker's files do not change.
    """

    def __init__(self, root: Path | str, *, watch: bool = False) -> None:
        self._root = Path(root)
        self._watch = watch
        self._lock = threading.Lock()
        self._folders: dict[str, Path] | None = None
        self._kept: dict[Path, tuple[_Stamp, InstalledWorkflow | ManifestErrors]] = {}
        self._pack: tuple[_Stamp, LoadedPack] | None = None

    def get(self, name: str) -> InstalledWorkflow:
        """The workflow called ``name``, in any case.

        Raises
        ------
        MozaiksError
            ``WORKFLOW_NOT_FOUND``, ``WORKFLOW_INVALID`` (a ``ManifestErrors`` with every problem), or
            ``CONFIGURATION`` if the root is no folder.
        """
        with self._lock:
            folders = self._found()
            folder = folders.get(name.casefold())
            if folder is None:
                match = closest(name, (path.name for path in folders.values()))
                hint = f"; did you mean {match!r}?" if match else ""
                raise MozaiksError(
                    "WORKFLOW_NOT_FOUND", f"there is no workflow {name[:80]!r}{hint}", workflow=name[:80]
                )
            found = self._read(folder)
        if isinstance(found, ManifestErrors):
            raise ManifestErrors(found.workflow, found.problems)
        return found

    def pack(self) -> LoadedPack:
        """What all workflows share, their names spelled as their folders are. Reads no workflow.

        Raises
        ------
        MozaiksError
            ``CONFIGURATION`` if the root is no folder.
        """
        with self._lock:
            folders = self._found()
            stamp = self._pack_stamp(folders) if self._watch else ()
            if self._pack is None or self._pack[0] != stamp:
                self._pack = (stamp, read_pack(self._root, [path.name for path in folders.values()]))
            return self._pack[1]

    def declared_name(self, name: str) -> str:
        """The workflow's own spelling of its name, which its chats bear. Of a broken one: its folder's.

        Raises
        ------
        MozaiksError
            ``WORKFLOW_NOT_FOUND``, or ``CONFIGURATION`` if the root is no folder.
        """
        try:
            return self.get(name).spec.name
        except ManifestErrors as broken:
            return broken.workflow

    def _pack_stamp(self, folders: Iterable[str]) -> _Stamp:
        try:
            files = _stamped(pack_files(self._root))
        except OSError:  # what cannot be looked at is no pack that could be kept; reading it says what is wrong
            files = ()
        return (*files, *((name, 0, 0) for name in folders))

    def _found(self) -> dict[str, Path]:
        if self._folders is None or self._watch:
            self._folders = workflow_folders(self._root)
        return self._folders

    def _read(self, folder: Path) -> InstalledWorkflow | ManifestErrors:
        stamp = _stamp(folder) if self._watch else ()
        kept = self._kept.get(folder)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        found: InstalledWorkflow | ManifestErrors
        try:
            found = InstalledWorkflow(load_workflow(folder), folder)
        except ManifestErrors as errors:
            found = errors.with_traceback(None)
        self._kept[folder] = (stamp, found)
        return found


def _stamp(folder: Path) -> _Stamp:
    """Name, time and size of every file, which is what tells that a folder has changed."""
    return _stamped(path for path in sorted(folder.rglob("*")) if path.suffix != ".pyc" and path.is_file())


def _stamped(paths: Iterable[Path]) -> _Stamp:
    return tuple((str(path), (status := path.stat()).st_mtime_ns, status.st_size) for path in paths)
