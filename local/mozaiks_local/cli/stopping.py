"""Ctrl-C, ``kill`` and a closed terminal mean the same: stop everything, quietly, and leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Final

__all__ = ["end_children", "stop_on_signals", "stop_requested"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def stop_on_signals() -> Iterator[None]:
    """Outside of an event loop: every stop signal raises ``KeyboardInterrupt``, so ``finally`` blocks run."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def stop_requested() -> Iterator[asyncio.Event]:
    """Inside of an event loop: an event that is set by the first stop signal. Further ones change nothing."""
    loop = asyncio.get_running_loop()
    requested = asyncio.Event()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        loop.add_signal_handler(number, requested.set)
    try:
        yield requested
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)  # leaves the system's default, which would end us in mid-cleanup
            signal.signal(number, handler)


def end_children() -> list[str]:
    """Kill what this process started and did not end; returns the names, for a warning. Usually nothing."""
    import psutil  # type: ignore[import-untyped]

    left = psutil.Process().children(recursive=True)
    names = []
    for child in left:
        with contextlib.suppress(psutil.Error):
            names.append(child.name())
            child.kill()
    psutil.wait_procs(left, timeout=2)
    return names
