"""Routes the API will have and has not yet: they answer 501, so that nobody takes them for a typing error."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request

from mozaiks.errors import MozaiksError

__all__ = ["NOT_BUILT", "routes"]

NOT_BUILT: Final[tuple[tuple[str, str], ...]] = (
    ("DELETE", "/api/chats/{app_id}/{workflow_name}/{chat_id}"),
    ("DELETE", "/api/users/{app_id}/{user_id}"),
)
"""Method and path of each."""

routes = APIRouter(include_in_schema=False)


async def _not_built(request: Request) -> None:
    raise MozaiksError("NOT_BUILT", f"{request.method} {request.scope['route'].path} is not built yet")


for _method, _path in NOT_BUILT:
    routes.add_api_route(_path, _not_built, methods=[_method])
