"""Make ``.venv`` ready for one use: ``python3 local/bootstrap.py local|test|lock``.

Standard library only, and only syntax that old Pythons read too: it runs first on a fresh machine, under whatever
``python3`` that has, and must be able to say what is wrong with it.

It installs the locked, hashed requirements with pip alone, puts the project's own packages on the path and a
``mozaiks`` command beside them. When nothing changed it returns at once.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import importlib.util
import json
import os
import queue
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

__all__ = ["BootstrapError", "Environment", "Progress", "explain", "main"]

OLDEST = (3, 11)
OTHER_PYTHONS = ("python3.13", "python3.12", "python3.11", "python3.14")
# A use, and the locks its own lock contains.
INCLUDES = {"local": ("local",), "test": ("test", "local"), "lock": ("lock",)}
OWN_PACKAGES = ("layers/runtime", "local")
NEEDED_MB = {"local": 900, "test": 1100, "lock": 200}
RECENT_LINES = 400


class BootstrapError(Exception):
    """The environment cannot be made; the text is one sentence on what to do."""


class Progress:
    """One status line with a clock on a terminal; on anything else a line now and then.

    Parameters
    ----------
    stream
        Where it is written.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._began = time.monotonic()
        self._last_line = 0.0
        self._last_step = ""

    def show(self, step: str, detail: str = "") -> None:
        """Say what is going on. On a terminal ``detail`` replaces the one before it."""
        now = time.monotonic()
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            line = f"{step} {detail} ({now - self._began:.0f} s)"
            self._stream.write("\r\033[K" + line[:width])
        elif step != self._last_step or now - self._last_line >= 10:
            self._last_line = now
            self._stream.write(f"{step} {detail} ({now - self._began:.0f} s)\n")
        self._last_step = step
        self._stream.flush()

    def end(self, text: str = "") -> None:
        """Leave the status line, with a last word if there is one."""
        if self._terminal:
            self._stream.write("\r\033[K")
        if text:
            self._stream.write(f"{text} ({time.monotonic() - self._began:.0f} s)\n")
        self._stream.flush()


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
        self._install(use, progress)
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
        question = f"import sys; sys.exit(sys.version_info[:2] < {OLDEST!r})"
        answer = subprocess.run([str(self.python), "-I", "-c", question], stderr=subprocess.DEVNULL, check=False)
        return answer.returncode == 0

    def _check_space(self, use: str, usable: bool) -> None:
        free = shutil.disk_usage(str(self.root)).free // 2**20
        if not usable and free < NEEDED_MB[use]:
            raise BootstrapError(
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
        if importlib.util.find_spec("venv") is None or not (with_pip or _has_pip(sys.executable)):
            raise BootstrapError(
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
            raise BootstrapError(explain(made.stdout, "python3 -m venv failed", self.root))

    def _pip(self) -> list[str]:
        if _has_pip(str(self.python)):
            return [str(self.python), "-m", "pip"]
        if _has_pip(sys.executable):
            return [sys.executable, "-m", "pip", "--python", str(self.python)]
        raise BootstrapError(
            f"Neither .venv nor {sys.executable} has pip: run apt-get install -y python3-venv, remove .venv and try again."
        )

    def _install(self, use: str, progress: Progress) -> None:
        lock = self._lock(use)
        total = len(re.findall(r"^[A-Za-z0-9]\S*==", lock.read_text(encoding="utf-8"), re.MULTILINE))
        command = [*self._pip(), "install", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
        command += ["--no-input", "--no-compile", "--disable-pip-version-check", "--no-color", "--progress-bar", "off"]
        command += ["--retries", "3", "-r", str(lock)]
        status, output = _follow(command, self._log, total, progress)
        if status != 0:
            raise BootstrapError(explain(output, f"pip failed (all it said is in {self._log})", self.root))

    def _add_own_packages(self, packages: Path) -> None:
        paths = "".join(f"{self.root / folder}\n" for folder in OWN_PACKAGES)
        (packages / "mozaiks.pth").write_text(paths, encoding="utf-8")
        # A shell script: a path with spaces cannot stand in a "#!" line.
        script = self.folder / "bin" / "mozaiks"
        script.write_text(
            f'#!/bin/sh\nexec {shlex.quote(str(self.python))} -m mozaiks_local.cli "$@"\n', encoding="utf-8"
        )
        script.chmod(0o755)


def explain(output: str, otherwise: str, root: Path) -> str:
    """Return one sentence for what pip or venv wrote when it failed.

    Parameters
    ----------
    output
        All it wrote.
    otherwise
        How to begin when the cause is not a known one.
    root
        The folder the installation goes to.
    """
    if re.search(r"No space left on device|\[Errno 28\]|Disk quota exceeded", output):
        return f"The disk is full: make room for {NEEDED_MB['test']} MB in {root} and in the temporary folder."
    if re.search(r"DO NOT MATCH THE HASHES", output):
        found = re.search(r"^\s{4}(\S+==\S+|\S+) from ", output, re.MULTILINE)
        name = found.group(1) if found else "see .venv/install.log"
        return f"A downloaded file is not the locked one ({name}): a proxy or mirror altered it; nothing was installed."
    if re.search(r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError", output):
        return (
            "The package registry's certificate is not trusted here:"
            " point PIP_CERT to your network's certificate file and run it again."
        )
    if re.search(
        r"NewConnectionError|Temporary failure in name resolution|Name or service not known|Max retries exceeded"
        r"|ConnectTimeoutError|ReadTimeoutError|Read timed out|ProxyError|Network is unreachable|Connection refused"
        r"|Connection broken|Connection aborted|RemoteDisconnected",
        output,
    ):
        return (
            "The package registry cannot be reached: check the network"
            " (behind a proxy or mirror set HTTPS_PROXY or PIP_INDEX_URL) and run it again."
        )
    missing = re.search(r"No matching distribution found for (\S+)", output)
    if missing:
        here = "{}.{}".format(*sys.version_info[:2])
        return (
            f"The package registry has no {missing.group(1)} for Python {here} on this platform:"
            " use Python 3.11, 3.12 or 3.13 (make PYTHON=python3.12)."
        )
    last = [line.strip() for line in output.splitlines() if line.strip()]
    return "{}: {}".format(otherwise, last[-1] if last else "it said nothing")


def _follow(command: list[str], log: Path, total: int, progress: Progress) -> tuple[int, str]:
    """Run pip, show how far it is, and return its status and the last of what it wrote."""
    lines = queue.Queue()  # type: queue.Queue[str | None]
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
    step, detail, seen, recent = "Looking up packages", "", 0, []  # type: str, str, int, list[str]
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
                recent = ([*recent, line])[-RECENT_LINES:] if line else recent
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


def _has_pip(python: str) -> bool:
    found = subprocess.run([python, "-I", "-c", "import pip"], stderr=subprocess.DEVNULL, check=False)
    return found.returncode == 0


def _use_newer_python() -> None:
    """Go on under a newer Python if the machine has one; else say what is missing."""
    for name in OTHER_PYTHONS:
        path = shutil.which(name)
        if path and subprocess.run([path, "-c", ""], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            os.execv(path, [path, *sys.argv])  # noqa: S606 - the same program under another Python
    raise BootstrapError(
        "Python {}.{} is needed and this is {}.{}: install a newer one, or name one with make PYTHON=/path/to/python3.".format(
            *OLDEST, *sys.version_info[:2]
        )
    )


def main(arguments: list[str]) -> int:
    """Make the environment ready for the use named in ``arguments``; return the exit status."""
    if len(arguments) != 1 or arguments[0] not in INCLUDES:
        sys.stderr.write("usage: bootstrap.py {}\n".format("|".join(INCLUDES)))
        return 2
    use, root = arguments[0], Path(__file__).resolve().parents[1]
    progress = Progress(sys.stderr)
    try:
        if sys.version_info[:2] < OLDEST:
            _use_newer_python()
        environment = Environment(root)
        if environment.is_ready(use):
            return 0
        holder = os.open(str(root), os.O_RDONLY)
        try:
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.show("Waiting for another installation into .venv to finish")
            fcntl.flock(holder, fcntl.LOCK_EX)
        if not environment.is_ready(use):
            environment.make(use, progress)
            progress.end("The Python environment is ready")
    except BootstrapError as error:
        progress.end()
        sys.stderr.write(f"error: {error}\n")
        return 1
    except OSError as error:
        progress.end()
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            sys.stderr.write("error: {}\n".format(explain("[Errno 28]", "", root)))
        else:
            sys.stderr.write(f"error: .venv cannot be made in {root}: {error}\n")
        return 1
    except KeyboardInterrupt:
        progress.end()
        sys.stderr.write("Interrupted; the next run begins the installation anew.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
