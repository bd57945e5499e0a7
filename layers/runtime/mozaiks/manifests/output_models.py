"""Declared models → JSON Schemas (2020-12), nested models as ``$defs``."""

from __future__ import annotations

import re
from typing import Any

from mozaiks.manifests.canonical.outputs import ModelEntry, ModelField
from mozaiks.manifests.nodes import Entry, Node, Place
from mozaiks.manifests.problems import did_you_mean
from mozaiks.manifests.reading import Reading
from mozaiks.manifests.shape import build, named_entries, normalise, replace_child

__all__ = ["ModelSchemas"]

_SCALARS: dict[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "string": {"type": "string"},
    "int": {"type": "integer"},
    "integer": {"type": "integer"},
    "float": {"type": "number"},
    "number": {"type": "number"},
    "bool": {"type": "boolean"},
    "boolean": {"type": "boolean"},
    "null": {"type": "null"},
    "none": {"type": "null"},
    "any": {},
}
_GENERICS = {
    "list": "list",
    "array": "list",
    "dict": "dict",
    "map": "dict",
    "object": "dict",
    "optional": "optional",
    "union": "union",
}
_CHOICES = ("enum", "literal")
_KNOWN = ("str", "int", "float", "bool", "list", "dict", "enum", "literal", "optional", "union", "any")
_WORD = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*|[\[\],|?])")
_MAX_NESTING = 16
_REF = "#/$defs/"


class ModelSchemas:
    """The JSON Schemas of the declared models; everything wrong in them is reported on construction.

    Parameters
    ----------
    definitions
        Name and definition of each model, from the manifest.
    reading
        Where problems go.
    """

    def __init__(self, definitions: list[tuple[str, Node]], reading: Reading) -> None:
        self._reading = reading
        self._names = {name for name, _ in definitions}
        self._bodies = {name: self._body(name, node) for name, node in definitions}

    def schema(self, name: str, place: Place, key: str, what: str) -> dict[str, Any] | None:
        """The schema of the model ``name`` with the models it uses; reported when there is none."""
        if name not in self._bodies:
            self._reading.unknown("model", name, self._names, place, key, what)
            return None
        return self._closed(self._bodies[name])

    def inline(self, name: str, node: Node) -> dict[str, Any]:
        """The schema of a model that is defined where it is used."""
        return self._closed(self._body(name, node))

    def _closed(self, body: dict[str, Any]) -> dict[str, Any]:
        used: dict[str, dict[str, Any]] = {}
        pending = _references(body)
        while pending:
            name = pending.pop()
            if name in self._bodies and name not in used:
                used[name] = self._bodies[name]
                pending += _references(used[name])
        return {**body, "$defs": dict(sorted(used.items()))} if used else dict(body)

    def _body(self, name: str, raw: Node) -> dict[str, Any]:
        what, report = f"model {name!r}", self._reading.report
        node = normalise(raw, ModelEntry, report, what)
        fields = named_entries(node.child("fields"), report, f"fields of {what}", "field")
        if "fields" in node.entries():
            replace_child(node, "fields", Node({}, node.place_of("fields")))
        entry = build(ModelEntry, node, report, what)
        properties: dict[str, Any] = {}
        required: list[str] = []
        for field, definition in fields:
            schema, needed = self._field(definition, f"field {field!r} of {what}")
            properties[field] = schema
            if needed:
                required.append(field)
        body: dict[str, Any] = {"title": name, "type": "object", "properties": properties}
        if entry is not None and entry.description:
            body["description"] = entry.description
        return {**body, "required": required, "additionalProperties": False}

    def _field(self, raw: Node, what: str) -> tuple[dict[str, Any], bool]:
        """The field's schema and whether it must be given."""
        schema, entry = self._type(raw, what, 0)
        if entry is None:
            return schema, True
        optional = _head(entry.type) == "optional" or entry.type.strip().endswith("?")
        extra: dict[str, Any] = {}
        if entry.description:
            extra["description"] = entry.description
        has_default = isinstance(raw.value, dict) and "default" in raw.value
        if has_default:
            extra["default"] = entry.default
        needed = entry.required and not optional and not has_default
        return ({**schema, **extra} if extra else schema), needed

    def _type(self, raw: Node, what: str, depth: int) -> tuple[dict[str, Any], ModelField | None]:
        """The schema of a type: a name, a type expression, or a map with ``type``."""
        report = self._reading.report
        if depth > _MAX_NESTING:
            report.error("too_deep", f"{what}: types nested deeper than {_MAX_NESTING} levels", raw.place)
            return {}, None
        if isinstance(raw.value, str):
            raw = Node({"type": Entry("type", raw.place, raw)}, raw.place)
        node = normalise(raw, ModelField, report, what)
        entry = build(ModelField, node, report, what)
        if entry is None:
            return {}, None
        head = _head(entry.type)
        if head in _CHOICES:
            return self._choice(entry, node, what), entry
        kind = _GENERICS.get(head or "")
        self._refuse_foreign(kind, node, what)
        if kind is None or head != entry.type.strip().casefold():
            return _TypeText(entry.type, node.place_of("type"), what, self._names, self._reading).parse(), entry
        if kind == "union":
            variants = [self._type(item, what, depth + 1)[0] for item in (node.child("variants") or node).items()]
            if not variants:
                report.error("missing_key", f"{what} is a union and lacks 'variants'", node.place, key="variants")
            return {"anyOf": variants}, entry
        inner = node.child("items")
        if inner is None:
            if kind == "optional":
                report.error(
                    "missing_key",
                    f"{what} is optional and lacks 'items', the type it may have",
                    node.place,
                    key="items",
                )
            return _generic(kind, None), entry
        return _generic(kind, self._type(inner, what, depth + 1)[0]), entry

    def _choice(self, entry: ModelField, node: Node, what: str) -> dict[str, Any]:
        if not entry.values:
            self._reading.report.error(
                "missing_key", f"{what} is {entry.type} and lacks 'values'", node.place, key="values"
            )
        return {"enum": list(entry.values or [])}

    def _refuse_foreign(self, kind: str | None, node: Node, what: str) -> None:
        allowed = {"union": {"variants"}, None: set[str]()}.get(kind, {"items"})
        for key in ("items", "values", "variants"):
            if key in node.entries() and key not in allowed:
                place = node.place_of(key)
                self._reading.report.error("contradiction", f"{what}: its type takes no {key!r}", place, key=key)


def _head(text: str) -> str | None:
    match = re.match(r"\s*([A-Za-z_][A-Za-z0-9_]*)", text)
    return match.group(1).casefold() if match else None


def _generic(kind: str, inner: dict[str, Any] | None) -> dict[str, Any]:
    if kind == "list":
        return {"type": "array", "items": inner} if inner else {"type": "array"}
    if kind == "dict":
        return {"type": "object", "additionalProperties": inner} if inner else {"type": "object"}
    return {"anyOf": [inner or {}, {"type": "null"}]}


def _references(schema: Any) -> list[str]:
    if isinstance(schema, dict):
        found = [schema["$ref"].removeprefix(_REF)] if isinstance(schema.get("$ref"), str) else []
        return found + [name for value in schema.values() for name in _references(value)]
    if isinstance(schema, list):
        return [name for value in schema for name in _references(value)]
    return []


class _TypeText:
    """A type written as text: ``list[str]``, ``optional[Item]``, ``str | int``, ``Item?``."""

    def __init__(self, text: str, place: Place, what: str, models: set[str], reading: Reading) -> None:
        self.text = text
        self.place = place
        self.what = what
        self.models = models
        self.reading = reading
        self.tokens = _WORD.findall(text)
        self.at = 0

    def parse(self) -> dict[str, Any]:
        whole = "".join(self.tokens) == re.sub(r"\s", "", self.text)
        try:
            if not whole or not self.tokens:
                raise ValueError(f"{self.what}: {self.text!r} is no type")
            schema = self.union(0)
            if self.at < len(self.tokens):
                raise ValueError(f"{self.what}: {self.text!r} is no type: unexpected {self.tokens[self.at]!r}")
        except ValueError as error:
            self.reading.report.error("wrong_type_name", str(error), self.place, key="type")
            return {}
        return schema

    def take(self, sign: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == sign:
            self.at += 1
            return True
        return False

    def union(self, depth: int) -> dict[str, Any]:
        if depth > _MAX_NESTING:
            raise ValueError(f"{self.what}: types nested deeper than {_MAX_NESTING} levels")
        variants = [self.single(depth)]
        while self.take("|"):
            variants.append(self.single(depth))
        return variants[0] if len(variants) == 1 else {"anyOf": variants}

    def single(self, depth: int) -> dict[str, Any]:
        if self.at >= len(self.tokens):
            raise ValueError(f"{self.what}: {self.text!r} is no type: it ends too early")
        name = self.tokens[self.at]
        self.at += 1
        arguments: list[dict[str, Any]] = []
        if self.take("["):
            arguments.append(self.union(depth + 1))
            while self.take(","):
                arguments.append(self.union(depth + 1))
            if not self.take("]"):
                raise ValueError(f"{self.what}: {self.text!r} is no type: ']' is missing")
        schema = self.named(name, arguments)
        return {"anyOf": [schema, {"type": "null"}]} if self.take("?") else schema

    def named(self, name: str, arguments: list[dict[str, Any]]) -> dict[str, Any]:
        if name in self.models and not arguments:
            return {"$ref": f"{_REF}{name}"}
        kind = _GENERICS.get(name.casefold())
        if kind == "union" and arguments:
            return {"anyOf": arguments}
        if kind == "dict" and len(arguments) == 2:
            return _generic(kind, arguments[1])
        if kind is not None and kind != "union" and len(arguments) <= 1:
            if kind == "optional" and not arguments:
                raise ValueError(f"{self.what}: optional is written optional[type]")
            return _generic(kind, arguments[0] if arguments else None)
        if name.casefold() in _SCALARS and not arguments:
            return dict(_SCALARS[name.casefold()])
        raise ValueError(f"{self.what}: unknown type {name!r}{did_you_mean(name, [*self.models, *_KNOWN])}")
