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
        _say_whose(operation, schemas, secured=secured)
        if method == "GET" and "application/json" in operation["responses"]["200"].get("content", {}):
            operation["responses"]["200"]["headers"] = _TAG
            operation["responses"]["304"] = {"description": "The client has this answer already.", "headers": _TAG}
            operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
    return document


def _say_whose(operation: dict[str, Any], schemas: dict[str, Any], *, secured: bool) -> None:
    """Show one place for the user's id, and that it is needed where no token says it.

    It may stand in the query, in the body or in both; a client needs to be told of one.
    """
    parameters = operation.get("parameters", [])
    in_path = any(each["in"] == "path" and each["name"] == "user_id" for each in parameters)
    in_query = next((each for each in parameters if each["in"] == "query" and each["name"] == "user_id"), None)
    body = operation.get("requestBody", {})
    model = _model_of(body, schemas)
    if model is not None and "user_id" in model["properties"]:
        if in_path:
            del model["properties"]["user_id"]
            for example in model.get("examples", ()):
                example.pop("user_id", None)
        elif list(model["properties"]) == ["user_id"]:
            del operation["requestBody"]
        elif in_query is not None:
            parameters.remove(in_query)
            if not secured:
                model["properties"]["user_id"] = _needed(model["properties"]["user_id"])
                model["required"] = sorted({*model.get("required", ()), "user_id"})
            return
    if in_query is not None and not secured:
        in_query["required"] = True
        in_query["schema"] = _needed(in_query["schema"])


def _model_of(body: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any] | None:
    schema = body.get("content", {}).get("application/json", {}).get("schema", {})
    for each in (schema, *schema.get("anyOf", ())):
        if "$ref" in each:
            found: dict[str, Any] = schemas[each["$ref"].rsplit("/", 1)[1]]
            return found
    return None


def _needed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without null."""
    kinds = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(kinds) != 1:
        return schema
    return {**{name: part for name, part in schema.items() if name != "anyOf"}, **kinds[0]}


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
