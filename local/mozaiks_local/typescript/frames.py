"""The frames of the socket as TypeScript, made from the AsyncAPI document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from mozaiks_local.typescript.schema_types import comment, interface, type_of

__all__ = ["frames_module"]

_HEAD: Final = """\
// Made by `python -m mozaiks_local.typescript` from docs/asyncapi.json. Change that, and make this again.

/** Whatever JSON can say. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue;
}
"""
_OVERSIZE: Final = "Oversize"
_FRAMES: Final = "Frame"
_BATCH: Final = "chat.batch"


def frames_module(document: Mapping[str, Any]) -> str:
    """The module ``protocol/frames.ts``.

    Parameters
    ----------
    document
        The AsyncAPI document, as ``mozaiks.chats.asyncapi.document`` makes it.
    """
    schemas: Mapping[str, Any] = document["components"]["schemas"]
    messages: Mapping[str, Any] = document["components"]["messages"]
    said = [each for each in messages if "data" in schemas[each]["properties"]]
    heard = [each for each in messages if each not in said]
    others = [each for each in schemas if each not in messages and each != _FRAMES]
    parts = [_HEAD]
    parts += [_declared(name, schemas[name]) for name in others]
    for type_ in said:
        parts += _said(type_, schemas[type_], messages[type_].get("summary", ""))
    for type_ in heard:
        parts.append(_heard(type_, schemas[type_], messages[type_].get("summary", "")))
    parts += [
        _table("FrameByType", "Every frame of the server, by its type.", said, _frame_name),
        _table("CommandByType", "Every frame of a client, by its type.", heard, _command_name),
        "/** What the server says. Several come in one `chat.batch`. */\n"
        "export type ServerFrame = FrameByType[keyof FrameByType];\n",
        "/** What a client sends. */\nexport type ClientFrame = CommandByType[keyof CommandByType];\n",
        _durable(said, schemas),
        _codes(document["x-error-codes"]),
    ]
    return "\n".join(parts)


def _pascal(type_: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[._]", type_))


def _frame_name(type_: str) -> str:
    return f"{_pascal(type_)}Frame"


def _command_name(type_: str) -> str:
    return f"{_pascal(type_)}Command"


def _name_of(reference: str) -> str:
    return "ServerFrame" if reference == _FRAMES else _pascal(reference)


def _declared(name: str, schema: Mapping[str, Any]) -> str:
    if "properties" in schema:
        return interface(_pascal(name), schema, _name_of) + "\n"
    words = comment(schema.get("description"))
    return f"{words}export type {_pascal(name)} = {type_of(schema, _name_of)};\n"


def _said(type_: str, schema: Mapping[str, Any], summary: str) -> list[str]:
    """The interfaces of a frame and of its data. A reference in the place of the data has a type of its own."""
    data = schema["properties"]["data"]
    shapes = [each for each in data.get("anyOf", [data]) if _OVERSIZE not in each.get("$ref", "")]
    name = f"{_pascal(type_)}Data"
    declared = [
        f"export type {name} = {type_of({'anyOf': shapes}, _name_of)};\n"
        if len(shapes) > 1 or "properties" not in shapes[0]
        else interface(name, shapes[0], _name_of) + "\n"
    ]
    fields = {**schema["properties"], "data": {"$ref": f"#/{name}"}}
    frame = {"description": summary, "properties": fields, "required": schema["required"]}
    return [*declared, interface(_frame_name(type_), frame, lambda ref: ref if ref == name else _name_of(ref)) + "\n"]


def _heard(type_: str, schema: Mapping[str, Any], summary: str) -> str:
    return interface(_command_name(type_), {"description": summary, **schema}, _name_of) + "\n"


def _table(name: str, words: str, types: list[str], name_of: Any) -> str:
    rows = "\n".join(f'  "{each}": {name_of(each)};' for each in types)
    return f"{comment(words)}export interface {name} {{\n{rows}\n}}\n"


def _durable(types: list[str], schemas: Mapping[str, Any]) -> str:
    """The types that have a place in the log."""
    durable = [each for each in types if "seq" in schemas[each]["required"]]
    rows = "\n".join(f'  | "{each}"' for each in durable)
    return f"/** Frames that are stored, and have a `seq`. */\nexport type DurableType =\n{rows};\n"


def _codes(codes: Mapping[str, Any]) -> str:
    rows = "\n".join(f'  | "{code}"' for code in codes)
    return f"/** Every code an error can have. */\nexport type ErrorCode =\n{rows};\n"
