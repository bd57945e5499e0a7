"""From the claims of a verified token to a principal. Pure; nothing of a claim's value is repeated in a message."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mozaiks.access.principal import SCOPES, Principal, checked_id
from mozaiks.errors import MozaiksError

__all__ = ["principal_of"]

_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Dates end before numbers do; who says ``exp`` is later means never."""


def principal_of(claims: Mapping[str, Any], *, leeway_seconds: float = 0.0) -> Principal:
    """The caller that ``claims`` name.

    Parameters
    ----------
    claims
        ``app_id``, ``user_id`` (or, where there is none, ``sub``), ``scope`` (names separated by blanks, or a list of
        them) and ``exp`` (seconds since 1970) are required. Scopes other than ``SCOPES`` are left out: they are
        another service's.
    leeway_seconds
        How long after ``exp`` the token is still taken.

    Raises
    ------
    MozaiksError
        ``UNAUTHENTICATED``, naming the claim that is missing or has another shape.
    """
    user_claim = "user_id" if "user_id" in claims else "sub"
    return Principal(
        app_id=_id(claims, "app_id", "app_id"),
        user_id=_id(claims, user_claim, "user_id"),
        scopes=_scopes(claims),
        token_expires_at=_expiry(claims, leeway_seconds),
    )


def _id(claims: Mapping[str, Any], claim: str, kind: str) -> str:
    if claim not in claims:
        wanted = "user_id, and no sub" if kind == "user_id" else claim
        raise MozaiksError("UNAUTHENTICATED", f"the token has no claim {wanted}")
    try:
        return checked_id(kind, claims[claim])
    except MozaiksError:
        raise MozaiksError("UNAUTHENTICATED", f"the token's claim {claim} has not the shape of an id") from None


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    if "scope" not in claims:
        raise MozaiksError("UNAUTHENTICATED", "the token has no claim scope")
    found = claims["scope"]
    names = found.split() if isinstance(found, str) else found
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise MozaiksError(
            "UNAUTHENTICATED", "the token's claim scope is neither names separated by blanks nor a list of names"
        )
    return SCOPES & frozenset(names)


def _expiry(claims: Mapping[str, Any], leeway_seconds: float) -> datetime:
    seconds = claims.get("exp")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not math.isfinite(seconds):
        raise MozaiksError("UNAUTHENTICATED", "the token's claim exp is no number of seconds")
    if seconds >= _LAST.timestamp():
        return _LAST
    return datetime.fromtimestamp(max(0, seconds), UTC) + timedelta(seconds=leeway_seconds)
