"""``mozaiks token``: a token to develop with, signed with JWT_SECRET."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from mozaiks.settings import Settings

__all__ = ["duration_of", "make_token", "token"]

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def token(
    app_id: Annotated[str, typer.Option("--app", help="App (tenant).")] = "demo",
    user: Annotated[str, typer.Option(help="User.")] = "me",
    scope: Annotated[str, typer.Option(help="Scopes, separated by blanks: chat, trace, admin.")] = "chat",
    expires: Annotated[str, typer.Option(help="How long it holds: 90s, 30m, 1h, 7d.")] = "1h",
) -> None:
    """Print a token for development, signed with JWT_SECRET."""
    from mozaiks_local.cli.console import Failure, end_with
    from mozaiks_local.cli.environment import read_settings

    try:
        made = make_token(read_settings(Path.cwd()), app_id, user, scope.split(), duration_of(expires))
    except Failure as failure:
        end_with(failure)
    print(made)


def make_token(settings: Settings, app_id: str, user_id: str, scopes: list[str], lifetime: timedelta) -> str:
    """A token the backend with these settings takes.

    Raises
    ------
    Failure
        If there is no usable secret, no issuer, or an id or scope of another shape.
    """
    from mozaiks.access.principal import SCOPES, checked_id
    from mozaiks.errors import MozaiksError
    from mozaiks.settings import check_secret
    from mozaiks_local.cli.console import Failure

    secret = settings.jwt_secret
    if secret is None:
        raise Failure("JWT_SECRET is not set; set the secret that the backend checks tokens with")
    if not settings.issuers:
        raise Failure("ALLOWED_ISSUERS is empty; name an issuer whose tokens the backend accepts")
    unknown = sorted(set(scopes) - SCOPES)
    if unknown or not scopes:
        raise Failure(f"--scope is {' '.join(scopes)!r}; expected some of {', '.join(sorted(SCOPES))}")
    try:
        check_secret(secret)
        checked_id("app_id", app_id)
        checked_id("user_id", user_id)
    except (ValueError, MozaiksError) as error:
        raise Failure(str(error)) from error
    import jwt

    now = int(time.time())
    claims = {
        "iss": settings.issuers[0],
        "sub": user_id,
        "app_id": app_id,
        "user_id": user_id,
        "scope": " ".join(scopes),
        "iat": now,
        "exp": now + int(lifetime.total_seconds()),
    }
    if settings.audiences:
        claims["aud"] = settings.audiences[0]
    return jwt.encode(claims, secret.get_secret_value(), algorithm="HS256")


def duration_of(text: str) -> timedelta:
    """``1h``, ``30m``, ``90s`` or ``7d`` as a time.

    Raises
    ------
    Failure
        For anything else, and for nothing at all.
    """
    from mozaiks_local.cli.console import Failure

    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text, re.ASCII)
    if found is None or int(found[1]) == 0:
        raise Failure(f"--expires is {text!r}; expected a number and a unit, such as 90s, 30m, 1h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
