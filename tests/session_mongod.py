"""One ``mongod`` for one test run: shared by all xdist workers, started by the first test that needs it.

The run is a folder with a lock that pytest's main process holds. A keeper process owns the server and waits for that
lock: the kernel gives it the lock when pytest is gone, however it went, and the keeper kills the server and wipes the
folder. So nothing outlives the run, not even one ended by ``kill -9``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from mozaiks_local.mongod.layout import try_lock

__all__ = ["RUN_VARIABLE", "DatabaseServer", "TestRun", "server_of_this_run"]

RUN_VARIABLE = "MOZAIKS_TEST_RUN_DIR"

_PREFIX = "mozaiks-test-"
_KEEPER = Path(__file__).with_name("mongod_keeper.py")
_MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a private folder there
_MEMORY_NEEDED = 1024**3
_START_SECONDS = 45.0
_WIPE_SECONDS = 10.0


@dataclass(frozen=True)
class DatabaseServer:
    """Where the tests' database is.

    Parameters
    ----------
    uri
        Connection string of a user with the rights of the deployed application.
    admin_uri
        Connection string for fault injection; None on a server that is not the tests' own.
    safe_uri
        Address without credentials.
    """

    uri: str
    admin_uri: str | None
    safe_uri: str

    @property
    def is_own(self) -> bool:
        """True when the server is wiped after the run, False for ``TEST_MONGODB_URI``."""
        return self.admin_uri is not None


class TestRun:
    """The folder of this run, held by pytest's main process."""

    __test__ = False

    def __init__(self) -> None:
        disk = _disk()
        _sweep(disk)
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=disk))
        self._lock = try_lock(self.folder / "run.lock")
        os.environ[RUN_VARIABLE] = str(self.folder)

    def close(self) -> None:
        """Let the keeper go, and return when server and folder are gone."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        if not (self.folder / "keeper.claimed").exists():
            shutil.rmtree(self.folder, ignore_errors=True)
        deadline = time.monotonic() + _WIPE_SECONDS
        while self.folder.exists() and time.monotonic() < deadline:
            time.sleep(0.01)


def server_of_this_run() -> DatabaseServer:
    """Return the run's server, started now if no test of any worker needed it before."""
    folder = Path(os.environ[RUN_VARIABLE])
    keeper = _spawn_keeper(folder)
    answer = folder / "server.json"
    deadline = time.monotonic() + _START_SECONDS
    while not answer.exists():
        if keeper is not None and keeper.poll() is not None and not answer.exists():
            raise RuntimeError(f"the keeper of the test database ended with status {keeper.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"the test database in {folder} was not ready within {_START_SECONDS:g} s")
        time.sleep(0.01)
    content = json.loads(answer.read_text(encoding="utf-8"))
    if "error" in content:
        raise RuntimeError(f"the test database did not start: {content['error']}")
    return DatabaseServer(**content)


def _spawn_keeper(folder: Path) -> subprocess.Popen[bytes] | None:
    try:
        (folder / "keeper.claimed").touch(exist_ok=False)
    except FileExistsError:
        return None
    paths = [str(_KEEPER.parents[1] / "local"), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, str(_KEEPER), str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)},
        start_new_session=True,  # Ctrl-C is for pytest; the keeper goes when pytest has gone
    )


def _disk() -> Path:
    usable = _MEMORY_DISK.is_dir() and os.access(_MEMORY_DISK, os.W_OK)
    if usable and shutil.disk_usage(_MEMORY_DISK).free >= _MEMORY_NEEDED:
        return _MEMORY_DISK
    return Path(tempfile.gettempdir())


def _sweep(disk: Path) -> None:
    """Remove what a run left whose keeper was killed too: a memory disk does not empty itself."""
    for folder in disk.glob(f"{_PREFIX}*"):
        if folder.stat().st_uid != os.getuid():
            continue
        locks = [try_lock(folder / name) for name in ("run.lock", "keeper.lock")]
        if None not in locks and time.time() - folder.stat().st_mtime > 60:
            shutil.rmtree(folder, ignore_errors=True)
        for lock in locks:
            if lock is not None:
                os.close(lock)
