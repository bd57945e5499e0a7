"""Who is asking: the one place where a request becomes a principal."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from mozaiks.access.principal import NOBODY, Principal, checked_id
from mozaiks.errors import MozaiksError
from mozaiks.web.bearer import Bearer
from mozaiks.web.ids import AppId, UserIdQuery
from mozaiks.web.runtime import Api, Runtime

__all__ = ["Caller", "named_principal"]

_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_EXISTING: Final = frozenset({"chat_id", "journey_run_id"})
"""What is looked for in the caller's name; anything else with a body is begun."""


async def _principal(
    request: Request, api: Api, token: Bearer, app_id: AppId, user_id: UserIdQuery = None
) -> Principal:
    return await named_principal(request, api, token, app_id, user_id)


async def named_principal(
    request: Request, api: Runtime, token: Principal | None, app_id: str, user_id: str | None
) -> Principal:
    """The caller: whom the token names, or, where none are checked, the app of the path and the user it names.

    Another app or user than the token's is as absent as a missing id: what is read is read as ``NOBODY``, and nothing
    can be begun there.

    Raises
    ------
    MozaiksError
        ``FORBIDDEN`` for a token without the scope ``chat``; ``NOT_FOUND`` for a request to begin something in
        another's name; ``VALIDATION`` for a user that is missing, ill-shaped or told twice differently.
    """
    users = await _named_users(request, user_id)
    if api.tokens is None:
        if not users:
            raise MozaiksError(
                "VALIDATION", "user_id is missing; expected in the query or in the body", field="user_id"
            )
        return Principal(app_id, users.pop())
    if token is None:
        raise MozaiksError("UNAUTHENTICATED", "there is no token; expected one in the Authorization header")
    token.require("chat")
    if app_id == token.app_id and users <= {token.user_id}:
        return token
    if request.method in _WITH_BODY and not _EXISTING & request.path_params.keys():
        raise MozaiksError("NOT_FOUND", "the app and the user of this request are not there")
    return NOBODY


async def _named_users(request: Request, user_id: str | None) -> set[str]:
    """The user that query, path and body name, if any does."""
    named = [each for each in (user_id, request.path_params.get("user_id")) if each is not None]
    if request.method in _WITH_BODY:
        body = await _json_object(request)
        if body.get("user_id") is not None:
            named.append(body["user_id"])
    users = {checked_id("user_id", each) for each in named}
    if len(users) > 1:
        raise MozaiksError("VALIDATION", "the query and the body name different users", field="user_id")
    return users


async def _json_object(request: Request) -> dict[str, Any]:
    """The body if it is a JSON object, else nothing: what else is wrong with it, the route's own model says."""
    if not await request.body():
        return {}
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        found = repr(media_type)[:80] if media_type else "missing"
        raise HTTPException(415, f"the content type is {found}; expected application/json")
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MozaiksError("BAD_JSON", "the body is no JSON") from error
    return body if isinstance(body, dict) else {}


Caller = Annotated[Principal, Depends(_principal)]
