"""One ``mozaiks dev`` per data folder."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from mozaiks_local.cli.console import Failure

__all__ = ["DevLock"]


class DevLock:
    """Held while a local stack runs on a data folder. The kernel drops it with the process, however that ends.

    Parameters
    ----------
    path
        The lock file; its folder exists.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        while self._descriptor is None:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(descriptor, 1000, 0)
                os.close(descriptor)
                raise Failure(_already_running(holder)) from None
            if self._is_current(descriptor):
                self._descriptor = descriptor
            else:  # its holder removed it between our open and our lock
                os.close(descriptor)
        self.say_url(None)
        return self

    def say_url(self, url: str | None) -> None:
        """Write down who holds the lock, for whoever is refused."""
        assert self._descriptor is not None  # noqa: S101 - inside the with block
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False


def _already_running(holder: bytes) -> str:
    try:
        facts = json.loads(holder)
        who, where = f" (process {facts['pid']})", f" at {facts['url']}" if facts.get("url") else ""
    except (ValueError, KeyError, TypeError):
        who = where = ""
    return (
        f"the local stack already runs in this folder{where}{who}: use it, stop it with Ctrl-C in its terminal,"
        " or start another with its own MOZAIKS_DATA_DIR and PORT"
    )
