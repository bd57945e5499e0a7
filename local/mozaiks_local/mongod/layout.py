"""The data folder of one embedded ``mongod``: its files, its secrets, its locks, its socket."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from mozaiks_local.mongod.errors import MongodError

__all__ = ["MIN_FREE_BYTES", "DataDir", "RunState", "try_lock"]

MIN_FREE_BYTES = 500 * 1024 * 1024
"""Below this a start is refused: mongod aborts, and may not come back, when a journal write finds no space."""

_SOCKET_PATH_LIMIT = 100  # sockaddr_un holds 107 bytes; mongod's own names need a margin
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]+")  # ',' splits --bind_ip and ':' splits a member's host


@dataclass(frozen=True)
class RunState:
    """What a running ``mongod`` was started as; written when it is ready, removed when it stops."""

    port: int
    pid: int
    launcher_pid: int
    ready: bool


@dataclass(frozen=True)
class DataDir:
    """Paths below one data folder.

    Parameters
    ----------
    root
        Absolute path of the folder. ``make_folders`` makes it.
    """

    root: Path

    @property
    def db(self) -> Path:
        return self.root / "db"

    @property
    def log(self) -> Path:
        return self.root / "mongod.log"

    @property
    def output(self) -> Path:
        return self.root / "mongod.out"

    @property
    def keyfile(self) -> Path:
        return self.root / "keyfile"

    @property
    def password_file(self) -> Path:
        return self.root / "password"

    @property
    def libraries(self) -> Path:
        return self.root / "lib"

    @property
    def owner_lock(self) -> Path:
        return self.root / "owner.lock"

    @property
    def server_lock(self) -> Path:
        return self.root / "server.lock"

    @property
    def _state_file(self) -> Path:
        return self.root / "state.json"

    @property
    def sockets(self) -> Path:
        """Folder of the unix sockets: the data folder, or a short one for the same data folder elsewhere."""
        longest = str(self.root / "mongodb-65535.sock")
        if len(os.fsencode(longest)) <= _SOCKET_PATH_LIMIT and _PLAIN_PATH.fullmatch(longest):
            return self.root
        name = f"mozaiks-{os.getuid()}-{hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]}"
        temporary = Path(tempfile.gettempdir())
        fits = len(os.fsencode(temporary / name / "mongodb-65535.sock")) <= _SOCKET_PATH_LIMIT
        if not fits or not _PLAIN_PATH.fullmatch(str(temporary)):
            temporary = Path("/tmp")  # noqa: S108 - the folder made there is private and checked
        return temporary / name

    @property
    def member(self) -> Path:
        """The unix socket that names the replica set's only member.

        A member named by host and port is lost when the port changes, and a start blocks for 30 s when something else
        answers at the old port; a socket path has neither trouble.
        """
        return self.sockets / "m.sock"

    def make_folders(self) -> None:
        """Make the folders that are not there yet, private to this user.

        Raises
        ------
        MongodError
            ``DATA_DIR_UNUSABLE`` when a folder cannot be made or belongs to somebody else.
        """
        try:
            for folder in (self.root, self.db, self.sockets):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if folder.lstat().st_uid != os.getuid() or folder.is_symlink():
                    raise MongodError(
                        "DATA_DIR_UNUSABLE",
                        f"{folder} belongs to another user or is a link: choose another folder with MOZAIKS_DATA_DIR.",
                    )
                folder.chmod(0o700)
        except (FileExistsError, NotADirectoryError, PermissionError) as error:
            raise MongodError(
                "DATA_DIR_UNUSABLE",
                f"The data folder {self.root} cannot be used ({error.strerror}: {error.filename}):"
                " choose another folder with MOZAIKS_DATA_DIR.",
            ) from error

    def check_space(self) -> None:
        """Raise ``NO_SPACE`` when the disk has less than ``MIN_FREE_BYTES`` left."""
        free = shutil.disk_usage(self.root).free
        if free < MIN_FREE_BYTES:
            raise MongodError(
                "NO_SPACE",
                f"Only {free // 2**20} MB are free where {self.root} lies and the database needs"
                f" {MIN_FREE_BYTES // 2**20} MB: make room, or choose another disk with MOZAIKS_DATA_DIR.",
            )

    def make_secrets(self) -> None:
        """Make the key file and the application's password, once per data folder. Call it under the owner's lock."""
        _write_once(self.keyfile, base64.b64encode(secrets.token_bytes(72)).decode())
        _write_once(self.password_file, secrets.token_urlsafe(24))

    def rotate_logs(self) -> None:
        """Keep the last run's log beside the new one, and nothing older."""
        previous = self.root / "mongod.log.previous"
        if self.log.exists():
            self.log.replace(previous)
        for old in self.root.glob("mongod.log.*"):
            if old != previous:
                old.unlink(missing_ok=True)

    def read_state(self) -> RunState | None:
        try:
            raw = json.loads(self._state_file.read_text(encoding="utf-8"))
            return RunState(
                port=int(raw["port"]),
                pid=int(raw["pid"]),
                launcher_pid=int(raw["launcher_pid"]),
                ready=bool(raw["ready"]),
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None  # never started, or written by another version: the port is chosen anew

    def write_state(self, state: RunState) -> None:
        temporary = self._state_file.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(json.dumps(asdict(state)), encoding="utf-8")
        temporary.replace(self._state_file)

    def remove_sockets(self) -> None:
        """Remove what a killed ``mongod`` leaves, and the short folder if there is one."""
        if self.sockets != self.root:
            shutil.rmtree(self.sockets, ignore_errors=True)
            return
        for socket in self.root.glob("*.sock"):
            socket.unlink(missing_ok=True)


def _write_once(path: Path, text: str) -> None:
    if path.exists() and path.stat().st_size:
        path.chmod(0o600)  # a copied folder may have lost it, and mongod refuses an open key file
        return
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)


def try_lock(path: Path) -> int | None:
    """Take the exclusive lock on a file and return its descriptor, or None when another process holds it.

    The kernel frees it when the last process holding the descriptor is gone, however it went.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
