"""Every setting of the runtime, in one typed object read from the environment once per process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mozaiks.errors import MozaiksError

__all__ = ["Settings", "settings"]

_SECRETS: Final = {
    "MONGODB_URI_SECRET_ARN": ("mongodb_uri", "MONGODB_URI", "MONGO_URI", "DATABASE_URI"),
    "JWT_SECRET_ARN": ("jwt_secret", "JWT_SECRET"),
    "OPENAI_API_KEY_SECRET_ARN": ("openai_api_key", "OPENAI_API_KEY"),
}
"""The variable that names a secret → the field it fills, and the variables that come before it."""


class Settings(BaseSettings):
    """What the environment says.

    Secrets are ``SecretStr``: printing the object never shows them. Times are seconds.
    """

    model_config = SettingsConfigDict(
        extra="ignore", env_ignore_empty=True, frozen=True, populate_by_name=True, case_sensitive=False
    )

    stage: str = Field("local", description="Stage of the deployment; `local` on a developer's machine.")
    auth_enabled: bool | None = Field(
        None,
        description="Check tokens. Unset: false where STAGE is `local`, true elsewhere. False is refused elsewhere.",
    )
    jwt_secret: SecretStr | None = Field(None, description="Secret of HS256 tokens.")
    jwt_secret_arn: str | None = Field(None, description="Secret of Secrets Manager that holds JWT_SECRET.")
    allowed_issuers: str = Field("", description="Comma-separated issuers whose tokens are accepted.")

    mongodb_uri: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("mongodb_uri", "mongo_uri", "database_uri"),
        description="Connection string of a replica set. Aliases: MONGO_URI, DATABASE_URI.",
    )
    mongodb_uri_secret_arn: str | None = Field(None, description="Secret of Secrets Manager that holds MONGODB_URI.")
    mongodb_db_name: str = Field("mozaiksai", description="Database that holds everything.")
    mongodb_timeout_seconds: float = Field(8.0, gt=0, description="Longest a database operation may take.")

    mozaiks_workflows_path: Path = Field(Path("workflows"), description="Folder of the workflow folders.")
    mozaiks_data_dir: Path = Field(Path(".mozaiks"), description="Local data: database files, logs, caches.")
    port: int = Field(8000, ge=0, le=65535, description="The one port of the local stack.")

    openai_api_key: SecretStr | None = Field(None, description="Key of the model service. Unset locally: demo model.")
    openai_api_key_secret_arn: str | None = Field(
        None, description="Secret of Secrets Manager that holds OPENAI_API_KEY."
    )
    openai_base_url: str | None = Field(None, description="Address of another OpenAI-compatible service.")
    openai_model: str = Field("gpt-4o-mini", description="Model of agents that name none.")
    demo_model_url: str | None = Field(
        None, description="Address of the demo model; set by the local stack, it wins over OPENAI_BASE_URL."
    )
    llm_default_cache_seed: int | None = Field(None, ge=0, le=2**32 - 1, description="Overrides every chat's seed.")
    model_timeout_seconds: float = Field(20.0, gt=0, description="Longest silence of a model's answer.")
    model_http_retries: int = Field(2, ge=0, le=10, description="Retries of one model call before anything streamed.")
    model_attempts: int = Field(4, ge=1, le=20, description="Attempts at one turn, across slices, before it fails.")
    model_backoff_seconds: float = Field(2.0, ge=0, description="First pause between such attempts; doubles, up to 60.")

    run_state_machine_arn: str | None = Field(None, description="State machine that drives runs.")
    message_function_name: str | None = Field(None, description="Function that greets a new connection.")
    websocket_callback_url: str | None = Field(None, description="Address that takes @connections calls.")
    websocket_public_url: str | None = Field(None, description="Address browsers connect their sockets to.")

    slice_max_turns: int = Field(10, ge=1, description="Turns one slice may run.")
    slice_max_model_calls: int = Field(30, ge=1, description="Model calls one slice may make.")
    slice_reserve_seconds: float = Field(10.0, gt=0, description="Time a slice keeps back to store and hand over.")
    turn_max_model_calls: int = Field(25, ge=1, description="Model calls one turn may make before it counts as a loop.")
    tool_timeout_seconds: float = Field(60.0, gt=0, description="Longest a tool may run, unless its manifest says.")
    lease_seconds: float = Field(15.0, gt=0, description="A worker that is silent for so long has lost its chat.")

    push_coalesce_seconds: float = Field(0.05, ge=0, description="Deltas are gathered for so long before a post.")
    push_coalesce_bytes: int = Field(4096, ge=1, description="Or until they are so many bytes.")
    push_timeout_seconds: float = Field(3.0, gt=0, description="Longest one post to a connection may take.")
    push_drain_seconds: float = Field(5.0, gt=0, description="Longest a worker waits for slow connections at its end.")

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Lowest level that is logged.")
    logs_as_json: bool = Field(True, description="One JSON line per record; false for people.")

    @model_validator(mode="after")
    def _auth_only_off_locally(self) -> Settings:
        if self.auth_enabled is False and self.stage != "local":
            raise ValueError(
                f"AUTH_ENABLED is false in the stage {self.stage!r}; it may be false only where STAGE is 'local'"
            )
        return self

    @property
    def checks_tokens(self) -> bool:
        """Whether a connection or request must bring a valid token."""
        return self.stage != "local" if self.auth_enabled is None else self.auth_enabled


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read on first use; secrets that have only an ARN come from Secrets Manager.

    Raises
    ------
    MozaiksError
        ``CONFIGURATION`` if a secret cannot be read.
    """
    return Settings(**_deployed_secrets(os.environ))


def _deployed_secrets(environ: Mapping[str, str]) -> dict[str, Any]:
    """What Secrets Manager holds, by field. A value that stands in the environment itself wins."""
    found: dict[str, Any] = {}
    for arn_variable, (field, *variables) in _SECRETS.items():
        arn = environ.get(arn_variable)
        if arn and not any(environ.get(variable) for variable in variables):
            found[field] = SecretStr(_read_secret(arn, arn_variable))
    return found


def _read_secret(arn: str, variable: str) -> str:
    # Imported here: with boto3 it costs a fifth of a second, and nothing local needs it.
    from aws_lambda_powertools.utilities import parameters
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

    try:
        value = parameters.get_secret(arn)
    except GetParameterError as error:
        # The cause's text may repeat the request; its code is what one has to know.
        cause = error.__cause__ or error.__context__
        response = getattr(cause, "response", None) or {}
        code = response.get("Error", {}).get("Code") or type(cause or error).__name__
        raise MozaiksError("CONFIGURATION", f"the secret that {variable} names cannot be read: {code}") from None
    if not isinstance(value, str) or not value.strip():
        raise MozaiksError("CONFIGURATION", f"the secret that {variable} names holds no text")
    return value.strip()
