"""Ships compiled code: compiling is most of what an import costs on a cold start."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from .errors import PackagingError
from .target import Target

__all__ = ["compile_beside", "compile_instead", "interpreter_of"]


def interpreter_of(target: Target) -> str | None:
    """An interpreter of the target's Python version; compiled code is the same on every architecture."""
    if sys.version_info[:2] == target.version:
        return sys.executable
    found = shutil.which(target.runtime)
    # What is found may be a stand-in that only says which version is missing.
    if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
        return found
    return None


def compile_beside(folder: Path, python: str, shown_as: str) -> None:
    """Compile our own package; its sources stay, for readable tracebacks."""
    _compile(folder, python, shown_as, ())


def compile_instead(folder: Path, python: str, shown_as: str) -> None:
    """Compile libraries and leave their sources out: both together are over the layer's budget."""
    _compile(folder, python, shown_as, ("-b",))
    for source in folder.rglob("*.py"):
        if source.with_suffix(".pyc").is_file():
            source.unlink()


def _compile(folder: Path, python: str, shown_as: str, options: tuple[str, ...]) -> None:
    # Unchecked: the file system of a layer never changes, so nothing needs to look at the source.
    command = [python, "-I", "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash", *options]
    command += ["-s", str(folder), "-p", shown_as, str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise PackagingError(f"{folder.name} cannot be compiled:\n{done.stdout.strip()}")
