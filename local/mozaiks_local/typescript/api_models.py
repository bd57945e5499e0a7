"""The bodies of the HTTP API as TypeScript, made from its OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mozaiks_local.typescript.schema_types import comment, interface, type_of

__all__ = ["api_module", "openapi_document"]

_HEAD: Final = """\
// Made by `python -m mozaiks_local.typescript` from the routes in layers/runtime/mozaiks/web. Then make it again.

import type { JsonValue } from "../protocol/frames.js";
"""


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of the HTTP API as it is deployed. Nothing is connected to."""
    from mozaiks.bootstrap import Parts
    from mozaiks.settings import Settings
    from mozaiks.web.app import create_app

    nowhere = "mongodb://127.0.0.1:1/"
    parts = Parts(Settings(mongodb_uri=nowhere, mongodb_db_name="none", auth_enabled=False))
    try:
        return create_app(parts).openapi()
    finally:
        parts.database.client.close()


def api_module(document: Mapping[str, Any]) -> str:
    """The module ``http/models.ts``."""
    schemas: Mapping[str, Any] = document["components"]["schemas"]
    return "\n".join([_HEAD, *(_declared(name, schemas[name]) for name in sorted(schemas))])


def _declared(name: str, schema: Mapping[str, Any]) -> str:
    if "properties" in schema:
        return interface(_plain(name), schema, _plain) + "\n"
    return f"{comment(schema.get('description'))}export type {_plain(name)} = {type_of(schema, _plain)};\n"


def _plain(name: str) -> str:
    """FastAPI joins what tells two models of one name apart with hyphens."""
    return name.replace("-", "").replace(".", "")
