"""Loads the Python functions of a workflow's folder."""

from __future__ import annotations

import importlib
import os
import re
import traceback
import typing
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from mozaiks.engine.imports import WorkflowPackage, package_of
from mozaiks.errors import MozaiksError
from mozaiks.manifests.spec import FunctionRef, WorkflowSpec

__all__ = ["WorkflowCode", "load_function"]

_REASON_CHARACTERS: Final = 500
_DIRECTORIES: Final = re.compile(r"(?<![\w/.:])/(?:[^\s/'\":,()]+/)+")


def load_function(spec: WorkflowSpec, folder: Path, ref: FunctionRef) -> Callable[..., Any]:
    """The function ``ref`` names in the workflow's folder; see ``WorkflowCode``."""
    return WorkflowCode(spec, folder).function(ref)


class WorkflowCode:
    """The Python code of one version of a workflow, as it is at the first look.

    Each version of a workflow gets modules of its own, so that equal file names of two workflows, of two versions of
    one, or of two roots, never meet. A change of ``workflows/_shared`` counts as a new version here.
    """

    def __init__(self, spec: WorkflowSpec, folder: Path) -> None:
        self._spec = spec
        self._folder = folder

    @cached_property
    def _package(self) -> WorkflowPackage:
        return package_of(self._spec, self._folder)

    @cached_property
    def _real_folder(self) -> Path:
        return self._folder.resolve()

    def function(self, ref: FunctionRef) -> Callable[..., Any]:
        """The function that ``ref`` names.

        Raises
        ------
        MozaiksError
            ``TOOL_LOAD_FAILED`` if the file cannot be imported or has no such function.
        """
        where = f"{self._spec.name}/{ref.path}"
        path = (self._real_folder / ref.path).resolve()
        if not path.is_relative_to(self._real_folder):
            raise MozaiksError("TOOL_LOAD_FAILED", f"{ref.path!r} is outside the workflow {self._spec.name!r}")
        if not path.is_file() or path.suffix != ".py":
            raise MozaiksError("TOOL_LOAD_FAILED", f"{where} is no Python file")
        if "." in ref.path.removesuffix(".py"):
            raise MozaiksError("TOOL_LOAD_FAILED", f"{where} cannot be imported: its path has a dot before the .py")
        module = _import(self._package, where, ref)
        if module.__file__ is None or Path(module.__file__).resolve() != path:
            words = f"{where} is hidden by a folder of the same name; rename one of them"
            raise MozaiksError("TOOL_LOAD_FAILED", words)
        function = getattr(module, ref.function, None)
        if not callable(function):
            raise MozaiksError("TOOL_LOAD_FAILED", f"{where} has no function {ref.function!r}")
        return typing.cast("Callable[..., Any]", function)


def _import(package: WorkflowPackage, where: str, ref: FunctionRef) -> ModuleType:
    try:
        return importlib.import_module(package.module(ref.path))
    except (Exception, SystemExit) as error:
        raise MozaiksError("TOOL_LOAD_FAILED", f"{where} cannot be imported: {_reason(error, package)}") from error


def _reason(error: BaseException, package: WorkflowPackage) -> str:
    """What an import failed of and where, without anything of this machine."""
    words = f"{type(error).__name__}: {error}"
    words = words.replace(package.name, "workflows." + package.workflow).replace(package.shared, "workflows._shared")
    words = words.replace(str(package.root) + os.sep, "")
    words = _DIRECTORIES.sub("", words)[:_REASON_CHARACTERS]
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename is not None:
        frames.append((error.filename, error.lineno))
    for file, line in reversed(frames):
        if Path(file).is_relative_to(package.root):
            return f"{words} (in {Path(file).relative_to(package.root).as_posix()}, line {line})"
    return words
