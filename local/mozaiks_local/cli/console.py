"""Where the command writes, and how it ends with one clear sentence."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

__all__ = ["Failure", "complain", "end_with", "errors", "out", "printable", "warn"]


class Failure(Exception):
    """The command cannot go on; ``str()`` is the one sentence its user reads."""


@lru_cache(maxsize=1)
def out() -> Console:
    """Standard output; plain where it is no terminal."""
    return Console(highlight=False, soft_wrap=True)


@lru_cache(maxsize=1)
def errors() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def complain(message: str) -> None:
    """Say what went wrong."""
    errors().print(f"[bold red]✗[/] {escape(printable(message))}")


def warn(message: str) -> None:
    """Say what is worth knowing and stops nothing."""
    errors().print(f"[yellow]![/] {escape(printable(message))}")


def end_with(failure: Exception) -> NoReturn:
    """End the command with ``failure``'s sentence and exit code 1."""
    complain(str(failure))
    raise typer.Exit(1) from failure


_KEPT: Final = "\n\t"


def printable(text: str) -> str:
    """``text`` without control characters: what a model or a tool said must not steer the terminal."""
    if text.isprintable():
        return text
    return "".join(char for char in text if char in _KEPT or unicodedata.category(char) != "Cc")
