"""The public keys of an issuer, fetched from its JWKS and kept for a while."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from mozaiks.errors import MozaiksError

if TYPE_CHECKING:
    from jwt import PyJWK

__all__ = ["SigningKeys", "fetch_json"]

log = logging.getLogger("mozaiks.access")

MAX_BYTES: Final = 512 * 1024
_TAKEN: Final = ("RSA", "EC")
"""Only public keys: a shared secret among them would let whoever reads the list sign tokens."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class SigningKeys:
    """Keys by their id.

    They are fetched again after ``ttl_seconds``, and once more when a token names a key that is not among them: the
    issuer may have changed it. Never more often than every ``pause_seconds``, whatever tokens say. While the issuer
    does not answer, the keys that are known go on being used.

    Parameters
    ----------
    jwks_url
        Where the keys are. ``None``: the issuer's discovery document says it.
    issuer
        Address of an OpenID Connect issuer, for discovery.
    ttl_seconds, pause_seconds
        See above.
    fetch
        Gives the JSON at an address, and raises ``OSError`` or ``ValueError`` if there is none.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        *,
        jwks_url: str | None = None,
        issuer: str | None = None,
        ttl_seconds: float = 300.0,
        pause_seconds: float = 10.0,
        fetch: Callable[[str], Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if jwks_url is None and issuer is None:
            raise ValueError("SigningKeys needs the address of the keys, or of their issuer")
        self._jwks_url = jwks_url
        self._issuer = issuer
        self._ttl = ttl_seconds
        self._pause = pause_seconds
        self._fetch = fetch or fetch_json
        self._clock = clock
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._lock = threading.Lock()

    def key(self, kid: str) -> PyJWK | None:
        """The key of this id; ``None`` if the issuer publishes no such key.

        Raises
        ------
        MozaiksError
            ``KEYS_UNAVAILABLE`` while the issuer was never reached.
        """
        with self._lock:
            now = self._clock()
            stale = self._fetched_at is None or now - self._fetched_at >= self._ttl
            # Nobody gets in before the first answer: that one is asked for sooner.
            pause = self._pause if self._fetched_at is not None else min(1.0, self._pause)
            may_ask = self._tried_at is None or now - self._tried_at >= pause
            if (stale or kid not in self._keys) and may_ask:
                self._refresh(now)
            if self._fetched_at is None:
                raise MozaiksError("KEYS_UNAVAILABLE", "the issuer's keys cannot be had just now; try again shortly")
            return self._keys.get(kid)

    def _refresh(self, now: float) -> None:
        self._tried_at = now
        try:
            self._keys = _public_keys(self._fetch(self._jwks_url or self._discovered()))
        except (OSError, ValueError) as error:
            log.warning("The issuer's keys were not fetched: %s", error)
        else:
            self._fetched_at = now

    def _discovered(self) -> str:
        issuer = self._issuer or ""
        found = self._fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if not isinstance(found, dict) or found.get("issuer") != issuer:
            raise ValueError("the discovery document names another issuer than OIDC_ISSUER")
        url = found.get("jwks_uri")
        if not isinstance(url, str):
            raise ValueError("the discovery document has no jwks_uri")  # noqa: TRY004 - a document's shape
        # A plain address in a document that came over TLS would undo what TLS is for.
        if urlsplit(issuer).scheme == "https" and urlsplit(url).scheme != "https":
            raise ValueError("the discovery document's jwks_uri is no https address")
        return url


def _public_keys(document: Any) -> dict[str, PyJWK]:
    from jwt import PyJWK, PyJWTError

    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("the answer is no JSON Web Key Set; expected `keys`")  # noqa: TRY004 - a document's shape
    found: dict[str, PyJWK] = {}
    for each in listed:
        if not isinstance(each, dict) or each.get("kty") not in _TAKEN or each.get("use", "sig") != "sig":
            continue
        kid = each.get("kid")
        if not isinstance(kid, str):
            continue
        try:
            found.setdefault(kid, PyJWK(each))
        except (PyJWTError, ValueError, TypeError):
            # One key of a kind we do not know must not cost us the others.
            log.warning("A key of the issuer cannot be used: it has kty %.20r", each["kty"])
    return found


def fetch_json(url: str, timeout_seconds: float = 5.0) -> Any:
    """The JSON at an https address, or at one of this machine.

    Raises
    ------
    OSError
        If there is no answer, or none with status 200. Redirects are not followed.
    ValueError
        If the address is of another kind, or the answer is no JSON or over ``MAX_BYTES``.
    """
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    parts = urlsplit(url)
    host = parts.hostname
    if host is None or not (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)):
        raise ValueError("the address of the keys is no https address")
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(host, parts.port, timeout=timeout_seconds)
    try:
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request("GET", path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        body = answer.read(MAX_BYTES + 1)
    except HTTPException as error:
        raise OSError(f"{host} does not speak HTTP: {type(error).__name__}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise OSError(f"{host} answered {answer.status}")
    if len(body) > MAX_BYTES:
        raise ValueError(f"the answer of {host} has more than {MAX_BYTES} bytes")
    try:
        return json.loads(body)
    except RecursionError as error:
        raise ValueError(f"the answer of {host} is nested too deeply") from error
