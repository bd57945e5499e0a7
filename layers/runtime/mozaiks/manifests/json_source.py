"""JSON text to a positioned tree.

``json.loads`` decides what is valid; the scan below then walks text known to be JSON and only adds the positions and
the check for duplicate keys that ``json`` lacks.
"""

from __future__ import annotations

import json
import json.decoder
import math
import re
from bisect import bisect_right
from collections.abc import Callable
from typing import NoReturn

from mozaiks.manifests.nodes import MAX_DEPTH, MAX_NODES, Entry, Node, Place, SourceError

__all__ = ["parse_json"]

_SPACE = re.compile(r"[ \t\n\r]*")
_LITERAL = re.compile(r"true|false|null|-?[0-9][0-9.eE+-]*")
_scan_string: Callable[[str, int], tuple[str, int]] = getattr(json.decoder, "scanstring")  # noqa: B009
_WORDS = {"true": True, "false": False, "null": None}


def parse_json(text: str, file: str) -> tuple[Node, list[SourceError]]:
    """The tree of ``text`` and its duplicate keys (the first of each is kept); empty text is an empty file, as in YAML.

    Raises
    ------
    SourceError
        Syntax errors with their position, and every limit of ``nodes``.
    """
    if not text.strip():
        return Node(None, Place(file, 1, 1)), []
    try:
        json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise SourceError("json_syntax", f"not valid JSON: {error.msg}", error.lineno, error.colno) from None
    except RecursionError:
        raise SourceError("too_deep", f"nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise SourceError("json_syntax", f"not valid JSON: {error}") from None
    scanner = _Scanner(text, file)
    return scanner.scan(), scanner.duplicates


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


class _Scanner:
    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.count = 0
        self.duplicates: list[SourceError] = []
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def scan(self) -> Node:
        node, _ = self.read(self.skip(0), 0)
        return node

    def place(self, at: int) -> Place:
        line = bisect_right(self.starts, at)
        return Place(self.file, line, at - self.starts[line - 1] + 1)

    def skip(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def failure(self, code: str, message: str, at: int) -> SourceError:
        place = self.place(at)
        return SourceError(code, message, place.line, place.column)

    def read(self, at: int, depth: int) -> tuple[Node, int]:
        self.count += 1
        if self.count > MAX_NODES:
            raise self.failure("too_large", f"more than {MAX_NODES} values", at)
        if depth > MAX_DEPTH:
            raise self.failure("too_deep", f"nested deeper than {MAX_DEPTH} levels", at)
        place = self.place(at)
        first = self.text[at]
        if first == '"':
            text, end = self.read_text(at)
            return Node(text, place, 1 if end - at - 2 == len(text) else None), end
        if first == "{":
            return self.read_map(at, place, depth)
        if first == "[":
            return self.read_list(at, place, depth)
        match = _LITERAL.match(self.text, at)
        if match is None:
            raise self.failure("json_syntax", "not valid JSON: expected a value", at)
        word = match.group()
        if word in _WORDS:
            return Node(_WORDS[word], place), match.end()
        number: int | float = float(word) if any(mark in word for mark in ".eE") else int(word)
        if isinstance(number, float) and not math.isfinite(number):
            raise self.failure("number", f"the number {word[:40]} is too large", at)
        return Node(number, place), match.end()

    def read_text(self, at: int) -> tuple[str, int]:
        text, end = _scan_string(self.text, at + 1)
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise self.failure("json_syntax", "half of a surrogate pair is no text", at)
        return text, end

    def read_map(self, at: int, place: Place, depth: int) -> tuple[Node, int]:
        entries: dict[str, Entry] = {}
        at = self.skip(at + 1)
        while self.text[at] != "}":
            key_place = self.place(at)
            key, at = self.read_text(at)
            if key in entries:
                message = f"the key {key!r} stands twice, first on line {entries[key].place.line}"
                self.duplicates.append(SourceError("duplicate_key", message, key_place.line, key_place.column))
            at = self.skip(self.skip(at) + 1)
            node, at = self.read(at, depth + 1)
            entries.setdefault(key, Entry(key, key_place, node))
            at = self.skip(at)
            if self.text[at] == ",":
                at = self.skip(at + 1)
        return Node(entries, place), at + 1

    def read_list(self, at: int, place: Place, depth: int) -> tuple[Node, int]:
        items: list[Node] = []
        at = self.skip(at + 1)
        while self.text[at] != "]":
            node, at = self.read(at, depth + 1)
            items.append(node)
            at = self.skip(at)
            if self.text[at] == ",":
                at = self.skip(at + 1)
        return Node(items, place), at + 1
