"""The demo model on an event loop of its own, for tests that are not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .server import DemoModel

__all__ = ["run_in_thread"]


@contextmanager
def run_in_thread(
    workflows_path: Path, host: str = "127.0.0.1", port: int = 0, *, token_delay_ms: float | None = 0
) -> Iterator[DemoModel]:
    """A started :class:`DemoModel` for the time of a ``with`` block; without pauses unless asked for.

    Raises
    ------
    OSError
        The port is taken.
    """
    model = DemoModel(workflows_path, host, port, token_delay_ms=token_delay_ms)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="demo-model", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(model.start(), loop).result(10)
        try:
            yield model
        finally:
            asyncio.run_coroutine_threadsafe(model.stop(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
