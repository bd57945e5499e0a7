"""Calls the platform's own HTTP API from tools and hooks, on behalf of the chat's app and user."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import httpx2

__all__ = ["BackendClient", "PlatformApiError", "PlatformNotConfigured"]

_REPEATABLE: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_METHODS: Final = _REPEATABLE | {"POST", "PATCH"}
_PASSING: Final = frozenset({502, 503, 504})
_MAX_PAUSE_SECONDS: Final = 5.0
_MAX_ENDPOINT: Final = 2000
_APP: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_USER: Final = re.compile(r"[A-Za-z0-9_.@|:+-]{1,128}")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")

_CLIENTS: Final[dict[asyncio.AbstractEventLoop, httpx2.AsyncClient]] = {}
"""Connections are kept between calls. They belong to the event loop they were made in."""


class PlatformNotConfigured(Exception):
    """The address or the key of the platform's API is missing or unusable."""


class PlatformApiError(Exception):
    """The platform did not do what it was asked. Its words hold no key and no address.

    Attributes
    ----------
    status
        HTTP status; ``None`` when no answer came.
    code
        The stable code of the platform's problem details, if it sent one.
    retryable
        Whether the same call may succeed later.
    """

    def __init__(self, message: str, *, status: int | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retryable = status is None or status == 429 or status in _PASSING


class BackendClient:
    """The platform's API as one app and user.

    Parameters
    ----------
    app_id, user_id
        The chat's own, as the runtime gives them to a tool. Sent as ``X-App-Id`` and ``X-User-Id``.
    base_url
        Address of the API, ``http`` or ``https``; ``PLATFORM_API_URL`` if not given.
    api_key
        Sent as a bearer token; ``PLATFORM_API_KEY`` if not given.
    timeout_seconds
        Longest silence of one attempt.
    attempts
        Attempts at one call.
    backoff_seconds
        Longest first pause between attempts; doubles.

    Raises
    ------
    PlatformNotConfigured
        There is no usable address or key.
    ValueError
        ``app_id`` or ``user_id`` is no id.

    Examples
    --------
    >>> from workflows._shared.backend_client import BackendClient
    >>> async def open_invoices(app_id: str, user_id: str) -> list[dict]:
    ...     return await BackendClient(app_id, user_id).get("invoices", params={"state": "open"})
    """

    def __init__(
        self,
        app_id: str,
        user_id: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout_seconds: float = 10.0,
        attempts: int = 3,
        backoff_seconds: float = 0.25,
    ) -> None:
        if not _APP.fullmatch(app_id):
            raise ValueError(f"app_id is {app_id!r:.80}; expected {_APP.pattern}")
        if not _USER.fullmatch(user_id):
            raise ValueError(f"user_id is {user_id!r:.80}; expected {_USER.pattern}")
        self._base = _checked_base(base_url or os.environ.get("PLATFORM_API_URL", ""))
        self._key = _checked_key(api_key or _configured_key())
        self._headers = {
            "accept": "application/json",
            "authorization": f"Bearer {self._key}",
            "x-app-id": app_id,
            "x-user-id": user_id,
        }
        self._timeout = httpx2.Timeout(timeout_seconds, connect=min(3.0, timeout_seconds))
        self._attempts = max(1, attempts)
        self._backoff = backoff_seconds

    async def call_platform_api(
        self,
        endpoint: str,
        data: Any = None,
        method: str | None = None,
        *,
        params: Mapping[str, str | int | float | bool] | None = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """Call ``endpoint`` and return the JSON of its answer; ``None`` if the answer is empty.

        A call is repeated, after a growing pause, when the connection fails or the answer is 502, 503 or 504 — but
        only where that is safe: GET, HEAD, PUT and DELETE, and others with an ``idempotency_key``. What never reached
        the platform, because no connection came about, is always repeated.

        Parameters
        ----------
        endpoint
            Path below the API's address: no host, no ``..``, no query.
        data
            JSON of the request's body.
        method
            ``POST`` if there is ``data``, else ``GET``, unless given.
        params
            Values of the query.
        idempotency_key
            Sent as ``Idempotency-Key``. A tool's ``turn_idempotency_key`` is one: it is the same each time that the
            runtime tries a call again.

        Raises
        ------
        PlatformApiError
            No answer, an answer other than 2xx, or one that is no JSON.
        ValueError
            The endpoint, method or key is not of the form above.
        """
        verb = (method or ("GET" if data is None else "POST")).upper()
        if verb not in _METHODS:
            raise ValueError(f"method is {method!r:.40}; expected one of {', '.join(sorted(_METHODS))}")
        path = _checked_endpoint(endpoint)
        headers, content = dict(self._headers), None
        if idempotency_key is not None:
            if not _KEY.fullmatch(idempotency_key):
                raise ValueError("idempotency_key must be 1 to 255 printable ASCII characters without spaces")
            headers["idempotency-key"] = idempotency_key
        if data is not None:
            content = json.dumps(data, allow_nan=False).encode()
            headers["content-type"] = "application/json"
        request = httpx2.Request(
            verb,
            f"{self._base}/{path}",
            params=dict(params) if params else None,
            headers=headers,
            content=content,
            extensions={"timeout": self._timeout.as_dict()},
        )
        response = await self._send(request, path, repeatable=verb in _REPEATABLE or idempotency_key is not None)
        return self._read(response, f"{verb} {path}")

    async def get(self, endpoint: str, *, params: Mapping[str, str | int | float | bool] | None = None) -> Any:
        """``GET``; see ``call_platform_api``."""
        return await self.call_platform_api(endpoint, method="GET", params=params)

    async def post(self, endpoint: str, data: Any = None, *, idempotency_key: str | None = None) -> Any:
        """``POST``; see ``call_platform_api``."""
        return await self.call_platform_api(endpoint, data, "POST", idempotency_key=idempotency_key)

    async def put(self, endpoint: str, data: Any = None) -> Any:
        """``PUT``; see ``call_platform_api``."""
        return await self.call_platform_api(endpoint, data, "PUT")

    async def delete(self, endpoint: str) -> Any:
        """``DELETE``; see ``call_platform_api``."""
        return await self.call_platform_api(endpoint, method="DELETE")

    async def _send(self, request: httpx2.Request, path: str, *, repeatable: bool) -> httpx2.Response:
        client = _client()
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                response = await client.send(request, follow_redirects=False)
            except httpx2.TransportError as error:
                unsent = isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout))
                if last or not (repeatable or unsent):
                    what = "fell silent" if isinstance(error, httpx2.TimeoutException) else "could not be reached"
                    raise PlatformApiError(f"{request.method} {path}: the platform {what}") from None
            else:
                if last or not repeatable or response.status_code not in _PASSING:
                    return response
            pause = min(_MAX_PAUSE_SECONDS, self._backoff * 2 ** (attempt - 1))
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads clients, guards nothing
        raise AssertionError("the last attempt returns or raises")

    def _read(self, response: httpx2.Response, call: str) -> Any:
        status = response.status_code
        content, readable = None, True
        if response.content.strip():
            try:
                content = json.loads(response.content)
            except ValueError:
                readable = False
        if response.is_success and readable:
            return content
        if response.is_success:
            raise PlatformApiError(
                f"{call}: the platform answered {status} with something that is no JSON", status=status
            )
        problem = content if isinstance(content, dict) else {}
        code = self._words(problem.get("code"))
        detail = self._words(problem.get("detail")) or self._words(problem.get("title"))
        words = (f" ({code})" if code else "") + (f": {detail}" if detail else "")
        raise PlatformApiError(f"{call}: the platform answered {status}{words}", status=status, code=code or None)

    def _words(self, value: Any) -> str:
        return value.replace(self._key, "***")[:200] if isinstance(value, str) else ""


def _client() -> httpx2.AsyncClient:
    loop = asyncio.get_running_loop()
    client = _CLIENTS.get(loop)
    if client is None:
        for gone in [known for known in list(_CLIENTS) if known.is_closed()]:
            _CLIENTS.pop(gone, None)
        limits = httpx2.Limits(max_connections=50, max_keepalive_connections=10)
        client = _CLIENTS[loop] = httpx2.AsyncClient(limits=limits, follow_redirects=False)
    return client


def _configured_key() -> str:
    """The environment's, or the one of the secret that a deployed function is told to read."""
    if "PLATFORM_API_KEY_SECRET_ARN" not in os.environ:
        return os.environ.get("PLATFORM_API_KEY", "")
    from mozaiks.settings import settings  # a workflow's own tests may run without the runtime

    key = settings().platform_api_key
    return "" if key is None else key.get_secret_value()


def _checked_base(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not url:
        raise PlatformNotConfigured("PLATFORM_API_URL is not set; it is the address of the platform's API")
    if not usable or parts.username is not None or parts.query or parts.fragment:
        raise PlatformNotConfigured("PLATFORM_API_URL must be http(s)://host[:port][/path], without user, query or #")
    return url.rstrip("/")


def _checked_key(key: str) -> str:
    if not key:
        raise PlatformNotConfigured("PLATFORM_API_KEY is not set; it is the key of the platform's API")
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise PlatformNotConfigured("PLATFORM_API_KEY must be printable ASCII without spaces")
    return key


def _checked_endpoint(endpoint: str) -> str:
    """``endpoint`` without its leading slash, if whatever a server makes of it stays below the API's address."""
    plain = endpoint
    for _ in range(5):  # %252e%252e becomes .. for servers that decode twice
        plain, before = unquote(plain), plain
        if plain == before:
            break
    else:
        raise ValueError("endpoint is percent-encoded again and again")
    trouble = None
    if not endpoint.strip("/") or len(endpoint) > _MAX_ENDPOINT:
        trouble = f"must have 1 to {_MAX_ENDPOINT} characters"
    elif endpoint.startswith("//") or "\\" in plain or "://" in plain:
        trouble = "must be a path, without a host"
    elif any(part in (".", "..") for part in plain.split("/")):
        trouble = "must not have '.' or '..' as a part"
    elif "?" in endpoint or "#" in endpoint:
        trouble = "must have no query; give it as params"
    elif not plain.isprintable() or any(character.isspace() for character in endpoint):
        trouble = "must have no spaces and no control characters"
    if trouble:
        raise ValueError(f"endpoint is {endpoint!r:.80}; it {trouble}")
    return endpoint.removeprefix("/")
