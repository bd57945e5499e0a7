"""Answers that a client has already are not sent again: an ``ETag`` on what is read, and 304 where it still holds."""

from __future__ import annotations

import hashlib
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Revalidation"]

_CACHING: Final = "private, no-cache"
"""Ask each time: what a chat is may change at any moment, and is its user's alone."""


class Revalidation:
    """Tags every JSON answer to ``GET``, one that the route tagged itself by its own tag.

    The whole answer is there at once in a Lambda, so nothing is held up by reading it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        parts: list[bytes] = []

        async def tagged(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _can_be_tagged(message):
                start = message
                return
            if start is None or message["type"] != "http.response.body":
                await send(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body", False):
                return
            body = b"".join(parts)
            headers = MutableHeaders(raw=start["headers"])
            tag = headers.get("etag") or f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            headers["etag"] = tag
            headers["cache-control"] = _CACHING
            if _has(Headers(scope=scope).get("if-none-match"), tag):
                start["status"], body = 304, b""
                for name in ("content-length", "content-type"):
                    del headers[name]
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, tagged)


def _can_be_tagged(start: Message) -> bool:
    return start["status"] == 200 and Headers(raw=start["headers"]).get("content-type") == "application/json"


def _has(if_none_match: str | None, tag: str) -> bool:
    """Whether the client has this answer. Weakly compared: something between may have compressed it."""
    if if_none_match is None:
        return False
    return any(each.strip().removeprefix("W/") in (tag, "*") for each in if_none_match.split(","))
