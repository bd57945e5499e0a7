"""The two layers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from mozaiks.manifests.validate import describe, validate

from .compiled import compile_beside, compile_instead, interpreter_of
from .errors import PackagingError
from .libraries import install, prune
from .target import Target

__all__ = ["build_runtime", "build_workflows"]

_MOUNTED: Final = "/opt/python"  # where Lambda unpacks a layer's folder "python"
_NEVER: Final = ("__pycache__", "*.pyc", ".*")
_DEVELOPMENT: Final = ("demo", "tests", "Makefile", "requirements.txt", "README.md")


def build_runtime(root: Path, target: Target, artifacts: Path) -> None:
    """Make the layer with the package ``mozaiks`` and its libraries.

    Parameters
    ----------
    root
        The project's folder.
    target
        What it is for.
    artifacts
        The layer's folder: emptied, then filled.

    Raises
    ------
    PackagingError
        If a library cannot be installed or compiled.
    """
    python = _emptied(artifacts) / "python"
    install(root / "requirements" / "layer.txt", target, python, locked=True)
    prune(python)
    interpreter = interpreter_of(target)
    if interpreter is None:
        print(f"No {target.runtime} on this machine: the layer holds no compiled code, so cold starts take longer.")
    else:
        compile_instead(python, interpreter, _MOUNTED)
    package = python / "mozaiks"
    shutil.copytree(root / "layers" / "runtime" / "mozaiks", package, ignore=shutil.ignore_patterns(*_NEVER))
    if interpreter is not None:
        compile_beside(package, interpreter, f"{_MOUNTED}/mozaiks")


def build_workflows(root: Path, target: Target, artifacts: Path) -> None:
    """Check the workflows and make the layer that holds them, and the libraries of their ``requirements.txt``.

    Raises
    ------
    PackagingError
        With what the validator says, if a workflow is not valid; or if a library cannot be installed.
    """
    source = root / "workflows"
    report = validate(source)
    lines = [line for problem in report.problems for _, line in describe(problem, Path("workflows"))]
    if not report.passes():
        raise PackagingError("\n".join([*lines, f"workflows: {report.summary()}"]))
    print("\n".join([*lines, f"workflows: {report.summary()}"]))
    _emptied(artifacts)
    requirements = source / "requirements.txt"
    if requirements.is_file():
        install(requirements, target, artifacts / "python", locked=False)
        prune(artifacts / "python")
    never = shutil.ignore_patterns(*_NEVER)

    def left_out(folder: str, names: list[str]) -> set[str]:
        # Only at the top and in a workflow's own folder: deeper, the names are the author's.
        near = source in (Path(folder), Path(folder).parent)
        return {*never(folder, names), *(name for name in names if near and name in _DEVELOPMENT)}

    shutil.copytree(source, artifacts / "workflows", ignore=left_out)


def _emptied(folder: Path) -> Path:
    if folder.is_dir():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder
