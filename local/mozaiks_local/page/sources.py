"""What the page is made of, and one hash for all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["component_files", "digest_of", "page_sources", "stamp_of"]

_NOT_SOURCES: Final = frozenset({"node_modules", "dist", "coverage", "tests", "test"})
_FORMAT: Final = b"1"


def page_sources(chatui: Path, workflows: Path) -> list[Path]:
    """The files the page is built from: the client, the app, and what the workflows bring in ``<Name>/ui/``."""
    own = (path for part in ("client", "app") for path in _files(chatui / part))
    packages = (path for path in sorted(chatui.glob("*.json")) if path.is_file())
    return [*packages, *own, *component_files(workflows)]


def component_files(workflows: Path) -> Iterator[Path]:
    """Every file below ``<Name>/ui/``; folders that are no workflows are left out."""
    if not workflows.is_dir():
        return
    for folder in sorted(workflows.iterdir()):
        if folder.is_dir() and folder.name[0] not in "._":
            yield from _files(folder / "ui")


def stamp_of(chatui: Path, workflows: Path) -> str:
    """A hash of the names and contents of all sources: the same sources, the same page."""
    digest = hashlib.sha256(_FORMAT)
    for path in page_sources(chatui, workflows):
        root = chatui if path.is_relative_to(chatui) else workflows
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    digest.update(str(workflows).encode())  # a component is named by its place below this folder
    return digest.hexdigest()[:24]


def digest_of(path: Path) -> str:
    """The hash of one file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in _NOT_SOURCES:
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path
