"""Where the pack of all workflows lies. Imports next to nothing: most packs are none, and finding that out is cheap."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

__all__ = ["pack_files", "without_pack"]

_NAMES: Final = tuple(f"workflow_graph.{suffix}" for suffix in ("yaml", "yml", "json"))


def pack_files(root: Path) -> list[Path]:
    """The pack files there are under ``root``; one at most, where all is well.

    Raises
    ------
    OSError
        If that cannot be seen. What bears the name and is no file is listed: it is for its reader to fail on it, not
        to be taken for no pack.
    """
    folder = root / "_pack"
    if not os.path.lexists(folder):
        return []
    present = {path.name for path in folder.iterdir()}
    return [folder / name for name in _NAMES if name in present]


def without_pack(root: Path) -> bool:
    """Whether it is certain that there is no pack: the folder is there, and holds none."""
    try:
        return root.is_dir() and not pack_files(root)
    except OSError:
        return False
