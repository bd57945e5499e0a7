"""Manifest text as a tree that remembers where everything stood, whatever the syntax."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

__all__ = ["MAX_DEPTH", "MAX_FILE_BYTES", "MAX_NODES", "Entry", "Node", "NodeValue", "Place", "SourceError", "kind_of"]

MAX_FILE_BYTES = 1_000_000
"""A manifest file larger than this is refused before it is parsed."""
MAX_NODES = 50_000
"""Nodes of one file once its YAML aliases are expanded: what stops an alias bomb."""
MAX_DEPTH = 64
"""Levels of nesting in one file."""


class Place(NamedTuple):
    """A position in a file; ``line`` and ``column`` are 1-based."""

    file: str
    line: int | None = None
    column: int | None = None


@dataclass(slots=True)
class Entry:
    """One key of a map: as spelled, where, and its value."""

    key: str
    place: Place
    node: Node


Scalar: TypeAlias = str | int | float | bool | None
NodeValue: TypeAlias = "dict[str, Entry] | list[Node] | Scalar"


@dataclass(slots=True)
class Node:
    """A map, a list or a scalar, and where it begins."""

    value: NodeValue
    place: Place
    text_offset: int | None = None
    """Columns from ``place`` to the first character of a text that stands in the source as it is, on one line."""

    def plain(self) -> Any:
        """The tree as plain dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: entry.node.plain() for key, entry in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def entries(self) -> dict[str, Entry]:
        """The map's entries; empty when the node is no map."""
        return self.value if isinstance(self.value, dict) else {}

    def items(self) -> list[Node]:
        """The list's nodes; empty when the node is no list."""
        return self.value if isinstance(self.value, list) else []

    def child(self, *path: str | int) -> Node | None:
        """The node at ``path``, or ``None``."""
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            if isinstance(step, str):
                entry = node.entries().get(step)
                node = entry.node if entry else None
            else:
                items = node.items()
                node = items[step] if 0 <= step < len(items) else None
        return node

    def place_of(self, *path: str | int) -> Place:
        """Where ``path`` stands, or the nearest parent that exists."""
        place, node = self.place, self
        for step in path:
            following = node.child(step)
            if following is None:
                break
            node, place = following, following.place
        return place

    def copy(self) -> Node:
        """A tree that shares no map or list with this one."""
        if isinstance(self.value, dict):
            return Node({k: Entry(e.key, e.place, e.node.copy()) for k, e in self.value.items()}, self.place)
        if isinstance(self.value, list):
            return Node([node.copy() for node in self.value], self.place)
        return Node(self.value, self.place, self.text_offset)

    def walk(self) -> Iterator[Node]:
        """The node itself and every node under it."""
        yield self
        for entry in self.entries().values():
            yield from entry.node.walk()
        for node in self.items():
            yield from node.walk()


class SourceError(Exception):
    """Text that is not valid JSON or YAML, or is too large."""

    def __init__(self, code: str, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line
        self.column = column


def kind_of(value: object) -> str:
    """What a value is called in messages to people."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"{'true' if value else 'false'}"
    if isinstance(value, str):
        return f"the text {value[:40]!r}" if value else "an empty text"
    if isinstance(value, (int, float)):
        return f"the number {str(value)[:40]}"
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, (list, tuple)):
        return "a list"
    return type(value).__name__
