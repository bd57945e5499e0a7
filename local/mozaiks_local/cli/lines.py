"""Lines from standard input, one when it is asked for, without holding up the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import sys
import threading
from collections.abc import Iterator

__all__ = ["LineSource", "terminal_kept"]


class LineSource:
    """Reads standard input in a thread of its own.

    The thread is a daemon: a process that leaves while its user thinks is not held back by the read.
    """

    def __init__(self, *, interactive: bool) -> None:
        self.interactive = interactive
        self._reading: asyncio.Future[str | None] | None = None
        self._purpose = ""
        if interactive:
            with contextlib.suppress(ImportError):
                import readline  # noqa: F401 - gives input() its line editing and history

    async def read(self, prompt: str, *, purpose: str = "", hidden: bool = False) -> str | None:
        """The next line without its end, or ``None`` at the end of the input.

        A read that was given up goes on; the next one for the same purpose gets its line. A line that was typed for
        another purpose is dropped: it may be a secret, and would be said to everybody.

        Parameters
        ----------
        hidden
            Show nothing of what is typed, in a terminal.
        """
        if self._reading is not None and self._purpose != purpose:
            line = await asyncio.shield(self._reading)
            self._reading = None
            if line is None:
                return None
        if self._reading is None:
            self._purpose = purpose
            self._reading = asyncio.get_running_loop().create_future()
            threading.Thread(target=self._read, args=(self._reading, prompt, hidden), daemon=True, name="stdin").start()
        line = await asyncio.shield(self._reading)
        self._reading = None
        return line

    def _read(self, reading: asyncio.Future[str | None], prompt: str, hidden: bool) -> None:
        line: str | None
        try:
            if self.interactive and hidden:
                line = getpass.getpass(prompt)
            elif self.interactive:
                line = input(prompt)
            else:
                text = sys.stdin.readline()
                line = text.rstrip("\r\n") if text else None
        except (EOFError, OSError, ValueError):  # Ctrl-D; a terminal that hung up; a closed stdin
            line = None
        loop = reading.get_loop()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(lambda: None if reading.done() else reading.set_result(line))


@contextlib.contextmanager
def terminal_kept() -> Iterator[None]:
    """Give the terminal back as it was found, also when a read is abandoned in the middle of a line."""
    if not sys.stdin.isatty():
        yield
        return
    import termios

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
