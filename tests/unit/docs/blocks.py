"""The code blocks of the documentation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

__all__ = ["README", "ROOT", "Block", "blocks", "pages", "workflow_files"]

ROOT = Path(__file__).parents[3]
README = ROOT / "README.md"

_FENCE = re.compile(r"^```(?P<language>\S*)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r"# workflows/(?P<path>\S+)\n")


@dataclass(frozen=True)
class Block:
    """A fenced block. ``file`` is the path below ``workflows/`` that its first line names, if it names one."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def file(self) -> str | None:
        titled = _TITLE.match(self.text)
        return titled["path"] if titled else None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """The README and ``docs/``, but for the page of the manifests: it is laid out, and tested, in a way of its own."""
    return [README, *sorted(page for page in (ROOT / "docs").rglob("*.md") if page.name != "manifests.md")]


@lru_cache
def _all() -> tuple[Block, ...]:
    found = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        for match in _FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(Block(page, line, match["language"], match["text"]))
    return tuple(found)


def blocks(*languages: str) -> list[Block]:
    """Every block in one of these languages; all when none is named."""
    return [block for block in _all() if not languages or block.language in languages]


def workflow_files(page: Path) -> dict[str, str]:
    """The files of workflows a page writes out, by their path below ``workflows/``."""
    return {block.file: block.text for block in _all() if block.page == page and block.file is not None}
