"""Bodies and answers of the routes for secrets. No answer has a field for a value."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from mozaiks.access.sealed import MAX_SECRET_BYTES, MIN_SECRET_CHARS
from mozaiks.access.secrets import SecretInfo
from mozaiks.web.ids import BodyUserId

__all__ = ["ForgottenSecret", "PutSecret", "SecretMetadata", "SecretPage"]


class PutSecret(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        json_schema_extra={"examples": [{"value": "sk-live-4242", "user_id": "ann"}]},
    )

    value: Annotated[
        SecretStr,
        Field(
            min_length=MIN_SECRET_CHARS,
            max_length=MAX_SECRET_BYTES,
            description=f"The secret: at least {MIN_SECRET_CHARS} characters, at most {MAX_SECRET_BYTES} bytes. It is"
            " never given back.",
        ),
    ]
    user_id: BodyUserId | None = None


class SecretMetadata(BaseModel):
    """What anybody is told of a secret."""

    name: str
    version: int = Field(description="Counts from 1, with each new value.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, info: SecretInfo) -> SecretMetadata:
        return cls(name=info.name, version=info.version, created_at=info.created_at, updated_at=info.updated_at)


class SecretPage(BaseModel):
    secrets: list[SecretMetadata]
    next_after: str | None = Field(description="`after` of the next page; null: this is the last one.")


class ForgottenSecret(BaseModel):
    name: str
    deleted: bool
