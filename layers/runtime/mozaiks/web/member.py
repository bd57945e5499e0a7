"""Which app a request is about that is no single user's."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from mozaiks.access.principal import NOBODY, Tenant
from mozaiks.errors import MozaiksError
from mozaiks.web.bearer import Bearer
from mozaiks.web.ids import AppId
from mozaiks.web.runtime import Api

__all__ = ["AdministeredApp", "App"]


async def _app(api: Api, token: Bearer, app_id: AppId) -> Tenant:
    """The app of the path, to look at. Another's is as one that has nothing of its own.

    Raises
    ------
    MozaiksError
        ``FORBIDDEN`` for a token without the scope ``chat``.
    """
    if api.tokens is None:
        return Tenant(app_id)
    if token is None:
        raise MozaiksError("UNAUTHENTICATED", "there is no token; expected one in the Authorization header")
    token.require("chat")
    return Tenant(app_id if app_id == token.app_id else NOBODY.app_id)


async def _administered_app(api: Api, token: Bearer, app_id: AppId) -> Tenant:
    """The app of the path, to change.

    Raises
    ------
    MozaiksError
        ``FORBIDDEN`` for a token without the scope ``admin``; ``NOT_FOUND`` for another's app.
    """
    if api.tokens is None:
        return Tenant(app_id)
    if token is None:
        raise MozaiksError("UNAUTHENTICATED", "there is no token; expected one in the Authorization header")
    token.require("admin")
    if app_id != token.app_id:
        raise MozaiksError("NOT_FOUND", "the app of this request is not there")
    return Tenant(app_id)


App = Annotated[Tenant, Depends(_app)]
AdministeredApp = Annotated[Tenant, Depends(_administered_app)]
