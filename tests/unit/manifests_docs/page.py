"""The examples of a page of the documentation, as folders."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["PAGE", "ROOT", "Example", "examples", "tables"]

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/manifests.md"

_BLOCK = re.compile(r"^```(?P<info>[a-z][^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} (?P<title>.+)$", re.MULTILINE)
_NAMED = re.compile(r"^(?:# |<!-- )(?P<file>[\w/.]+\.\w+)(?: -->)?$")


@dataclass
class Example:
    """What stands under one heading: path → text, and the blocks nobody could load."""

    title: str
    files: dict[str, str] = field(default_factory=dict)
    unnamed: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether it is a workflow of its own: it brings agents."""
        return any(re.search(r"^(?:agents|.*\"agents\"):", text, re.MULTILINE) for text in self._top())

    def _top(self) -> list[str]:
        kept = ("agents", "workflow", "orchestrator")
        return [text for name, text in self.files.items() if name.split(".")[0] in kept]


def examples(page: str) -> list[Example]:
    """The examples of ``page``, one for each heading that has blocks, in order."""
    headings = list(_HEADING.finditer(_without_blocks(page)))
    found: list[Example] = []
    for index, heading in enumerate(headings):
        end = headings[index + 1].start() if index + 1 < len(headings) else len(page)
        example = Example(heading["title"])
        for block in _BLOCK.finditer(page, heading.end(), end):
            name = _name(block["info"], block["text"])
            if name is None:
                example.unnamed.append(block["text"])
            else:
                assert name not in example.files, f"{name} stands twice under {heading['title']!r}"
                example.files[name] = block["text"]
        if example.files or example.unnamed:
            found.append(example)
    return found


def tables(page: str, first_column: str) -> list[list[str]]:
    """The rows of the table whose first heading is ``first_column``, cells without blanks and backticks."""
    begin = page.index(f"| {first_column} |")
    rows = page[begin:].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


def _name(info: str, text: str) -> str | None:
    _, _, given = info.partition(" ")
    if given:
        return given
    for line in text.splitlines()[:2]:
        named = _NAMED.match(line)
        if named:
            return named["file"]
    return None


def _without_blocks(page: str) -> str:
    """``page`` with the text of its blocks blanked, so that their comments are no headings."""
    return re.sub(r"^```.*?^```$", lambda block: " " * len(block[0]), page, flags=re.MULTILINE | re.DOTALL)
