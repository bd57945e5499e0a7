"""Whose things a route of one user's is about: the user its path names."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from mozaiks.access.principal import Principal
from mozaiks.web.bearer import Bearer
from mozaiks.web.caller import named_principal
from mozaiks.web.ids import AppId, UserIdPath
from mozaiks.web.runtime import Api

__all__ = ["Owner", "Subject"]


async def _owner(request: Request, api: Api, token: Bearer, app_id: AppId, user_id: UserIdPath) -> Principal:
    """The user of the path, who must be the caller. Raises as ``Caller`` does."""
    return await named_principal(request, api, token, app_id, request.query_params.get("user_id"))


async def _subject(request: Request, api: Api, token: Bearer, app_id: AppId, user_id: UserIdPath) -> Principal:
    """The user of the path, who must be the caller, or be of an app whose ``admin`` the caller is."""
    if token is not None and "admin" in token.scopes and token.app_id == app_id:
        return Principal(app_id, user_id, token.scopes, token.token_expires_at)
    return await named_principal(request, api, token, app_id, request.query_params.get("user_id"))


Owner = Annotated[Principal, Depends(_owner)]
Subject = Annotated[Principal, Depends(_subject)]
