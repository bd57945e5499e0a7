"""Owns the test run's ``mongod`` until pytest's main process is gone: ``mongod_keeper.py RUN_FOLDER``."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import sys
from pathlib import Path

from mozaiks_local.mongod import EmbeddedMongod, MongodError
from mozaiks_local.mongod.layout import try_lock

__all__: list[str] = []


def main(folder: Path) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    keeper_lock = try_lock(folder / "keeper.lock")
    if keeper_lock is None:
        sys.exit(f"{folder} has a keeper already")
    mongod = EmbeddedMongod(folder / "mongo", ttl_monitor_seconds=2, enable_test_commands=True)
    try:
        try:
            mongod.start()
        except MongodError as error:
            _answer(folder, {"error": error.message})
        else:
            _answer(folder, {"uri": mongod.uri, "admin_uri": mongod.admin_uri, "safe_uri": mongod.safe_uri})
        with (folder / "run.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # returns when pytest has ended
    finally:
        mongod.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _answer(folder: Path, content: dict[str, str]) -> None:
    temporary = folder / "server.json.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
    temporary.replace(folder / "server.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
