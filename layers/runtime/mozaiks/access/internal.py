"""The shared secret of other services of the platform."""

from __future__ import annotations

import hashlib
import hmac

from mozaiks.errors import MozaiksError

__all__ = ["require_shared_secret"]


def require_shared_secret(expected: str, given: str | None) -> None:
    """Let a caller on that brought the shared secret.

    The comparison takes as long for any wrong value, of whatever length: time tells nothing.

    Raises
    ------
    MozaiksError
        ``UNAUTHENTICATED`` if it is missing or another.
    """
    if not expected:
        raise ValueError("the shared secret is empty: anybody would be let in")
    matches = hmac.compare_digest(_digest(expected), _digest(given or ""))
    if not matches:
        raise MozaiksError("UNAUTHENTICATED", "the shared secret is missing or wrong")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
