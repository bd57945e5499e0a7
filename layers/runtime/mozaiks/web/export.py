"""A user's data, as JSON lines."""

from __future__ import annotations

import json
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from mozaiks.chats.exporting import MAX_CURSOR, Place
from mozaiks.web.owner import Subject
from mozaiks.web.runtime import Api

__all__ = ["routes"]

NDJSON: Final = "application/x-ndjson"
PAGE_BYTES: Final = 3 * 1024 * 1024
"""A Lambda's answer may have 6 MB; what is no JSON document travels as base64 in it, which takes a third more."""

routes = APIRouter(tags=["export"])

Cursor = Annotated[
    str | None,
    Query(
        description="`next_cursor` of the former page; opaque.",
        max_length=MAX_CURSOR,
        json_schema_extra={"pattern": "^[A-Za-z0-9_-]+$"},
    ),
]


@routes.get(
    "/api/users/{app_id}/{user_id}/export",
    response_class=Response,
    responses={
        200: {
            "description": "JSON lines. The last one has the kind `page`, and `next_cursor`: null, or the next page's.",
            "content": {NDJSON: {"schema": {"type": "string"}}},
        }
    },
)
async def export_user(subject: Subject, api: Api, cursor: Cursor = None) -> Response:
    """Everything that is kept of a user, page by page.

    Each line says its `kind`: `session`, `event`, `command`, `tool_result`, `message` (what agents were told and
    answered), `journey`, `secret` (never its value). By the user, or by an administrator of the app.
    """
    place = Place() if cursor is None else Place.of_cursor(cursor)
    page = api.exporter.page(subject, place, PAGE_BYTES)
    end = json.dumps({"kind": "page", "next_cursor": None if page.next is None else page.next.cursor})
    body = "\n".join([*page.lines, end, ""])
    headers = {"Cache-Control": "no-store"}
    return Response(body.encode("utf-8", "replace"), media_type=NDJSON, headers=headers)
