"""Every setting of the runtime, in one typed object read from the environment once per process."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import unquote

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mozaiks.errors import MozaiksError
from mozaiks.usage.model_price import ModelPrice

__all__ = ["MIN_SECRET_BYTES", "Settings", "check_secret", "settings"]

MIN_SECRET_BYTES: Final = 32

_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
"""No path: a browser sends none, so an origin with one would match nothing."""

_HEADER: Final = re.compile(r"[A-Za-z0-9!#$&'*+.^_|~-]+")
_HEADER_VALUE: Final = re.compile(r"[!-~]([ -~]*[!-~])?")

_SECRETS: Final = {
    "MONGODB_URI_SECRET_ARN": ("mongodb_uri", "MONGODB_URI", "MONGO_URI", "DATABASE_URI"),
    "JWT_SECRET_ARN": ("jwt_secret", "JWT_SECRET"),
    "OPENAI_API_KEY_SECRET_ARN": ("openai_api_key", "OPENAI_API_KEY"),
    "PLATFORM_API_KEY_SECRET_ARN": ("platform_api_key", "PLATFORM_API_KEY"),
    "REALTIME_GATEWAY_SHARED_SECRET_ARN": ("realtime_gateway_shared_secret", "REALTIME_GATEWAY_SHARED_SECRET"),
    "USAGE_WEBHOOK_SECRET_ARN": ("usage_webhook_secret", "USAGE_WEBHOOK_SECRET"),
    "OTEL_EXPORTER_OTLP_HEADERS_SECRET_ARN": ("otel_exporter_otlp_headers", "OTEL_EXPORTER_OTLP_HEADERS"),
}
"""The variable that names a secret → the field it fills, and the variables that come before it."""


class Settings(BaseSettings):
    """What the environment says.

    Secrets are ``SecretStr``: printing the object never shows them. Times are seconds.
    """

    model_config = SettingsConfigDict(
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        populate_by_name=True,
        case_sensitive=False,
        # A refused value is not repeated: it may be a secret, or stand beside one.
        hide_input_in_errors=True,
    )

    stage: str = Field("local", description="Stage of the deployment; `local` on a developer's machine.")
    auth_enabled: bool | None = Field(
        None,
        description="Check tokens. Unset: false where STAGE is `local`, true elsewhere. False is refused elsewhere.",
    )
    jwt_secret: SecretStr | None = Field(None, description="Secret of HS256 tokens; at least 32 bytes.")
    jwt_secret_arn: str | None = Field(None, description="Secret of Secrets Manager that holds JWT_SECRET.")
    jwks_url: str | None = Field(None, description="Address of the issuer's public keys, for RS256 and ES256 tokens.")
    oidc_issuer: str | None = Field(None, description="OpenID Connect issuer that says where its public keys are.")
    allowed_issuers: str = Field(
        "", description="Comma-separated issuers whose tokens are accepted. Unset: OIDC_ISSUER alone."
    )
    jwt_audience: str = Field("", description="Comma-separated audiences, one of which a token must name. Unset: any.")
    jwt_leeway_seconds: float = Field(
        2.0, ge=0, le=300, description="How far an issuer's clock may differ from this one."
    )
    jwks_ttl_seconds: float = Field(300.0, gt=0, description="Public keys are fetched again after so long.")
    jwks_pause_seconds: float = Field(10.0, gt=0, description="Shortest time between two fetches of public keys.")
    realtime_gateway_shared_secret: SecretStr | None = Field(
        None, description="Secret other services of the platform bring in X-Internal-Auth."
    )
    realtime_gateway_shared_secret_arn: str | None = Field(
        None, description="Secret of Secrets Manager that holds REALTIME_GATEWAY_SHARED_SECRET."
    )
    cors_origins: str = Field(
        "", description="Comma-separated origins whose pages may call the HTTP API; `*` for all. Unset: its own alone."
    )

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
    mozaiks_lambda_endpoint: str | None = Field(
        None,
        description="Another Lambda service that runs the local stack's functions, as of `sam local start-lambda`.",
    )
    mozaiks_container_host: str = Field(
        "host.docker.internal", description="How functions in containers call this machine."
    )
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

    secrets_key_id: str | None = Field(
        None, description="Key of KMS that encrypts users' secrets: its id, ARN or alias."
    )

    platform_api_url: str | None = Field(None, description="Address of your platform's own API, for tools.")
    platform_api_key: SecretStr | None = Field(None, description="Key that tools bring to your platform's API.")
    platform_api_key_secret_arn: str | None = Field(
        None, description="Secret of Secrets Manager that holds PLATFORM_API_KEY."
    )

    run_state_machine_arn: str | None = Field(None, description="State machine that drives runs.")
    journey_state_machine_arn: str | None = Field(None, description="State machine that drives journeys.")
    message_function_name: str | None = Field(None, description="Function that greets a new connection.")
    websocket_callback_url: str | None = Field(None, description="Address that takes @connections calls.")
    websocket_public_url: str | None = Field(None, description="Address browsers connect their sockets to.")

    slice_max_turns: int = Field(10, ge=1, description="Turns one slice may run.")
    slice_max_model_calls: int = Field(30, ge=1, description="Model calls one slice may make.")
    run_max_slices: int = Field(
        1500, ge=1, description="Slices of one execution; then another one goes on. AWS ends one at 25,000 events."
    )
    slice_reserve_seconds: float = Field(10.0, gt=0, description="Time a slice keeps back to store and hand over.")
    turn_max_model_calls: int = Field(25, ge=1, description="Model calls one turn may make before it counts as a loop.")
    history_max_entries: int = Field(
        400, ge=10, description="Newest entries of its history that an agent's model call carries; all are kept."
    )
    tool_timeout_seconds: float = Field(60.0, gt=0, description="Longest a tool may run, unless its manifest says.")
    lease_seconds: float = Field(15.0, gt=0, description="A worker that is silent for so long has lost its chat.")

    push_coalesce_seconds: float = Field(0.05, ge=0, description="Deltas are gathered for so long before a post.")
    push_coalesce_bytes: int = Field(4096, ge=1, description="Or until they are so many bytes.")
    push_timeout_seconds: float = Field(3.0, gt=0, description="Longest one post to a connection may take.")
    push_drain_seconds: float = Field(5.0, gt=0, description="Longest a worker waits for slow connections at its end.")

    model_prices: dict[str, ModelPrice] = Field(
        default_factory=dict,
        description=(
            "Prices of your own, as JSON: a model's name, or its beginning and `*`, to `input`, `output` and "
            "`cached_input` in USD for a million tokens. They come before those of the price library."
        ),
    )
    run_budget_tokens: int | None = Field(None, ge=1, description="Tokens one run may spend. Unset: any number.")
    run_budget_usd: float | None = Field(None, gt=0, description="Dollars one run may spend. Unset: any sum.")
    app_daily_budget_tokens: int | None = Field(
        None, ge=1, description="Tokens all runs of an app may spend that began on one day (UTC). Unset: any number."
    )
    app_daily_budget_usd: float | None = Field(
        None, gt=0, description="Dollars all runs of an app may spend that began on one day (UTC). Unset: any sum."
    )
    usage_webhook_url: str | None = Field(
        None, description="Address that is told what each run has spent, once it is over. Unset: nobody is."
    )
    usage_webhook_secret: SecretStr | None = Field(
        None, description="Secret that signs what is told to USAGE_WEBHOOK_URL; at least 32 bytes."
    )
    usage_webhook_secret_arn: str | None = Field(
        None, description="Secret of Secrets Manager that holds USAGE_WEBHOOK_SECRET."
    )
    metrics_namespace: str | None = Field(
        None, description="Namespace of CloudWatch that metrics are written to, in the log. Unset: none are."
    )
    otel_exporter_otlp_endpoint: str | None = Field(
        None,
        description=(
            "Address that spans of slices, turns, model calls and tool calls are sent to, by OTLP over HTTP. Unset: "
            "there are none. Needs the packages of requirements/otel.in."
        ),
    )
    otel_exporter_otlp_headers: SecretStr | None = Field(
        None, description="Headers to send them with, as `name=value`, separated by commas; a key of the service, say."
    )
    otel_exporter_otlp_headers_secret_arn: str | None = Field(
        None, description="Secret of Secrets Manager that holds OTEL_EXPORTER_OTLP_HEADERS."
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Lowest level that is logged.")
    logs_as_json: bool = Field(True, description="One JSON line per record; false for people.")

    @model_validator(mode="after")
    def _auth_only_off_locally(self) -> Settings:
        if self.auth_enabled is False and self.stage != "local":
            raise ValueError(
                f"AUTH_ENABLED is false in the stage {self.stage!r}; it may be false only where STAGE is 'local'"
            )
        return self

    @model_validator(mode="after")
    def _tokens_can_be_checked(self) -> Settings:
        if not self.checks_tokens:
            return self
        if self.jwt_secret is None and self.jwks_url is None and self.oidc_issuer is None:
            raise ValueError("tokens are to be checked with no key; set JWT_SECRET, JWKS_URL or OIDC_ISSUER")
        if self.jwt_secret is not None:
            check_secret(self.jwt_secret)
        for name, url in (("JWKS_URL", self.jwks_url), ("OIDC_ISSUER", self.oidc_issuer)):
            if url is not None and not url.startswith("https://") and self.stage != "local":
                raise ValueError(f"{name} is no https:// address")
        if not self.issuers:
            raise ValueError("tokens are to be checked and ALLOWED_ISSUERS is empty; name whose tokens are accepted")
        return self

    @model_validator(mode="after")
    def _usage_is_told_in_secret(self) -> Settings:
        url = self.usage_webhook_url
        if url is not None and not url.startswith("https://"):
            if self.stage != "local":
                raise ValueError("USAGE_WEBHOOK_URL is no https:// address")
            if not url.startswith("http://"):
                raise ValueError("USAGE_WEBHOOK_URL is no http:// or https:// address")
        if self.usage_webhook_secret is not None:
            check_secret(self.usage_webhook_secret, "USAGE_WEBHOOK_SECRET")
        return self

    @model_validator(mode="after")
    def _spans_find_their_way(self) -> Settings:
        url = self.otel_exporter_otlp_endpoint
        if url is not None and not url.startswith(("https://", "http://")):
            raise ValueError("OTEL_EXPORTER_OTLP_ENDPOINT is no http:// or https:// address")
        # Read here, and not only where they are sent: the library would log what it cannot read.
        _ = self.otel_headers
        return self

    @model_validator(mode="after")
    def _origins_are_origins(self) -> Settings:
        for origin in self.origins:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"CORS_ORIGINS names {origin[:80]!r}; expected origins such as https://chat.example.com"
                )
        return self

    @property
    def origins(self) -> tuple[str, ...]:
        """Origins whose pages may call the HTTP API."""
        return _listed(self.cors_origins)

    @property
    def otel_headers(self) -> tuple[tuple[str, str], ...]:
        """Names and values of the headers that spans are sent with. Values may be written as in a URL."""
        given = self.otel_exporter_otlp_headers
        split = [each.partition("=") for each in _listed("" if given is None else given.get_secret_value())]
        pairs = tuple((name.strip(), unquote(value.strip())) for name, _, value in split)
        if not all(_HEADER.fullmatch(name) and _HEADER_VALUE.fullmatch(value) for name, value in pairs):
            raise ValueError("OTEL_EXPORTER_OTLP_HEADERS holds something that is no name=value; expected name=value,…")
        return pairs

    @property
    def checks_tokens(self) -> bool:
        """Whether a connection or request must bring a valid token."""
        return self.stage != "local" if self.auth_enabled is None else self.auth_enabled

    @property
    def issuers(self) -> tuple[str, ...]:
        """Whose tokens are accepted."""
        return _listed(self.allowed_issuers) or _listed(self.oidc_issuer or "")

    @property
    def audiences(self) -> tuple[str, ...]:
        """One of these a token must be meant for; empty: any."""
        return _listed(self.jwt_audience)


def check_secret(secret: SecretStr, name: str = "JWT_SECRET") -> None:
    """Raise ``ValueError`` for a secret that can be guessed from what it signed (RFC 7518 asks for 32 bytes)."""
    size = len(secret.get_secret_value().encode())
    if size < MIN_SECRET_BYTES:
        raise ValueError(f"{name} has {size} bytes; expected at least {MIN_SECRET_BYTES}")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each for part in text.split(",") if (each := part.strip()))


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
