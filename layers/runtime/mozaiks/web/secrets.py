"""Users' secrets: kept, looked at without their values, forgotten."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from mozaiks.web.ids import SecretCursor, SecretName
from mozaiks.web.owner import Owner
from mozaiks.web.runtime import Api
from mozaiks.web.secret_models import ForgottenSecret, PutSecret, SecretMetadata, SecretPage

__all__ = ["routes"]

routes = APIRouter(prefix="/api/secrets", tags=["secrets"])


@routes.get("/{app_id}/{user_id}")
async def list_secrets(
    owner: Owner, api: Api, limit: Annotated[int, Query(ge=1, le=100)] = 50, after: SecretCursor = None
) -> SecretPage:
    """The user's secrets by name, without their values."""
    found = api.secrets.infos(owner, after=after or "", limit=limit + 1)
    page = found[:limit]
    return SecretPage(
        secrets=[SecretMetadata.of(info) for info in page],
        next_after=page[-1].name if len(found) > limit else None,
    )


@routes.put("/{app_id}/{user_id}/{name}")
async def put_secret(body: PutSecret, owner: Owner, name: SecretName, api: Api) -> SecretMetadata:
    """Keep a secret for the user's tools, in the place of an older one of this name."""
    return SecretMetadata.of(api.secrets.put(owner, name, body.value.get_secret_value()))


@routes.get("/{app_id}/{user_id}/{name}")
async def secret_metadata(owner: Owner, name: SecretName, api: Api) -> SecretMetadata:
    """What is known of a secret. Its value is for tools alone."""
    return SecretMetadata.of(api.secrets.info(owner, name))


@routes.delete("/{app_id}/{user_id}/{name}")
async def delete_secret(owner: Owner, name: SecretName, api: Api) -> ForgottenSecret:
    """Forget a secret."""
    api.secrets.delete(owner, name)
    return ForgottenSecret(name=name, deleted=True)
