"""How large a layer is, and what of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["BUDGET_BYTES", "size_of", "size_report"]

BUDGET_BYTES: Final = 60_000_000
"""What the runtime layer may have unpacked. Lambda allows 250 MB for a function with all its layers."""

_SHOWN: Final = 8


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())


def size_report(name: str, folder: Path) -> str:
    """The layer's size and its largest parts, as lines."""
    within = folder / "python" if (folder / "python").is_dir() else folder
    parts = sorted(((size_of(path), path.name) for path in within.iterdir()), reverse=True)
    lines = [f"{name}: {size_of(folder) / 1e6:.1f} MB unpacked"]
    lines += [f"  {size / 1e6:6.1f} MB  {part}" for size, part in parts[:_SHOWN]]
    if len(parts) > _SHOWN:
        lines.append(f"  {sum(size for size, _ in parts[_SHOWN:]) / 1e6:6.1f} MB  {len(parts) - _SHOWN} others")
    return "\n".join(lines)
