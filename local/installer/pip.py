"""Run pip, and show how far it is."""

from __future__ import annotations

import queue
import re
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path

from installer.errors import InstallError, explain
from installer.progress import Progress

__all__ = ["has_pip", "install"]

_RECENT_LINES = 400


def install(lock: Path, python: Path, log: Path, root: Path, progress: Progress) -> None:
    """Install a hashed lock into the environment of ``python``.

    Parameters
    ----------
    lock
        The requirements file: every package of the environment, pinned and hashed.
    python
        The environment's interpreter.
    log
        Where to keep all that pip says.
    root
        The project's folder, for messages.
    progress
        Where to show how far it is.

    Raises
    ------
    InstallError
        With the cause in one sentence.
    """
    total = len(re.findall(r"^[A-Za-z0-9]\S*==", lock.read_text(encoding="utf-8"), re.MULTILINE))
    command = [*_pip(python), "install", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    command += ["--no-input", "--no-compile", "--disable-pip-version-check", "--no-color", "--progress-bar", "off"]
    command += ["--retries", "3", "-r", str(lock)]
    status, output = _follow(command, log, total, progress)
    if status != 0:
        raise InstallError(explain(output, f"pip failed (all it said is in {log})", root))


def _pip(python: Path) -> list[str]:
    if has_pip(str(python)):
        return [str(python), "-m", "pip"]
    if has_pip(sys.executable):
        return [sys.executable, "-m", "pip", "--python", str(python)]
    raise InstallError(
        f"Neither .venv nor {sys.executable} has pip: run apt-get install -y python3-venv, remove .venv and try again."
    )


def has_pip(python: str) -> bool:
    """Tell whether an interpreter can run pip."""
    found = subprocess.run([python, "-I", "-c", "import pip"], stderr=subprocess.DEVNULL, check=False)
    return found.returncode == 0


def _follow(command: list[str], log: Path, total: int, progress: Progress) -> tuple[int, str]:
    """Run pip, show how far it is, and return its status and the last of what it wrote."""
    lines = queue.Queue[str | None]()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )

    def read() -> None:
        assert process.stdout is not None  # noqa: S101 - a pipe, see above
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    step, detail, seen = "Looking up packages", "", 0
    recent = deque[str](maxlen=_RECENT_LINES)
    try:
        with log.open("w", encoding="utf-8") as file:
            while True:
                try:
                    line = lines.get(timeout=1.0)
                except queue.Empty:
                    line = ""
                if line is None:
                    break
                file.write(line)
                if line:
                    recent.append(line)
                if line.startswith(("Collecting ", "Requirement already satisfied: ")):
                    seen += 1
                    words = line.replace("Requirement already satisfied: ", "Collecting ").split()
                    step, detail = "Fetching packages", f"{min(seen, total)}/{total} {words[1].split('==')[0]}"
                elif line.startswith("Installing collected packages"):
                    step, detail = "Installing packages", f"({len(line.split(','))})"
                progress.show(step, detail)
        return process.wait(), "".join(recent)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
