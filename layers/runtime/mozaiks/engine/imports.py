"""Imports the Python code of workflows under module names of their own, so that no two workflows ever meet.

Every version of a workflow is a package, and so is every state of a root's ``_shared`` folder. The names an author
writes (``workflows._shared…``, ``workflows.<its own name>…``, ``tools…``, ``hooks…``) are resolved for each package by
itself, by an ``__import__`` that only its modules see. Nothing is added to ``sys.path``, and no name that another
library could own is taken in ``sys.modules``.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib
import importlib.util
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from mozaiks.manifests.spec import WorkflowSpec

__all__ = ["KEPT_VERSIONS", "WorkflowPackage", "code_stamp", "package_of"]

KEPT_VERSIONS: Final = 2
"""Versions of one workflow that stay imported: the newest, and the one a running slice may still use."""

_TOP: Final = "mozaiks_workflows"
_SHARED: Final = "_shared"
_OWN_FOLDERS: Final = ("tools", "hooks")

_LOCK: Final = threading.RLock()
_PACKAGES: Final[dict[str, _Package]] = {}
"""Package name → its code, in the order of use: the first is the one to go."""


@dataclass(frozen=True, slots=True)
class _Package:
    family: str
    """What it is a version of: a workflow of a root, or a root's shared folder."""
    directory: Path
    builtins: dict[str, Any]


@dataclass(frozen=True, slots=True)
class WorkflowPackage:
    """The package of one version of a workflow."""

    name: str
    shared: str
    workflow: str
    root: Path

    def module(self, relative: str) -> str:
        """The name of the module in the file ``relative`` to the workflow's folder."""
        return f"{self.name}.{relative.removesuffix('.py').replace('/', '.')}"


def code_stamp(folder: Path) -> str:
    """What changes when ``workflows/_shared`` changes, which a workflow's version does not cover.

    Parameters
    ----------
    folder
        The folder of any workflow beside it.
    """
    shared = folder.absolute().parent / _SHARED
    digest = hashlib.sha256()
    for path in sorted(shared.rglob("*.py")):
        status = path.stat()
        digest.update(f"{path.relative_to(shared).as_posix()}\0{status.st_mtime_ns}\0{status.st_size}\0".encode())
    return digest.hexdigest()[:12]


def package_of(spec: WorkflowSpec, folder: Path) -> WorkflowPackage:
    """The package of this version of the workflow, made on first use; older versions are dropped."""
    root = folder.absolute().parent
    stamp = code_stamp(folder)
    base = f"{_TOP}.root_{hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:12]}"
    shared = f"{base}.shared_{stamp}"
    family = f"{base}.{re.sub(r'[^A-Za-z0-9_]', '_', spec.name)}"
    name = f"{family}_{spec.version[:16]}_{stamp}"
    with _LOCK:
        if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
            # First: the usual finders would find the same files, and run them with the usual builtins.
            sys.meta_path.insert(0, _Finder())
        _use(shared, _Package(f"{base}.shared", root / _SHARED, _builtins(_Names(shared, {}))))
        own = {**{own: own for own in _OWN_FOLDERS}, **{f"workflows.{own}": "" for own in {spec.name, folder.name}}}
        _use(name, _Package(family, folder.absolute(), _builtins(_Names(shared, own, name))))
    return WorkflowPackage(name, shared, spec.name, root)


def _use(name: str, package: _Package) -> None:
    _PACKAGES[name] = _PACKAGES.pop(name, package)
    versions = [other for other, known in _PACKAGES.items() if known.family == package.family]
    for old in versions[:-KEPT_VERSIONS]:
        del _PACKAGES[old]
        for module in [module for module in sys.modules if module == old or module.startswith(f"{old}.")]:
            del sys.modules[module]
        parent, _, attribute = old.rpartition(".")
        if hasattr(sys.modules.get(parent), attribute):
            delattr(sys.modules[parent], attribute)


@dataclass(frozen=True, slots=True)
class _Names:
    """What the names that an author writes mean in one package."""

    shared: str
    own: Mapping[str, str]
    """Written name → folder within the package, "" for the package itself."""
    package: str = ""

    def import_(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """``__import__`` as the modules of this package see it."""
        found = None if level else self._resolve(name)
        if found is None:
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        if name == "workflows":
            return self._workflows()
        if fromlist:
            return builtins.__import__(found, globals, locals, fromlist, 0)
        importlib.import_module(found)
        first = name.partition(".")[0]
        return self._workflows() if first == "workflows" else sys.modules[f"{self.package}.{first}"]

    def _resolve(self, name: str) -> str | None:
        """The real name of the module ``name``; ``None`` if it is none of ours."""
        if name == "workflows":
            return name
        for written, real in [(f"workflows.{_SHARED}", self.shared), *self._own()]:
            if name == written or name.startswith(f"{written}."):
                return real + name.removeprefix(written)
        if name.startswith("workflows."):
            raise ImportError(
                f"{name!r} is out of reach: code of a workflow imports from its own folder and from workflows.{_SHARED}"
            )
        return None

    def _own(self) -> list[tuple[str, str]]:
        return [(written, f"{self.package}.{real}".rstrip(".")) for written, real in self.own.items()]

    def _workflows(self) -> ModuleType:
        """The package ``workflows`` as this package sees it."""
        view = ModuleType("workflows", "The workflows folder, as the code of one workflow sees it.")
        for written, real in [(f"workflows.{_SHARED}", self.shared), *self._own()]:
            first, _, attribute = written.partition(".")
            if first == "workflows" and _PACKAGES[real].directory.is_dir():
                setattr(view, attribute, importlib.import_module(real))
        return view


def _builtins(names: _Names) -> dict[str, Any]:
    # A frame takes `__import__` from its module's builtins: also in functions that import when they are called.
    return {**vars(builtins), "__import__": names.import_}


class _Loader(SourceFileLoader):
    """Runs a module with its package's builtins, always from its source."""

    def __init__(self, name: str, path: str, its_builtins: dict[str, Any]) -> None:
        super().__init__(name, path)
        self._builtins = its_builtins

    def get_code(self, fullname: str) -> CodeType:
        # No .pyc: it knows its source by second and size, so an edit within the same second would go unseen.
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__builtins__"] = self._builtins
        super().exec_module(module)


class _Finder(MetaPathFinder):
    """Finds the modules of registered packages, and nothing else."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        parts = fullname.split(".")
        if parts[0] != _TOP:
            return None
        if len(parts) < 3:
            return _folder(fullname, [])
        package = _PACKAGES.get(".".join(parts[:3]))
        if package is None:
            return None
        if len(parts) == 3:
            return _package(fullname, package)

        def loader(name: str, file: str) -> _Loader:
            return _Loader(name, file, package.builtins)

        for entry in path or ():
            # A finder of its own for each look: the usual ones remember a folder's files by its time.
            found = FileFinder(entry, (loader, [".py"])).find_spec(fullname)  # type: ignore[arg-type]
            if found is not None:
                return found
        return None


def _package(name: str, package: _Package) -> ModuleSpec | None:
    if not package.directory.is_dir():
        return None
    init = package.directory / "__init__.py"
    where = [str(package.directory)]
    if package.directory.name != _SHARED or not init.is_file():
        return _folder(name, where)
    loader = _Loader(name, str(init), package.builtins)
    return importlib.util.spec_from_file_location(name, init, loader=loader, submodule_search_locations=where)


def _folder(name: str, where: list[str]) -> ModuleSpec:
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = where
    return spec
