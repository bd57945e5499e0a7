"""The OpenAPI document: what routes answer with, problems by their codes, and an example of each body."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from fastapi import FastAPI

from mozaiks.web.bearer import OPEN_PATHS
from mozaiks.web.problems import MEDIA_TYPE, Problem

__all__ = ["describe"]

_REF: Final = "#/components/schemas/{model}"
_SCHEMA_OF_FASTAPI: Final = ("HTTPValidationError", "ValidationError")
_IF_NONE_MATCH: Final[dict[str, Any]] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "`ETag` of the answer the client has.",
}
_TAG: Final[dict[str, Any]] = {
    "ETag": {"description": "Of this answer, for `If-None-Match`.", "schema": {"type": "string"}}
}


def describe(app: FastAPI, *, secured: bool) -> Callable[[], dict[str, Any]]:
    """What to put in place of ``app.openapi``: FastAPI's own document says its default errors, which we never send.

    Parameters
    ----------
    secured
        Whether tokens are checked.
    """
    plain = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(plain(), secured=secured)
        return app.openapi_schema

    return document


def _completed(document: dict[str, Any], *, secured: bool) -> dict[str, Any]:
    # Not at the top: only who asks for the document needs them.
    from mozaiks.web.examples import EXAMPLES
    from mozaiks.web.refusals import codes_of

    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _SCHEMA_OF_FASTAPI:
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template=_REF)
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for name, example in EXAMPLES.items():
        if name in schemas:
            schemas[name].setdefault("examples", [example])
    if secured:
        document["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        }
    for method, path, operation in _operations(document):
        if secured and path not in OPEN_PATHS:
            operation["security"] = [{"bearer": []}]
        operation["responses"].pop("422", None)
        for status, codes in codes_of(method, path, operation, secured=secured).items():
            operation["responses"][str(status)] = _refusal(codes)
        if method == "GET" and "application/json" in operation["responses"]["200"].get("content", {}):
            operation["responses"]["200"]["headers"] = _TAG
            operation["responses"]["304"] = {"description": "The client has this answer already.", "headers": _TAG}
            operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path, operation


def _refusal(codes: list[str]) -> dict[str, Any]:
    schema = {
        "allOf": [
            {"$ref": _REF.format(model="Problem")},
            {"type": "object", "properties": {"code": {"enum": codes}}},
        ]
    }
    said = ", ".join(f"`{code}`" for code in codes)
    return {"description": f"A problem: {said}.", "content": {MEDIA_TYPE: {"schema": schema}}}
