"""Who is asking: the one place where a request becomes a principal."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from mozaiks.access.principal import Principal, checked_id
from mozaiks.errors import MozaiksError
from mozaiks.web.ids import AppId, UserIdQuery
from mozaiks.web.runtime import Api

__all__ = ["Caller"]

_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


async def _principal(request: Request, api: Api, app_id: AppId, user_id: UserIdQuery = None) -> Principal:
    """The caller: the app of the path and the user that the query or the body names.

    Raises
    ------
    MozaiksError
        ``VALIDATION`` for a user that is missing, ill-shaped or told twice differently; ``NOT_BUILT`` where tokens
        are to be checked.
    """
    if api.config.checks_tokens:
        raise MozaiksError("NOT_BUILT", "token checks are not built yet; set AUTH_ENABLED=false on your own machine")
    named = [] if user_id is None else [user_id]
    if request.method in _WITH_BODY:
        body = await _json_object(request)
        if body.get("user_id") is not None:
            named.append(body["user_id"])
    if not named:
        raise MozaiksError("VALIDATION", "user_id is missing; expected in the query or in the body", field="user_id")
    users = {checked_id("user_id", each) for each in named}
    if len(users) > 1:
        raise MozaiksError("VALIDATION", "the query and the body name different users", field="user_id")
    return Principal(app_id, users.pop())


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
