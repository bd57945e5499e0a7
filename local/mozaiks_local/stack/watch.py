"""Reloads workers when what they run has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch

from .definitions import StackTemplate

__all__ = ["watch"]


class _SourceFilter(DefaultFilter):
    """Sources only: no bytecode, no editor's temporary files, no test caches."""

    ignore_dirs = (*DefaultFilter.ignore_dirs, ".mozaiks", ".ruff_cache")

    def __call__(self, change: Change, path: str) -> bool:
        return super().__call__(change, path) and not path.endswith((".pyc", ".log"))


async def watch(
    template: StackTemplate, extra: Iterable[Path], changed: Callable[[set[str], list[Path]], None]
) -> None:
    """Call ``changed`` with the functions that run a changed file, and the files, until cancelled.

    A file under none of the functions' own folders (``extra``: workflows from elsewhere) concerns every function;
    so does the template itself.
    """
    owners = {
        function.id: (function.code, *function.layers) for function in template.functions.values()
    }  # fmt: skip
    roots = {path.resolve() for path in (*template.watched, *extra, template.path) if path.exists()}
    async for changes in awatch(*roots, watch_filter=_SourceFilter(), debounce=300, step=50):
        files = sorted({Path(name) for _, name in changes})
        concerned: set[str] = set()
        for file in files:
            found = {name for name, folders in owners.items() if any(file.is_relative_to(f) for f in folders)}
            concerned |= found or set(owners)
        changed(concerned, files)
