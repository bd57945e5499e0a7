"""What stands between the server and the routes: a bound on bodies, and an answer where a route breaks."""

from __future__ import annotations

import logging
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mozaiks.web.problems import problem_of, respond

__all__ = ["MAX_BODY_BYTES", "BodyLimit", "LastResort"]

log = logging.getLogger("mozaiks.web")

MAX_BODY_BYTES: Final = 1024 * 1024
"""Far more than people write, far less than a Lambda takes (6 MB) or a MongoDB document holds (16 MB)."""


class BodyLimit:
    """Refuses longer bodies with 413, before they are read where their length is declared."""

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        detail = f"the body is longer than {self._limit} bytes"
        if declared.isdigit() and int(declared) > self._limit:
            await respond(problem_of("BODY_TOO_LARGE", 413, detail))(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
                raise HTTPException(413, detail)
            return message

        await self._app(scope, counted, send)


class LastResort:
    """Answers and logs an exception nobody expected. The client learns nothing but where the log has it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            log.exception("A route broke")
            if started:
                raise
            problem = problem_of(
                "INTERNAL",
                500,
                "something went wrong on our side; what is stored is kept",
                retryable=True,
                instance=_occurrence(scope),
            )
            await respond(problem)(scope, receive, send)


def _occurrence(scope: Scope) -> str | None:
    context: Any = scope.get("aws.context")
    request_id = getattr(context, "aws_request_id", None)
    return f"urn:uuid:{request_id}" if isinstance(request_id, str) else None
