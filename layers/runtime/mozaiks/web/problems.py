"""Every error as an RFC 9457 problem document with a stable ``code``."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from mozaiks.errors import CODES, MozaiksError

__all__ = [
    "MEDIA_TYPE",
    "OF_HTTP",
    "FieldProblem",
    "Problem",
    "from_error",
    "from_http_exception",
    "from_validation",
    "problem_of",
    "respond",
]

log = logging.getLogger("mozaiks.web")

MEDIA_TYPE: Final = "application/problem+json"

OF_HTTP: Final = {
    400: "BAD_JSON",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "BODY_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
}
"""Codes of what HTTP itself refuses, before a use case is asked."""

_RETRY_SECONDS: Final = "1"


class FieldProblem(BaseModel):
    """What is wrong with one part of a request. The value itself is not repeated: it may be private."""

    field: str = Field(description="Where: `body.text`, `query.limit`, `chat_id`.")
    message: str


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:mozaiks:problem:chat-not-found",
                    "title": "Chat not found",
                    "status": 404,
                    "detail": "there is no chat '5f0c6a5d2b8e4a1f9c3d7e6b1a2f4c8d'",
                    "code": "CHAT_NOT_FOUND",
                    "retryable": False,
                }
            ]
        }
    )

    type: str = Field(description="A URN that names the kind of problem; it follows from `code`.")
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable name of the problem, for programs.")
    retryable: bool = Field(description="Whether the same request may succeed later.")
    instance: str | None = Field(
        None, description="This occurrence, as the log names it. For unexpected problems only."
    )
    errors: list[FieldProblem] | None = None
    details: dict[str, Any] | None = Field(None, description="Facts for programs; what they are depends on `code`.")


def problem_of(
    code: str,
    status: int,
    detail: str,
    *,
    retryable: bool = False,
    instance: str | None = None,
    errors: Sequence[FieldProblem] = (),
    details: Mapping[str, Any] | None = None,
) -> Problem:
    return Problem(
        type=f"urn:mozaiks:problem:{code.lower().replace('_', '-')}",
        title=code.replace("_", " ").capitalize(),
        status=status,
        detail=detail,
        code=code,
        retryable=retryable,
        instance=instance,
        errors=list(errors) or None,
        details=dict(details) if details else None,
    )


def respond(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The response that carries ``problem``."""
    extra = dict(headers or {})
    if problem.retryable and problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        extra["Retry-After"] = _RETRY_SECONDS
    return Response(problem.model_dump_json(exclude_none=True), problem.status, extra, MEDIA_TYPE)


async def from_error(request: Request, error: Exception) -> Response:
    """Answer an error the runtime knows."""
    assert isinstance(error, MozaiksError)  # noqa: S101 - FastAPI calls it for this class only
    if error.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR and error.code != "NOT_BUILT":
        log.warning("A request failed: %s", error.code, exc_info=error)
    field = error.details.get("field")
    errors = [FieldProblem(field=field, message=error.message)] if isinstance(field, str) else []
    details = {key: value for key, value in error.details.items() if key != "field"}
    return respond(
        problem_of(
            error.code, error.http_status, error.message, retryable=error.retryable, errors=errors, details=details
        ),
        _challenge(request, error),
    )


async def from_validation(_request: Request, error: Exception) -> Response:
    """Answer a request whose query, path or body has another shape than declared: everything wrong at once."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    complaints = error.errors()
    if any(complaint["type"] == "json_invalid" for complaint in complaints):
        where = complaints[0]["loc"][-1]
        return respond(problem_of("BAD_JSON", CODES["BAD_JSON"].http_status, f"the body is no JSON: see place {where}"))
    errors = [FieldProblem(field=_place(complaint["loc"]), message=complaint["msg"]) for complaint in complaints]
    code = "TEXT_REQUIRED" if any(each.field == "body.text" for each in errors) else "VALIDATION"
    detail = "; ".join(f"{each.field}: {each.message}" for each in errors[:5])
    return respond(problem_of(code, CODES[code].http_status, detail, errors=errors))


async def from_http_exception(request: Request, error: Exception) -> Response:
    """Answer what the router refuses: an unknown path, a method a path does not have."""
    assert isinstance(error, HTTPException)  # noqa: S101
    code = OF_HTTP.get(error.status_code, "INTERNAL" if error.status_code >= 500 else "VALIDATION")
    details = {
        404: "there is no such path",
        405: f"this path does not answer {request.method}",
        400: "the body is no JSON",
    }
    detail = details.get(error.status_code, str(error.detail))
    return respond(problem_of(code, error.status_code, detail), error.headers)


def _challenge(request: Request, error: MozaiksError) -> dict[str, str]:
    """What RFC 6750 has a client told of its token: nothing of it, if it brought none."""
    challenge = 'Bearer realm="mozaiks"'
    if error.http_status == HTTPStatus.UNAUTHORIZED:
        refused = ', error="invalid_token"' if "authorization" in request.headers else ""
        return {"WWW-Authenticate": challenge + refused}
    if error.code == "FORBIDDEN" and "scope" in error.details:
        return {"WWW-Authenticate": f'{challenge}, error="insufficient_scope", scope="{error.details["scope"]}"'}
    return {}


def _place(loc: Sequence[object]) -> str:
    return ".".join(str(part) for part in loc)
