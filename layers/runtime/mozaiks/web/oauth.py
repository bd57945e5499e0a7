"""The webhook by which another service of the platform tells that a user has connected an account."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from mozaiks.access.internal import require_shared_secret
from mozaiks.access.principal import Tenant
from mozaiks.errors import MozaiksError
from mozaiks.web.ids import BodyAppId, BodyChatId, BodyUserId
from mozaiks.web.runtime import Api

__all__ = ["routes"]

routes = APIRouter(prefix="/api/realtime", tags=["webhooks"])

_Line = Annotated[str, Field(max_length=256, pattern=r"^[^\x00-\x1f]*$")]
"""The pattern also refuses half a surrogate pair."""
_Words = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]


class OauthNotice(BaseModel):
    """Further fields, such as ``timestampUtc``, are ignored: the event carries the time at which it was stored."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        alias_generator=to_camel,
        json_schema_extra={
            "examples": [
                {
                    "chatSessionId": "5f0c6a5d2b8e4a1f9c3d7e6b1a2f4c8d",
                    "correlationId": "oauth-state",
                    "appId": "acme",
                    "userId": "ann",
                    "platform": "Reddit",
                    "success": True,
                    "accountId": "t2_9x",
                    "accountName": "ann_makes_tea",
                    "error": None,
                    "timestampUtc": "2026-01-14T00:00:00Z",
                }
            ]
        },
    )

    chat_session_id: Annotated[BodyChatId, Field(description="The chat that is to hear of it.")]
    correlation_id: Annotated[
        str,
        Field(
            min_length=1,
            max_length=1024,
            pattern=r"^[^\x00-\x1f]+$",
            description="Of the authorisation. A notice with the same one is taken once.",
        ),
    ]
    app_id: BodyAppId
    user_id: BodyUserId
    platform: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]+$", examples=["Reddit"])]
    success: bool
    account_id: _Line | None = None
    account_name: _Line | None = None
    error: _Words | None = None


class OauthHeard(BaseModel):
    success: Literal[True] = True
    chat_id: str
    event_id: str = Field(description="Of the event in the chat's log. A repeated notice gets the first one's.")


async def _another_service(
    api: Api,
    x_internal_auth: Annotated[str | None, Header(description="The shared secret, where one is configured.")] = None,
) -> None:
    """Raise ``UNAUTHENTICATED`` unless the caller brought the shared secret.

    Where none is configured a developer's machine takes everybody's word, and a deployment nobody's.
    """
    secret = api.config.realtime_gateway_shared_secret
    if secret is not None:
        require_shared_secret(secret.get_secret_value(), x_internal_auth)
    elif api.config.stage != "local":
        raise MozaiksError("UNAUTHENTICATED", "this deployment has no shared secret, so it takes no such calls")


@routes.post("/oauth/completed", status_code=202, dependencies=[Depends(_another_service)])
async def oauth_completed(notice: OauthNotice, api: Api) -> OauthHeard:
    """Tell a chat that its user has connected an account elsewhere, or could not.

    It is stored in the chat's log and pushed; a client that is away gets it when it comes back. The chat must be that
    app's and that user's.
    """
    heard = api.service.oauth_completed(
        Tenant(notice.app_id, notice.user_id),
        notice.chat_session_id,
        {
            "platform": notice.platform,
            "success": notice.success,
            "account_id": notice.account_id,
            "account_name": notice.account_name,
            "error": notice.error,
            "correlation_id": notice.correlation_id,
        },
    )
    return OauthHeard(chat_id=notice.chat_session_id, event_id=heard["event_id"])
