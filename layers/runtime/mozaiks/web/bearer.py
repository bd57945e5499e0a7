"""Whose token a request brings."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request

from mozaiks.access.bearer import token_of_header
from mozaiks.access.principal import Principal
from mozaiks.errors import MozaiksError
from mozaiks.web.runtime import Api

__all__ = ["OPEN_PATHS", "Bearer", "bearer"]

OPEN_PATHS: Final = frozenset({"/health", "/api/health", "/api/realtime/oauth/completed"})
"""Paths that ask for no token: who watches the service has none, and the webhook brings a secret of its own."""


async def bearer(request: Request, api: Api) -> Principal | None:
    """The principal of the request's token; ``None`` where no tokens are checked, or none is asked for.

    Raises
    ------
    MozaiksError
        ``UNAUTHENTICATED``, ``TOKEN_EXPIRED`` or ``KEYS_UNAVAILABLE``.
    """
    if api.tokens is None or request.scope["path"] in OPEN_PATHS:
        return None
    token = token_of_header(request.headers.get("authorization"))
    if token is None:
        raise MozaiksError("UNAUTHENTICATED", "there is no token; expected one in the Authorization header")
    return api.tokens.principal(token)


Bearer = Annotated[Principal | None, Depends(bearer)]
