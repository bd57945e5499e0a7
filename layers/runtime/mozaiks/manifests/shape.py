"""One map of a manifest → one canonical model: aliases, unknown keys, spellings, and types said in people's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mozaiks.manifests.canonical.base import CanonicalModel
from mozaiks.manifests.nodes import Entry, Node, kind_of
from mozaiks.manifests.problems import ProblemLog, did_you_mean

__all__ = ["build", "list_of_maps", "named_entries", "normalise", "read_bool", "replace_child", "replace_text"]

ModelT = TypeVar("ModelT", bound=CanonicalModel)

_SPELLINGS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a map",
    "model_type": "a map",
    "mapping_type": "a map",
}


def read_bool(value: object) -> object:
    """A boolean for its usual spellings (yes, no, on, off, 1, 0, any case), else ``value`` itself."""
    if isinstance(value, str):
        return _SPELLINGS.get(value.strip().casefold(), value)
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    return value


@cache
def _canonical_keys(model: type[CanonicalModel]) -> dict[str, bool]:
    """Manifest key → whether it is a boolean field."""
    return {(field.alias or name): field.annotation is bool for name, field in model.model_fields.items()}


def normalise(node: Node, model: type[CanonicalModel], report: ProblemLog, what: str) -> Node:
    """``node`` with canonical keys only.

    Aliases are renamed, nulls dropped where they mean *absent*, booleans read from their spellings. Unknown keys and
    keys given twice under two names are reported and left out. A node that is no map is returned as it is.
    """
    if not isinstance(node.value, dict):
        return node
    known = _canonical_keys(model)
    result: dict[str, Entry] = {}
    for key, entry in node.value.items():
        name = model.dialects.get(key, key)
        if name not in known:
            hint = did_you_mean(key, [*known, *model.dialects])
            report.error("unknown_key", f"unknown key {key!r} in {what}{hint}", entry.place, key=key)
        elif name in result:
            first = result[name]
            report.error(
                "given_twice",
                f"{what} has both {first.key!r} (line {first.place.line}) and {key!r}, which mean the same",
                entry.place,
                key=key,
            )
        elif entry.node.value is not None or name in model.nullable:
            value = entry.node
            if known[name]:
                value = Node(read_bool(value.value), value.place)  # type: ignore[arg-type]
            result[name] = Entry(key, entry.place, value)
    return Node(result, node.place)


def build(model: type[ModelT], node: Node, report: ProblemLog, what: str) -> ModelT | None:
    """The canonical model of a normalised ``node``; every wrong field is reported.

    A wrong field that may be absent is read as absent, so that the rest of the workflow can still be checked; ``None``
    when what is left is not enough.
    """
    data = node.plain()
    if not isinstance(data, dict):
        report.error("wrong_type", f"{what} must be a map, found {kind_of(data)}", node.place)
        return None
    try:
        return model.model_validate(data)
    except ValidationError as errors:
        wrong: set[str] = set()
        for detail in errors.errors(include_url=False):
            _report(detail, node, report, what)
            if detail["loc"]:
                wrong.add(str(detail["loc"][0]))
    try:
        return model.model_validate({key: value for key, value in data.items() if key not in wrong})
    except ValidationError:
        return None


def _report(detail: ErrorDetails, node: Node, report: ProblemLog, what: str) -> None:
    path = [step for step in detail["loc"] if not (isinstance(step, str) and step == "[key]")]
    key = _spelled(node, path)
    place = node.place_of(*path)
    of = f"{key!r} of {what}" if key else what
    kind, found = detail["type"], kind_of(detail["input"])
    if kind == "missing":
        report.error("missing_key", f"{what} lacks {'.'.join(map(str, path))!r}", place, key=str(path[-1]))
    elif kind == "extra_forbidden":
        report.error("unknown_key", f"unknown key {key!r} in {what}", place, key=key)
    elif kind in _EXPECTED:
        report.error("wrong_type", f"{of} must be {_EXPECTED[kind]}, found {found}", place, key=key)
    elif kind == "literal_error":
        expected = str(detail["ctx"]["expected"])
        words = [word.strip("' ") for word in expected.replace(" or ", ", ").split(", ")]
        hint = did_you_mean(str(detail["input"]), words)
        expectation = f"; expected {expected}" if "did you mean" in hint else ""
        report.error("wrong_value", f"{of} cannot be {found}{hint}{expectation}", place, key=key)
    else:
        message = detail["msg"].removeprefix("Value error, ")
        report.error("wrong_value", f"{of}: {message[:1].lower()}{message[1:]}, found {found}", place, key=key)


def _spelled(node: Node, path: Iterable[str | int]) -> str | None:
    """The path as the author spelled it: ``fallback[1].model``."""
    spelled = ""
    at: Node | None = node
    for step in path:
        if isinstance(step, int):
            spelled += f"[{step}]"
        else:
            entry = at.entries().get(step) if at else None
            spelled += f"{'.' if spelled else ''}{entry.key if entry else step}"
        at = at.child(step) if at else None
    return spelled or None


def list_of_maps(node: Node | None, report: ProblemLog, what: str) -> list[Node]:
    """The items of a list node; anything else is reported. Absent and null are empty."""
    if node is None or node.value is None:
        return []
    if isinstance(node.value, list):
        return node.value
    report.error("wrong_type", f"{what} must be a list, found {kind_of(node.plain())}", node.place)
    return []


def named_entries(node: Node | None, report: ProblemLog, what: str, one: str) -> list[tuple[str, Node]]:
    """Name and definition of each entry of a map ``name → definition`` or of a list of definitions with ``name``.

    The ``name`` key is taken out of each definition. Missing, repeated and contradictory names are reported.
    """
    if node is None or node.value is None:
        return []
    found: dict[str, Node] = {}
    if isinstance(node.value, dict):
        for key, entry in node.value.items():
            definition = entry.node if entry.node.value is not None else Node({}, entry.place)
            inner = definition.child("name")
            if inner is not None and inner.value != key:
                report.error("wrong_value", f"{one} {key!r} is named {inner.value!r} inside", inner.place, key="name")
            found[key] = _without_name(definition)
    elif isinstance(node.value, list):
        for item in node.value:
            name = item.child("name")
            if not isinstance(item.value, dict):
                report.error(
                    "wrong_type", f"each {one} of the list must be a map, found {kind_of(item.plain())}", item.place
                )
            elif name is None or not isinstance(name.value, str) or not name.value:
                place = name.place if name else item.place
                expected = f"; expected text, found {kind_of(name.plain())}" if name else ""
                report.error("missing_key", f"a {one} of the list lacks 'name'{expected}", place, key="name")
            elif name.value in found:
                first = found[name.value].place
                report.error(
                    "given_twice",
                    f"{one} {name.value!r} stands twice, first on line {first.line}",
                    name.place,
                    key="name",
                )
            else:
                found[name.value] = _without_name(item)
    else:
        report.error("wrong_type", f"{what} must be a map or a list, found {kind_of(node.plain())}", node.place)
    return list(found.items())


def _without_name(node: Node) -> Node:
    if not isinstance(node.value, dict):
        return node
    return Node({key: entry for key, entry in node.value.items() if key != "name"}, node.place)


def replace_text(node: Node, key: str, meanings: Mapping[str, str]) -> None:
    """Replace the text under ``key`` by its canonical spelling.

    ``meanings`` is keyed by the folded form: lower case, without ``_``, ``-`` and blanks.
    """
    entry = node.entries().get(key)
    if entry is not None and isinstance(entry.node.value, str):
        folded = re.sub(r"[\s_-]", "", entry.node.value).casefold()
        entry.node = Node(meanings.get(folded, entry.node.value), entry.node.place)


def replace_child(node: Node, key: str, value: Node) -> None:
    """Put ``value`` under ``key``, which must exist."""
    node.entries()[key].node = value
