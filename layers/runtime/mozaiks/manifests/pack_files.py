"""Where the pack of all workflows lies. Imports next to nothing: most packs are none, and finding that out is cheap."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["pack_files", "without_pack"]

_NAMES: Final = tuple(f"workflow_graph.{suffix}" for suffix in ("yaml", "yml", "json"))


def pack_files(root: Path) -> list[Path]:
    """The pack files there are under ``root``; one at most, where all is well. ``OSError`` if that cannot be seen."""
    return [root / "_pack" / name for name in _NAMES if (root / "_pack" / name).is_file()]


def without_pack(root: Path) -> bool:
    """Whether it is certain that there is no pack: the folder is there, and holds none."""
    try:
        return root.is_dir() and not pack_files(root)
    except OSError:
        return False
