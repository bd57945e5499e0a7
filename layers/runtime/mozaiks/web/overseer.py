"""Who may see figures of a whole app: a token with the scope ``admin``, of its own app and no other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Query

from mozaiks.access.principal import NOBODY, Tenant, checked_id
from mozaiks.errors import MozaiksError
from mozaiks.web.bearer import Bearer
from mozaiks.web.runtime import Api

__all__ = ["Overseen"]

_App = Annotated[
    str | None,
    Query(
        description="The app. Where tokens are checked it is the token's own; where not, unset means every app.",
        examples=["acme"],
        json_schema_extra={"pattern": "^[A-Za-z0-9_-]{1,64}$"},
    ),
]


async def _overseen(api: Api, token: Bearer, app_id: _App = None) -> Sequence[Tenant]:
    """The apps whose figures the caller may see.

    Raises
    ------
    MozaiksError
        ``FORBIDDEN`` for a token without the scope ``admin``; ``VALIDATION`` for an app of another shape.
    """
    named = None if app_id is None else checked_id("app_id", app_id)
    if api.tokens is None:
        return [Tenant(each) for each in ([named] if named is not None else api.figures.apps())]
    if token is None:
        raise MozaiksError("UNAUTHENTICATED", "there is no token; expected one in the Authorization header")
    token.require("admin")
    # Another app is as one that has no chats.
    return [Tenant(token.app_id if named in (None, token.app_id) else NOBODY.app_id)]


Overseen = Annotated[Sequence[Tenant], Depends(_overseen)]
