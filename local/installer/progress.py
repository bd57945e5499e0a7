"""Show that a long step goes on."""

from __future__ import annotations

import shutil
import time
from typing import TextIO

__all__ = ["Progress"]


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
