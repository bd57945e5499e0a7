"""Installs libraries for a target and leaves out what no deployed code reads."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from installer.pip import has_pip

from .errors import PackagingError
from .target import Target

__all__ = ["install", "prune"]

_DEAD_FOLDERS: Final = frozenset({"tests", "benchmarks"})
_DEAD_SUFFIXES: Final = frozenset({".pyi", ".c", ".h", ".pyx", ".pxd"})
# Licences must go with the code; versions and plugins are looked up at run time.
_KEPT_OF_METADATA: Final = ("METADATA", "entry_points.txt", "licen", "copying", "notice", "authors")
_DEAD_PACKAGES: Final = (
    "bin",  # scripts of the libraries: nobody can call them
    "aws_lambda_powertools/event_handler",  # a router with a copy of Swagger UI: the HTTP API is FastAPI's
)


def install(requirements: Path, target: Target, folder: Path, *, locked: bool) -> None:
    """Install wheels for ``target`` into ``folder``.

    Parameters
    ----------
    requirements
        The requirements file.
    target
        What the wheels are for.
    folder
        Where they go.
    locked
        The file names every package with its hashes; else dependencies are resolved.

    Raises
    ------
    PackagingError
        If pip refuses; with all it said.
    """
    # Which Python runs pip does not matter: everything that depends on one is named.
    python = sys.executable if has_pip(sys.executable) else getattr(sys, "_base_executable", sys.executable)
    command = [python, "-I", "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--no-compile", "--only-binary", ":all:", "--implementation", "cp"]
    command += ["--python-version", ".".join(map(str, target.version)), "--target", str(folder)]
    command += ["--require-hashes", "--no-deps"] if locked else []
    for platform in target.platforms:
        command += ["--platform", platform]
    done = subprocess.run(
        [*command, "-r", str(requirements)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        raise PackagingError(f"{requirements.name} cannot be installed for {target}:\n{done.stdout.strip()}")


def prune(folder: Path) -> None:
    """Remove tests, sources of compiled code, stubs and the installer's own records."""
    for name in _DEAD_PACKAGES:
        shutil.rmtree(folder / name, ignore_errors=True)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            # A top-level folder of that name would be a library's own.
            if path.name in _DEAD_FOLDERS and path.parent != folder:
                shutil.rmtree(path)
        elif path.suffix in _DEAD_SUFFIXES or _is_record(path.relative_to(folder)):
            path.unlink(missing_ok=True)


def _is_record(path: Path) -> bool:
    if not path.parts[0].endswith(".dist-info"):
        return False
    below = "/".join(path.parts[1:])
    return not any(kept.casefold() in below.casefold() for kept in _KEPT_OF_METADATA)
