"""The OpenAPI document, with every error as the problem document it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI

from mozaiks.web.bearer import OPEN_PATHS
from mozaiks.web.problems import MEDIA_TYPE, Problem

__all__ = ["describe"]

_REF: Final = "#/components/schemas/{model}"
_SCHEMA_OF_FASTAPI: Final = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI, *, secured: bool) -> Callable[[], dict[str, Any]]:
    """What to put in place of ``app.openapi``: FastAPI's own document says its default errors, which we never send."""
    plain = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = plain()
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            for name in _SCHEMA_OF_FASTAPI:
                schemas.pop(name, None)
            problem = Problem.model_json_schema(ref_template=_REF)
            schemas.update(problem.pop("$defs", {}))
            schemas["Problem"] = problem
            answer = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
            if secured:
                found["components"]["securitySchemes"] = {
                    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
                }
            for path, operations in found["paths"].items():
                for operation in operations.values():
                    if secured and path not in OPEN_PATHS:
                        operation["security"] = [{"bearer": []}]
                    operation["responses"].pop("422", None)
                    operation["responses"]["4XX"] = {"description": "The request is refused.", "content": answer}
                    operation["responses"]["5XX"] = {"description": "The API could not answer.", "content": answer}
            app.openapi_schema = found
        return app.openapi_schema

    return document
