"""Ids in paths, queries and bodies: checked for their shape before anything else sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Path, Query
from pydantic import BeforeValidator, Field

from mozaiks.access.principal import checked_id

__all__ = [
    "AppId",
    "BodyAppId",
    "BodyChatId",
    "BodyUserId",
    "ChatId",
    "ClientRequestId",
    "Cursor",
    "JourneyName",
    "JourneyRunId",
    "MessageId",
    "RequestId",
    "SecretCursor",
    "SecretName",
    "UserIdPath",
    "UserIdQuery",
    "WorkflowName",
]

_ID_SHAPE: Final = {"pattern": "^[A-Za-z0-9_-]{1,64}$"}
_USER_SHAPE: Final = {"pattern": "^[A-Za-z0-9_.@|:+-]{1,128}$"}


def _checked(kind: str) -> BeforeValidator:
    check: Callable[[object], str | None] = lambda value: None if value is None else checked_id(kind, value)  # noqa: E731
    return BeforeValidator(check)


AppId = Annotated[
    str, _checked("app_id"), Path(description="The tenant.", examples=["acme"], json_schema_extra=dict(_ID_SHAPE))
]
WorkflowName = Annotated[
    str,
    _checked("workflow_name"),
    Path(description="Name of the workflow, in any case.", examples=["HelloWorld"], json_schema_extra=dict(_ID_SHAPE)),
]
ChatId = Annotated[
    str,
    _checked("chat_id"),
    Path(description="The chat.", examples=["5f0c6a5d2b8e4a1f9c3d7e6b1a2f4c8d"], json_schema_extra=dict(_ID_SHAPE)),
]
JourneyName = Annotated[
    str,
    _checked("journey_id"),
    Path(
        description="Id of the journey in the pack, in any case.", examples=["build"], json_schema_extra=dict(_ID_SHAPE)
    ),
]
JourneyRunId = Annotated[
    str,
    _checked("journey_run_id"),
    Path(description="The run.", examples=["5f0c6a5d2b8e4a1f9c3d7e6b1a2f4c8d"], json_schema_extra=dict(_ID_SHAPE)),
]
UserIdQuery = Annotated[
    str | None,
    Query(
        description="The user, where no token names one. A body may say it instead.",
        examples=["ann"],
        json_schema_extra=dict(_USER_SHAPE),
    ),
]
UserIdPath = Annotated[
    str, _checked("user_id"), Path(description="The user.", examples=["ann"], json_schema_extra=dict(_USER_SHAPE))
]
SecretName = Annotated[
    str,
    _checked("name"),
    Path(description="What tools ask for it by.", examples=["crm_api_key"], json_schema_extra=dict(_ID_SHAPE)),
]
SecretCursor = Annotated[
    str | None,
    _checked("after"),
    Query(description="`next_after` of the former page.", json_schema_extra=dict(_ID_SHAPE)),
]
Cursor = Annotated[
    str | None,
    Query(description="`next_before` of the former page; opaque.", pattern="^[A-Za-z0-9_-]{1,128}$"),
]

BodyAppId = Annotated[str, _checked("app_id"), Field(examples=["acme"], json_schema_extra=dict(_ID_SHAPE))]
BodyChatId = Annotated[str, _checked("chat_id"), Field(json_schema_extra=dict(_ID_SHAPE))]
BodyUserId = Annotated[str, _checked("user_id"), Field(examples=["ann"], json_schema_extra=dict(_USER_SHAPE))]
ClientRequestId = Annotated[str, _checked("client_request_id"), Field(json_schema_extra=dict(_ID_SHAPE))]
RequestId = Annotated[str, _checked("request_id"), Field(json_schema_extra=dict(_ID_SHAPE))]
MessageId = Annotated[str, _checked("client_message_id"), Field(json_schema_extra=dict(_ID_SHAPE))]
