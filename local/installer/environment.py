"""The project's virtual environment."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from installer.errors import NEEDED_MB, InstallError, explain
from installer.pip import has_pip, install
from installer.progress import Progress

__all__ = ["INCLUDES", "Environment"]

_OLDEST = (3, 11)
# A use, and the locks its own lock contains.
INCLUDES = {"local": ("local",), "test": ("test", "local"), "lock": ("lock",), "page": ("page",)}
_OWN_PACKAGES = ("layers/runtime", "local")


class Environment:
    """The project's virtual environment, and what is known to be installed in it.

    Parameters
    ----------
    root
        The project's folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self._log = self.folder / "install.log"
        self._stamp = self.folder / ".mozaiks.json"
        self._unfinished = self.folder / ".mozaiks-unfinished"

    def is_ready(self, use: str) -> bool:
        """Tell whether the environment holds exactly the lock of ``use``. Starts no process."""
        stamp = self._read_stamp()
        return (
            not self._unfinished.exists()
            and stamp.get("place") == self._place()
            and stamp.get("uses", {}).get(use) == self._mark(use)
            and Path(stamp.get("packages", "(none)")).is_dir()
        )

    def make(self, use: str, progress: Progress) -> None:
        """Install what ``use`` needs, making the environment first if there is no usable one."""
        usable = self._is_usable()
        self._check_space(use, usable)
        if not usable:
            progress.show("Making the Python environment in .venv")
            self._create()
        self._unfinished.touch()
        install(self._lock(use), self.python, self._log, self.root, progress)
        packages = self._ask("import sysconfig; print(sysconfig.get_path('purelib'))")
        if use != "lock":
            self._add_own_packages(Path(packages))
        progress.show("Compiling packages, so that starts are fast")
        compilation = [str(self.python), "-m", "compileall", "-q", "-j", "0", packages]
        subprocess.run(compilation, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        self._write_stamp(use, packages)
        self._unfinished.unlink()

    # -- what is there -----------------------------------------------------------------------------------------------

    def _lock(self, use: str) -> Path:
        return self.root / "requirements" / (use + ".txt")

    def _mark(self, use: str) -> str:
        return hashlib.sha256(self._lock(use).read_bytes()).hexdigest()

    def _place(self) -> str:
        """Return what an environment cannot survive a change of: its path and its interpreter."""
        return f"{self.root} {os.path.realpath(str(self.python))}"

    def _read_stamp(self) -> dict[str, Any]:
        try:
            content = json.loads(self._stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _write_stamp(self, use: str, packages: str) -> None:
        # A mark that is not of today's lock must go: this installation may have changed what it stood for.
        uses = {
            name: mark
            for name, mark in self._read_stamp().get("uses", {}).items()
            if name in INCLUDES and mark == self._mark(name)
        }
        uses.update({name: self._mark(name) for name in INCLUDES[use]})
        content = json.dumps({"place": self._place(), "packages": packages, "uses": uses})
        temporary = self._stamp.with_suffix(".tmp")
        temporary.write_text(content, encoding="utf-8")
        temporary.replace(self._stamp)

    def _is_usable(self) -> bool:
        stamp = self._read_stamp()
        if self._unfinished.exists() or not self.python.exists():
            return False
        if stamp and (stamp.get("place") != self._place() or not Path(stamp.get("packages", "(none)")).is_dir()):
            return False
        question = f"import sys; sys.exit(sys.version_info[:2] < {_OLDEST!r})"
        answer = subprocess.run([str(self.python), "-I", "-c", question], stderr=subprocess.DEVNULL, check=False)
        return answer.returncode == 0

    def _check_space(self, use: str, usable: bool) -> None:
        free = shutil.disk_usage(str(self.root)).free // 2**20
        if not usable and free < NEEDED_MB[use]:
            raise InstallError(
                f"Only {free} MB are free where {self.root} lies and the installation needs {NEEDED_MB[use]} MB:"
                " make room and run it again."
            )

    def _ask(self, question: str) -> str:
        return subprocess.run(
            [str(self.python), "-I", "-c", question], stdout=subprocess.PIPE, check=True, encoding="utf-8"
        ).stdout.strip()

    # -- making it ---------------------------------------------------------------------------------------------------

    def _create(self) -> None:
        with_pip = importlib.util.find_spec("ensurepip") is not None
        if importlib.util.find_spec("venv") is None or not (with_pip or has_pip(sys.executable)):
            raise InstallError(
                f"{sys.executable} has neither venv nor pip to make an environment with:"
                " run apt-get install -y python3-venv (or your system's like of it) and try again."
            )
        if self.folder.is_symlink():
            self.folder.unlink()
        elif self.folder.exists():
            shutil.rmtree(str(self.folder))
        self.folder.mkdir()
        self._unfinished.touch()  # first of all: whatever ends us from here on, the next run begins anew
        command = [sys.executable, "-m", "venv"] + ([] if with_pip else ["--without-pip"]) + [str(self.folder)]
        made = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", check=False
        )
        if made.returncode != 0:
            raise InstallError(explain(made.stdout, "python3 -m venv failed", self.root))

    def _add_own_packages(self, packages: Path) -> None:
        paths = "".join(f"{self.root / folder}\n" for folder in _OWN_PACKAGES)
        (packages / "mozaiks.pth").write_text(paths, encoding="utf-8")
        # A shell script: a path with spaces cannot stand in a "#!" line.
        script = self.folder / "bin" / "mozaiks"
        script.write_text(
            f'#!/bin/sh\nexec {shlex.quote(str(self.python))} -m mozaiks_local.cli "$@"\n', encoding="utf-8"
        )
        script.chmod(0o755)
