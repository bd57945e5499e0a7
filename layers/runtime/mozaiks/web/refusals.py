"""Which problems each route can answer with, by their codes. For the OpenAPI document; routes themselves raise them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from mozaiks.errors import CODES
from mozaiks.web.bearer import OPEN_PATHS
from mozaiks.web.problems import OF_HTTP

__all__ = ["OWN", "codes_of"]

_RUN: Final = ("RUN_START_FAILED",)
_LOADED: Final = ("WORKFLOW_NOT_FOUND", "WORKFLOW_INVALID")
_GATED: Final = ("PREREQUISITES_MISSING", "PACK_INVALID", "IDEMPOTENCY_MISMATCH", "CONFIGURATION")

OWN: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("GET", "/api/health"): (),
    ("GET", "/health/active-runs"): (),
    ("GET", "/metrics/perf/aggregate"): (),
    ("GET", "/metrics/perf/chats"): ("NOT_FOUND",),
    ("GET", "/metrics/perf/chats/{chat_id}"): (),
    ("GET", "/metrics/prometheus"): (),
    ("GET", "/api/workflows"): (),
    ("GET", "/api/workflows/{workflow_name}/transport"): (*_LOADED, "CONFIGURATION"),
    ("GET", "/api/workflows/{workflow_name}/tools"): _LOADED,
    ("GET", "/api/workflows/{app_id}/available"): (),
    ("GET", "/api/chats/exists/{app_id}/{workflow_name}/{chat_id}"): (),
    ("GET", "/api/chats/meta/{app_id}/{workflow_name}/{chat_id}"): (),
    ("POST", "/api/chats/{app_id}/{workflow_name}/start"): (*_LOADED, *_GATED, *_RUN, "JOURNEY_NOT_FOUND"),
    ("GET", "/api/chats/{app_id}/{workflow_name}"): ("WORKFLOW_NOT_FOUND",),
    ("POST", "/api/chats/{app_id}/{workflow_name}/{chat_id}/messages"): (
        "TEXT_REQUIRED", "REQUEST_NOT_OPEN", "CHAT_ENDED", "CHAT_BUSY", "NO_USER_INPUT", "SECRETS_UNAVAILABLE", *_RUN,
    ),
    ("POST", "/api/chats/{app_id}/{workflow_name}/{chat_id}/answers"): (
        "REQUEST_NOT_OPEN", "CHAT_ENDED", "NO_USER_INPUT", "SECRETS_UNAVAILABLE", *_RUN,
    ),
    ("POST", "/api/chats/{app_id}/{workflow_name}/{chat_id}/cancel"): (),
    ("POST", "/api/chats/{app_id}/{workflow_name}/{chat_id}/retry"): ("NOT_RETRYABLE", *_RUN),
    ("GET", "/api/chats/{app_id}/{workflow_name}/{chat_id}/events"): (),
    ("GET", "/api/chats/{app_id}/{workflow_name}/{chat_id}/trace"): (),
    ("DELETE", "/api/chats/{app_id}/{workflow_name}/{chat_id}"): (),
    ("DELETE", "/api/users/{app_id}/{user_id}"): (),
    ("GET", "/api/users/{app_id}/{user_id}/export"): (),
    ("POST", "/api/journeys/{app_id}/{journey_id}/start"): (*_LOADED, *_GATED, *_RUN, "JOURNEY_NOT_FOUND"),
    ("GET", "/api/journeys/{app_id}"): (),
    ("GET", "/api/journeys/{app_id}/{journey_run_id}"): ("JOURNEY_NOT_FOUND",),
    ("POST", "/api/journeys/{app_id}/{journey_run_id}/retry"): ("JOURNEY_NOT_FOUND", "NOT_RETRYABLE", *_RUN),
    ("POST", "/api/journeys/{app_id}/{journey_run_id}/cancel"): ("JOURNEY_NOT_FOUND",),
    ("POST", "/api/realtime/oauth/completed"): ("UNAUTHENTICATED", "CHAT_NOT_FOUND"),
    ("GET", "/api/secrets/{app_id}/{user_id}"): (),
    ("PUT", "/api/secrets/{app_id}/{user_id}/{name}"): ("SECRETS_UNAVAILABLE", "CONFIGURATION"),
    ("GET", "/api/secrets/{app_id}/{user_id}/{name}"): ("NOT_FOUND",),
    ("DELETE", "/api/secrets/{app_id}/{user_id}/{name}"): ("NOT_FOUND",),
    ("GET", "/api/themes/{app_id}"): (),
    ("PUT", "/api/themes/{app_id}"): ("CONTRAST_TOO_LOW", "PRECONDITION_FAILED", "CHAT_BUSY"),
}  # fmt: skip
"""By method and path, what a route can answer with beyond what its shape tells: its parameters, its body, its token."""

_STATUS_OF_HTTP: Final = {code: status for status, code in OF_HTTP.items()}


def codes_of(method: str, path: str, operation: Mapping[str, Any], *, secured: bool) -> dict[int, list[str]]:
    """HTTP status → the codes a problem of this status can have, in the order of their table.

    Parameters
    ----------
    operation
        The route as the OpenAPI document has it.
    secured
        Whether tokens are checked.
    """
    found: list[str] = [*OWN.get((method, path), ()), "DATABASE_UNAVAILABLE", "INTERNAL"]
    if operation.get("parameters") or "requestBody" in operation:
        found.append("VALIDATION")
    if "{" in path:
        found.append("NOT_FOUND")
    if "{chat_id}" in path and "/exists/" not in path:
        found.append("CHAT_NOT_FOUND")
    if method in ("POST", "PUT", "DELETE"):
        found += ["BAD_JSON", "BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"]
    if secured and path not in OPEN_PATHS:
        found += ["UNAUTHENTICATED", "TOKEN_EXPIRED", "FORBIDDEN", "KEYS_UNAVAILABLE"]
    return _by_status(found)


def _by_status(codes: Iterable[str]) -> dict[int, list[str]]:
    statuses: dict[int, list[str]] = {}
    wanted = frozenset(codes)
    for code in (*CODES, *_STATUS_OF_HTTP):
        if code in wanted:
            status = CODES[code].http_status if code in CODES else _STATUS_OF_HTTP[code]
            statuses.setdefault(status, []).append(code)
    return dict(sorted(statuses.items()))
