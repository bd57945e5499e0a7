"""``parameters`` of a tool: a JSON Schema of an object, or the shorter map name → schema."""

from __future__ import annotations

from typing import Any

from mozaiks.manifests.functions import Signature
from mozaiks.manifests.nodes import Entry, Node
from mozaiks.manifests.problems import did_you_mean
from mozaiks.manifests.reading import Reading

__all__ = ["JSON_TYPES", "check_parameters", "parameters_node"]

JSON_TYPES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
}
"""Python's names of types → JSON Schema's."""


def parameters_node(node: Node) -> Node:
    """``node`` as a JSON Schema of an object.

    The short form maps each name to its schema (or to a type's name); ``required: true`` there moves to the object's
    list. Python's type names become JSON Schema's.
    """
    entries = node.entries()
    if not entries or "properties" in entries or _scalar(node, "type") == "object":
        return node
    properties: dict[str, Entry] = {}
    required: list[Node] = []
    for name, entry in entries.items():
        schema = entry.node
        if isinstance(schema.value, str):
            schema = Node({"type": Entry("type", schema.place, schema)}, schema.place)
        inner = dict(schema.entries())
        flag = inner.get("required")
        if flag is not None and isinstance(flag.node.value, bool):
            del inner["required"]
            if flag.node.value:
                required.append(Node(name, flag.place))
        kind = inner.get("type")
        if kind is not None and isinstance(kind.node.value, str):
            text = JSON_TYPES.get(kind.node.value, kind.node.value)
            inner["type"] = Entry(kind.key, kind.place, Node(text, kind.node.place))
        is_map = isinstance(schema.value, dict)
        properties[name] = Entry(name, entry.place, Node(inner, schema.place) if is_map else schema)
    place = node.place
    result = {
        "type": Entry("type", place, Node("object", place)),
        "properties": Entry("properties", place, Node(properties, place)),
    }
    if required:
        result["required"] = Entry("required", place, Node(required, place))
    return Node(result, place)


def _scalar(node: Node, key: str) -> Any:
    child = node.child(key)
    return child.value if child is not None else None


def check_parameters(
    schema: dict[str, Any], node: Node | None, signature: Signature | None, what: str, reading: Reading
) -> None:
    """Report what is no object schema, and names the function does not have."""
    if node is None:
        return
    properties = schema.get("properties", {})
    if schema.get("type", "object") != "object" or not isinstance(properties, dict):
        reading.report.error(
            "wrong_value", f"parameters of {what} must be the JSON Schema of an object", node.place, key="parameters"
        )
        return
    for name, part in properties.items():
        place = node.place_of("properties", name)
        if not isinstance(part, (dict, bool)):
            reading.report.error("wrong_type", f"parameter {name!r} of {what} must be a JSON Schema", place, key=name)
        elif signature is not None and not signature.extra_keywords and name not in signature.parameters:
            hint = did_you_mean(name, signature.parameters)
            message = f"parameters of {what} describe {name!r}, which its function does not take{hint}"
            reading.report.error("unknown_parameter", message, place, key=name)
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        message = f"'required' in the parameters of {what} must be a list of names"
        reading.report.error("wrong_type", message, node.place_of("required"), key="required")
        return
    for index, name in enumerate(required):
        if name not in properties and (signature is None or name not in signature.parameters):
            message = f"parameters of {what} require the unknown {name!r}"
            reading.report.error("wrong_value", message, node.place_of("required", index), key="required")
