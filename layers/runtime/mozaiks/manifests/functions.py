"""Python functions that manifests name: found and described by reading the source, never by importing it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from mozaiks.manifests.folder import Folder
from mozaiks.manifests.nodes import MAX_FILE_BYTES, Place
from mozaiks.manifests.problems import ProblemLog, did_you_mean
from mozaiks.manifests.spec import FunctionRef

__all__ = ["FunctionFinder", "PythonFile", "Signature"]


@dataclass(frozen=True, slots=True)
class Signature:
    """What can be said of a function without importing it."""

    line: int
    column: int
    parameters: tuple[str, ...]
    extra_keywords: bool
    """Whether it takes ``**kwargs``."""
    trouble: str | None
    """Why no schema can be made from it, or ``None``."""


@dataclass(frozen=True, slots=True)
class PythonFile:
    """The top-level names of a module. ``None`` stands for a name whose signature only an import would tell."""

    relative: str
    names: dict[str, Signature | None]


class FunctionFinder:
    """Finds functions in one workflow's Python files."""

    def __init__(self, folder: Folder, report: ProblemLog) -> None:
        self._folder = folder
        self._log = report
        self._files: dict[str, PythonFile | None] = {}

    def exists(self, relative: str) -> bool:
        """Whether ``relative`` is a file a manifest may name."""
        path = self._path(relative)
        return path is not None and path.is_file()

    def modules(self, directory: str) -> list[str]:
        """The ``*.py`` directly in ``directory``, relative to the workflow, sorted."""
        base = self._folder.path / directory
        if not base.is_dir():
            return []
        names = sorted(path.name for path in base.glob("*.py") if path.name != "__init__.py")
        return [f"{directory}/{name}" for name in names if self.exists(f"{directory}/{name}")]

    def load(self, relative: str) -> PythonFile | None:
        """The parsed file; ``None`` (and a reported problem, once) when it cannot be parsed."""
        if relative not in self._files:
            self._files[relative] = self._parse(relative)
        return self._files[relative]

    def file_of(self, text: str, directory: str, place: Place, key: str, what: str) -> str | None:
        """The path that ``file``, ``filename`` or ``module`` means, relative to the folder; reported when missing.

        A name without a folder is looked for in ``directory``.
        """
        candidates = _candidates(text, directory)
        for relative in candidates:
            if self.exists(relative):
                return relative
        outside = candidates and self._path(candidates[0]) is None
        if not candidates or outside:
            self._log.error(
                "outside_folder", f"{what}: {text!r} is no file inside the workflow's folder", place, key=key
            )
            return None
        near = did_you_mean(candidates[0], self.modules(directory)) if self.modules(directory) else ""
        self._log.error("missing_file", f"{what}: there is no {' or '.join(candidates)}{near}", place, key=key)
        return None

    def function_in(self, relative: str, wanted: list[str], place: Place, key: str, what: str) -> FunctionRef | None:
        """The first of the ``wanted`` functions that the file defines; reported when it has none."""
        module = self.load(relative)
        if module is None:
            return None
        for name in wanted:
            if name in module.names:
                return FunctionRef(path=relative, function=name)
        asked = " or ".join(repr(name) for name in wanted)
        hint = did_you_mean(wanted[0], module.names) if module.names else "; it defines no function"
        self._log.error("missing_function", f"{what}: {relative} has no function {asked}{hint}", place, key=key)
        return None

    def signature(self, function: FunctionRef) -> Signature | None:
        """The signature of a found function, if it can be told without importing."""
        module = self.load(function.path)
        return module.names.get(function.function) if module else None

    def dotted(self, text: str, directory: str, place: Place, key: str, what: str) -> FunctionRef | None:
        """The function written ``module.function``."""
        module, _, function = text.rpartition(".")
        if not module:
            self._log.error("wrong_value", f"{what} must be module.function, found {text!r}", place, key=key)
            return None
        relative = self.file_of(module, directory, place, key, what)
        return self.function_in(relative, [function], place, key, what) if relative else None

    def _path(self, relative: str) -> Path | None:
        return self._folder.inside(relative)

    def _parse(self, relative: str) -> PythonFile | None:
        place = self._folder.place(relative)
        path = self._path(relative)
        if path is None or path.stat().st_size > MAX_FILE_BYTES:
            self._log.error("too_large", f"a Python file has at most {MAX_FILE_BYTES} bytes", place)
            return None
        try:
            tree = ast.parse(path.read_bytes())
        except SyntaxError as error:
            where = Place(place.file, error.lineno, error.offset)
            self._log.error("python_syntax", f"not valid Python: {error.msg}", where)
            return None
        except (ValueError, RecursionError, MemoryError) as error:
            self._log.error("python_syntax", f"not valid Python: {error}", place)
            return None
        return PythonFile(relative, dict(_top_level(tree.body)))


def _candidates(text: str, directory: str) -> list[str]:
    """The paths that a file or module name can mean, most likely first."""
    if text.endswith(".py"):
        path = text.removeprefix("./")
    else:
        path = text.replace(".", "/") + ".py" if "/" not in text else text + ".py"
    if not path or path.startswith("/") or ".." in path.split("/"):
        return []
    if path.startswith(("tools/", "hooks/")):
        return [path]
    other = "tools" if directory == "hooks" else None
    return [f"{directory}/{path}", *([f"{other}/{path}"] if other else []), *([path] if "/" in path else [])]


def _top_level(body: list[ast.stmt]) -> list[tuple[str, Signature | None]]:
    found: list[tuple[str, Signature | None]] = []
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                found.append((statement.name, _signature(statement)))
            case ast.Import(names) | ast.ImportFrom(names=names):
                found.extend((alias.asname or alias.name.split(".")[0], None) for alias in names)
            case ast.Assign(targets=targets):
                found.extend((target.id, None) for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
                found.append((name, None))
            case ast.If():
                found.extend(_top_level([*statement.body, *statement.orelse]))
            case ast.Try():
                found.extend(_top_level([*statement.body, *statement.orelse, *statement.finalbody]))
                for handler in statement.handlers:
                    found.extend(_top_level(handler.body))
            case _:
                pass
    return found


def _signature(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Signature:
    arguments = function.args
    trouble = None
    if arguments.vararg is not None:
        trouble = f"*{arguments.vararg.arg} has no name the model could fill"
    elif arguments.posonlyargs:
        trouble = f"{arguments.posonlyargs[0].arg!r} is positional-only, and tools are called by name"
    elif _yields(function):
        trouble = "it yields; a tool returns one value"
    parameters = tuple(argument.arg for argument in [*arguments.args, *arguments.kwonlyargs])
    return Signature(function.lineno, function.col_offset + 1, parameters, arguments.kwarg is not None, trouble)


def _yields(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    pending: list[ast.AST] = list(function.body)
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            pending.extend(ast.iter_child_nodes(node))
    return False
