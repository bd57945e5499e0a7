"""What workers write: one file per function, and a callback per line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

__all__ = ["LogSink", "WorkerLogs"]

LogSink = Callable[[str, str], None]
"""Called with a function's id and one line, in the stack's own thread."""

_MAX_BYTES = 20 * 1024 * 1024


class WorkerLogs:
    """Appends to ``<folder>/<function>.log``. A file that has grown large begins anew with the next start."""

    def __init__(self, folder: Path, sink: LogSink | None) -> None:
        self._folder = folder
        self._sink = sink
        self._files: dict[str, BinaryIO] = {}

    def write(self, function: str, text: bytes) -> None:
        """Take whole lines."""
        file = self._files.get(function)
        if file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{function}.log"
            if path.exists() and path.stat().st_size > _MAX_BYTES:
                path.replace(path.with_suffix(".old.log"))
            file = self._files[function] = path.open("ab", buffering=0)
        file.write(text)
        if self._sink is not None:
            for line in text.decode(errors="replace").splitlines():
                self._sink(function, line)

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()
