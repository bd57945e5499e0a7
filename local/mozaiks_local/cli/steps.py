"""Progress of a start: a spinner while a step takes its time, one line when it is done."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.text import Text

__all__ = ["Step", "Steps"]


class Step:
    """A step under way; ``result`` is what its line says when it is done."""

    def __init__(self, doing: str, tell: Callable[[str], None]) -> None:
        self.result = ""
        self._doing, self._tell = doing, tell

    def say(self, doing: str) -> None:
        """Show what is being done now. Saying the same again shows nothing."""
        if doing != self._doing:
            self._doing = doing
            self._tell(doing)


class Steps:
    """Prints steps. ``results`` keeps what each said, by name and in order."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.results: dict[str, str] = {}

    @contextlib.contextmanager
    def step(self, name: str, doing: str) -> Iterator[Step]:
        """Show ``doing`` while the body runs, then ``name`` with the step's result and how long it took."""
        began = time.monotonic()

        def tell(doing: str) -> None:
            if self._console.is_terminal:
                status.update(Text(f"{doing} …"))
            else:
                self._console.print(Text(f"{doing} …", style="dim"))

        if not self._console.is_terminal:
            self._console.print(Text(f"{doing} …", style="dim"))
        step = Step(doing, tell)
        with self._console.status(Text(f"{doing} …"), spinner="dots") as status:
            yield step
        seconds = time.monotonic() - began
        self.results[name] = step.result
        line = Text.assemble(("✓ ", "green"), f"{name:<10}", (step.result, "dim"), (f"  {seconds:.1f} s", "dim"))
        self._console.print(line)
