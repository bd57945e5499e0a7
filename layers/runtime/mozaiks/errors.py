"""Every error the runtime answers with, its stable code, and what the code means on each wire.

Standard library only: this is the bottom of the dependency chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["CODES", "CodeMeaning", "MozaiksError"]


@dataclass(frozen=True)
class CodeMeaning:
    """What a code means to a client: HTTP status, whether trying again may help, and the socket close code."""

    http_status: int
    retryable: bool = False
    close_code: int | None = None


CODES: dict[str, CodeMeaning] = {
    # what the client sent
    "BAD_JSON": CodeMeaning(400),
    "BAD_FRAME": CodeMeaning(400),
    "UNKNOWN_TYPE": CodeMeaning(400),
    "FRAME_TOO_LARGE": CodeMeaning(413),
    "VALIDATION": CodeMeaning(422),
    "TEXT_REQUIRED": CodeMeaning(422),
    "UNAUTHENTICATED": CodeMeaning(401),
    "TOKEN_EXPIRED": CodeMeaning(401, close_code=1008),
    "FORBIDDEN": CodeMeaning(403),
    "FORBIDDEN_VARIABLE": CodeMeaning(403),
    "NOT_FOUND": CodeMeaning(404),
    "CHAT_NOT_FOUND": CodeMeaning(404),
    "JOURNEY_NOT_FOUND": CodeMeaning(404),
    "WORKFLOW_NOT_FOUND": CodeMeaning(404),
    "WORKFLOW_INVALID": CodeMeaning(409),
    "REQUEST_NOT_OPEN": CodeMeaning(409),
    "CHAT_ENDED": CodeMeaning(409),
    "NOT_RETRYABLE": CodeMeaning(409),
    "CHAT_BUSY": CodeMeaning(409, retryable=True),
    "NO_USER_INPUT": CodeMeaning(409),
    "IDEMPOTENCY_MISMATCH": CodeMeaning(409),
    "PRECONDITION_FAILED": CodeMeaning(412),
    "CONTRAST_TOO_LOW": CodeMeaning(409),
    "PREREQUISITES_MISSING": CodeMeaning(409),
    "PACK_INVALID": CodeMeaning(409),
    "CHILD_REFUSED": CodeMeaning(409),
    "NOT_BUILT": CodeMeaning(501),
    # what the runtime ran into
    "RUN_START_FAILED": CodeMeaning(503, retryable=True),
    "DATABASE_UNAVAILABLE": CodeMeaning(503, retryable=True),
    "KEYS_UNAVAILABLE": CodeMeaning(503, retryable=True),
    "SECRETS_UNAVAILABLE": CodeMeaning(503, retryable=True),
    "SECRET_UNREADABLE": CodeMeaning(500),
    "LEASE_LOST": CodeMeaning(409, retryable=True),
    "LEASE_HELD": CodeMeaning(409, retryable=True),
    "WORKFLOW_VERSION_GONE": CodeMeaning(409),
    "MODEL_NOT_CONFIGURED": CodeMeaning(500),
    "MODEL_REJECTED": CodeMeaning(502),
    "MODEL_UNAVAILABLE": CodeMeaning(503, retryable=True),
    "MODEL_INVALID_RESPONSE": CodeMeaning(502, retryable=True),
    "BUDGET_EXCEEDED": CodeMeaning(402),
    "TOOL_LOOP": CodeMeaning(500),
    "TOOL_LOAD_FAILED": CodeMeaning(500),
    "MAX_TURNS": CodeMeaning(500),
    "MAX_AUTO_REPLIES": CodeMeaning(500),
    "CONTEXT_INVALID": CodeMeaning(500),
    "HOOK_FAILED": CodeMeaning(500),
    "RUN_ABORTED": CodeMeaning(500),
    "INPUT_TIMED_OUT": CodeMeaning(408, retryable=True),
    "SCHEMA_VALIDATION_FAILED": CodeMeaning(502),
    "CHILDREN_FAILED": CodeMeaning(500, retryable=True),
    "HISTORY_UNREADABLE": CodeMeaning(500),
    "CONFIGURATION": CodeMeaning(500),
    "INTERNAL": CodeMeaning(500, retryable=True),
}


class MozaiksError(Exception):
    """An error with a stable ``code``, a message for people, and details that hold no secret.

    Parameters
    ----------
    code
        A key of ``CODES``.
    message
        What was found, where, and what was expected. Shown to clients.
    details
        JSON-ready facts for programs. Shown to clients.
    """

    def __init__(self, code: str, message: str, **details: Any) -> None:
        if code not in CODES:
            raise ValueError(f"unknown error code {code!r}: add it to mozaiks.errors.CODES")
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details

    @property
    def retryable(self) -> bool:
        return CODES[self.code].retryable

    @property
    def http_status(self) -> int:
        return CODES[self.code].http_status
