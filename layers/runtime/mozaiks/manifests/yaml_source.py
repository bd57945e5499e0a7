"""YAML text to a positioned tree, from the event stream of PyYAML's safe loader.

Events, not objects: nothing is ever constructed from a tag, aliases are expanded under a limit, and nesting uses our
own stack. Plain scalars follow the YAML 1.2 core schema, not YAML 1.1: only ``true`` and ``false`` are booleans (so an
answer ``NO`` or a key ``on`` stays text, and fields that are booleans accept the usual spellings themselves), and
dates, ``1_000``, ``012`` and ``1:30`` stay what they look like: text or decimal numbers. That is what makes a workflow
mean the same in YAML and in JSON.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

from mozaiks.manifests.nodes import MAX_DEPTH, MAX_NODES, Entry, Node, Place, SourceError

__all__ = ["parse_yaml", "reads_as_text"]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TAG = "tag:yaml.org,2002:"
_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+\Z")
_PREFIXED = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_MAX_DIGITS = 300


def parse_yaml(text: str, file: str) -> tuple[Node, list[SourceError]]:
    """The tree of ``text`` and its duplicate keys (the first of each is kept).

    Raises
    ------
    SourceError
        Syntax errors, unknown tags, more than one document, and every limit of ``nodes``.
    """
    try:
        composer = _Composer(file)
        return composer.compose(text), composer.duplicates
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(part for part in (error.problem, error.context) if part)
        raise SourceError(
            "yaml_syntax",
            f"not valid YAML: {message}",
            mark.line + 1 if mark else None,
            mark.column + 1 if mark else None,
        ) from None
    except yaml.YAMLError as error:
        raise SourceError("yaml_syntax", f"not valid YAML: {str(error).splitlines()[0]}") from None


class _Open:
    """A map or list whose end has not been seen."""

    __slots__ = ("anchor", "key", "merges", "node")

    def __init__(self, node: Node, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.key: tuple[str, Place, bool] | None = None
        self.merges: list[Node] = []


class _Composer:
    def __init__(self, file: str) -> None:
        self.file = file
        self.count = 0
        self.duplicates: list[SourceError] = []
        self.anchors: dict[str, Node] = {}
        self.stack: list[_Open] = []
        self.root: Node | None = None

    def compose(self, text: str) -> Node:
        documents = 0
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.ScalarEvent):
                self.scalar(event)
            elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                self.open(event)
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                self.close()
            elif isinstance(event, yaml.AliasEvent):
                self.alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self.failure(
                        "yaml_documents", "a manifest holds one YAML document, here a second begins", event
                    )
        return self.root if self.root is not None else Node(None, Place(self.file, 1, 1))

    def place(self, event: Any) -> Place:
        return Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def failure(self, code: str, message: str, event: Any) -> SourceError:
        place = self.place(event)
        return SourceError(code, message, place.line, place.column)

    def spend(self, nodes: int, event: Any) -> None:
        self.count += nodes
        if self.count > MAX_NODES:
            raise self.failure("too_large", f"more than {MAX_NODES} values once aliases are expanded", event)

    def scalar(self, event: Any) -> None:
        self.spend(1, event)
        top = self.stack[-1] if self.stack else None
        plain = not event.style and event.implicit[0]
        if top is not None and isinstance(top.node.value, dict) and top.key is None:
            top.key = (event.value, self.place(event), plain)
            if event.anchor:
                self.anchors[event.anchor] = Node(event.value, self.place(event))
            return
        node = Node(self.resolve(event, plain), self.place(event), _text_offset(event))
        if event.anchor:
            self.anchors[event.anchor] = node
        self.add(node, event)

    def open(self, event: Any) -> None:
        self.spend(1, event)
        is_map = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", f"{_TAG}map" if is_map else f"{_TAG}seq"):
            raise self.failure("yaml_tag", f"the tag {event.tag!r} is not supported", event)
        if len(self.stack) >= MAX_DEPTH:
            raise self.failure("too_deep", f"nested deeper than {MAX_DEPTH} levels", event)
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.node.value, dict) and top.key is None:
            raise self.failure("yaml_key", "a key must be text, found a map or a list", event)
        node = Node({} if is_map else [], self.place(event))
        self.stack.append(_Open(node, event.anchor))

    def close(self) -> None:
        done = self.stack.pop()
        if isinstance(done.node.value, dict):
            for merged in done.merges:
                for key, entry in merged.entries().items():
                    done.node.value.setdefault(key, entry)
        if done.anchor:
            self.anchors[done.anchor] = done.node
        self.add(done.node, None)

    def alias(self, event: Any) -> None:
        target = self.anchors.get(event.anchor)
        if target is None:
            inside = any(frame.anchor == event.anchor for frame in self.stack)
            reason = "stands inside itself" if inside else "is not defined above"
            raise self.failure("yaml_alias", f"the alias *{event.anchor} {reason}", event)
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.node.value, dict) and top.key is None:
            if isinstance(target.value, (dict, list)):
                raise self.failure("yaml_key", "a key must be text, found a map or a list", event)
            self.spend(1, event)
            top.key = (str(target.value), self.place(event), False)
            return
        self.spend(sum(1 for _ in target.walk()), event)
        self.add(target.copy(), event)

    def add(self, node: Node, event: Any) -> None:
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if isinstance(top.node.value, list):
            top.node.value.append(node)
            return
        if isinstance(top.node.value, dict) and top.key is not None:
            key, place, plain = top.key
            top.key = None
            if key == "<<" and plain:
                self.merge(top, node)
                return
            first = top.node.value.get(key)
            if first is not None:
                message = f"the key {key!r} stands twice, first on line {first.place.line}"
                self.duplicates.append(SourceError("duplicate_key", message, place.line, place.column))
                return
            top.node.value[key] = Entry(key, place, node)

    def merge(self, top: _Open, node: Node) -> None:
        sources = node.items() if isinstance(node.value, list) else [node]
        for source in sources:
            if not isinstance(source.value, dict):
                raise SourceError(
                    "yaml_merge", "'<<' merges maps, found something else", source.place.line, source.place.column
                )
            top.merges.append(source)

    def resolve(self, event: Any, plain: bool) -> str | int | float | bool | None:
        text: str = event.value
        tag = event.tag
        if tag == f"{_TAG}str" or (tag in (None, "!") and not plain):
            return text
        value = _core(text)
        wanted: dict[str, type | tuple[type, ...]] = {
            f"{_TAG}int": int,
            f"{_TAG}float": (int, float),
            f"{_TAG}bool": bool,
            f"{_TAG}null": type(None),
        }
        if tag in (None, "!"):
            if isinstance(value, float) and not math.isfinite(value):
                raise self.failure("number", f"the number {text[:40]} is too large", event)
            return value
        if tag not in wanted:
            raise self.failure("yaml_tag", f"the tag {tag!r} is not supported", event)
        if isinstance(value, wanted[tag]):
            return value
        raise self.failure("yaml_tag", f"{text[:40]!r} is no {tag.removeprefix(_TAG)}", event)


def reads_as_text(text: str) -> bool:
    """Whether ``text``, written without quotes, would still be text."""
    return isinstance(_core(text), str)


def _text_offset(event: Any) -> int | None:
    """Columns to the first character of a text whose source is the text itself, on one line."""
    if event.start_mark.line != event.end_mark.line or event.style in ("|", ">"):
        return None
    quotes = 2 if event.style else 0
    width = event.end_mark.column - event.start_mark.column - quotes
    return quotes // 2 if width == len(event.value) else None


def _core(text: str) -> str | int | float | bool | None:
    """A plain scalar under the YAML 1.2 core schema (without ``.inf`` and ``.nan``, which JSON has no word for)."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if len(text) <= _MAX_DIGITS:
        if _INT.match(text):
            return int(text)
        if _PREFIXED.match(text):
            return int(text, 0)
        if _FLOAT.match(text):
            return float(text)
    return text
