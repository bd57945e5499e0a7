"""Errors of the demo model, each knowing its HTTP status and the body OpenAI's API would give it."""

from __future__ import annotations

from typing import Any

__all__ = ["ApiError", "RuleViolation", "ScriptError"]


class ApiError(Exception):
    """An answer that is an error.

    Parameters
    ----------
    status
        HTTP status.
    message
        What was found and what was expected.
    code
        Stable word for programs.
    kind
        OpenAI's ``type``.
    param
        Path of the field that is wrong, as ``messages.3.content``.
    headers
        Extra response headers.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str,
        kind: str = "invalid_request_error",
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.kind = kind
        self.param = param
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """The JSON body: ``{"error": {message, type, param, code}}``."""
        return {"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}}


class RuleViolation(ApiError):
    """A request the real API would refuse; ``code`` is the rule's name."""

    def __init__(self, rule: str, message: str, param: str | None = None) -> None:
        super().__init__(400, f"{message} (rule: {rule})", code=rule, param=param)
        self.rule = rule


class ScriptError(ApiError):
    """A demo script that cannot be read or played.

    A 400, because clients repeat a 500 and a wrong script stays wrong.
    """

    def __init__(self, message: str) -> None:
        super().__init__(400, message, code="demo_script_invalid")
