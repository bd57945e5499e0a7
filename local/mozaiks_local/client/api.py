"""The few HTTP calls a chat client makes, on the standard library: nothing heavy is imported to say hello."""

from __future__ import annotations

import asyncio
import http.client
import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from mozaiks_local.client.errors import ApiError

__all__ = ["Started", "call_api", "start_chat"]

_MAX_ANSWER: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Started:
    """The answer to ``POST /api/chats/{app}/{workflow}/start``."""

    chat_id: str
    workflow_name: str
    app_id: str
    user_id: str
    websocket_url: str
    cache_seed: int
    reused: bool


async def start_chat(
    base_url: str,
    app_id: str,
    workflow: str,
    user_id: str,
    *,
    token: str | None = None,
    client_request_id: str | None = None,
    force_new: bool = False,
    initial_message: str | None = None,
    timeout_seconds: float = 15.0,
) -> Started:
    """Open a chat.

    Parameters
    ----------
    base_url
        Where the HTTP API is, such as ``http://127.0.0.1:8000``.
    app_id, workflow, user_id
        Whose chat, of what.
    token
        Bearer token, where the backend checks tokens.
    client_request_id
        The same id gets the same chat again.
    force_new
        A new chat even where an open one could be gone on with.
    initial_message
        What the user says first.
    timeout_seconds
        Longest wait for the answer.

    Raises
    ------
    ApiError
        The API's own ``status``, ``code`` and message; ``UNREACHABLE`` (status 0) if nobody answered.
    """
    body: dict[str, Any] = {"user_id": user_id}
    if client_request_id is not None:
        body["client_request_id"] = client_request_id
    if force_new:
        body["force_new"] = True
    if initial_message is not None:
        body["initial_message"] = initial_message
    path = f"/api/chats/{quote(app_id, safe='')}/{quote(workflow, safe='')}/start"
    answer = await call_api(base_url, "POST", path, body=body, token=token, timeout_seconds=timeout_seconds)
    try:
        return Started(
            chat_id=answer["chat_id"],
            workflow_name=answer["workflow_name"],
            app_id=answer["app_id"],
            user_id=answer["user_id"],
            websocket_url=answer["websocket_url"],
            cache_seed=answer["cache_seed"],
            reused=answer["reused"],
        )
    except (KeyError, TypeError) as error:
        raise ApiError(502, "BAD_ANSWER", f"the answer to {path} lacks {error}") from error


async def call_api(
    base_url: str,
    method: str,
    path: str,
    *,
    body: dict[str, Any] | None = None,
    token: str | None = None,
    timeout_seconds: float = 15.0,
) -> Any:
    """The JSON answer of one API call; raises ``ApiError`` for anything but a 2xx status."""
    return await asyncio.to_thread(_call, base_url, method, path, body, token, timeout_seconds)


def _call(base_url: str, method: str, path: str, body: dict[str, Any] | None, token: str | None, timeout: float) -> Any:
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ApiError(0, "BAD_URL", f"{base_url!r} is no address of an HTTP API; expected http://host:port")
    where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    headers = {"Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection = kind(parts.hostname, parts.port, timeout=timeout)
    try:
        payload = None if body is None else json.dumps(body).encode()
        connection.request(method, parts.path.rstrip("/") + path, payload, headers)
        response = connection.getresponse()
        text = response.read(_MAX_ANSWER)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ApiError(0, "UNREACHABLE", f"no answer from {where}: {reason}") from error
    finally:
        connection.close()
    return _read(response.status, text, f"{method} {where}{path}")


def _read(status: int, text: bytes, what: str) -> Any:
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if 200 <= status < 300 and answer is not None:
        return answer
    problem = answer if isinstance(answer, dict) else {}
    message = problem.get("detail") or problem.get("title") or problem.get("message") or f"{what} answered {status}"
    raise ApiError(status, str(problem.get("code") or f"HTTP_{status}"), str(message))
