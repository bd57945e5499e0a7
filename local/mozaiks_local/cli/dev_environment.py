"""What the local stack is told: the template's parameters and the workers' environment. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import AliasChoices, SecretStr

if TYPE_CHECKING:
    from mozaiks.settings import Settings

__all__ = ["template_parameters", "worker_environment"]

_STAGE: Final = "local"
_OURS: Final = frozenset(
    {
        "stage",
        "port",
        "mozaiks_lambda_endpoint",
        "mozaiks_container_host",
        "run_state_machine_arn",
        "message_function_name",
        "websocket_callback_url",
        "websocket_public_url",
        "demo_model_url",
    }
)
"""Settings the stack gives by itself, from the template."""


def template_parameters(settings: Settings) -> dict[str, str]:
    """Values of the template's parameters, but for the stage what a deployment would be given."""
    return {
        "StageName": _STAGE,
        "MongoDbUri": _plain(settings.mongodb_uri),
        "MongoDbName": settings.mongodb_db_name,
        "OpenAiApiKey": _plain(settings.openai_api_key),
        "OpenAiBaseUrl": settings.openai_base_url or "",
        "OpenAiModel": settings.openai_model,
        "AuthEnabled": "true" if settings.checks_tokens else "false",
        "JwtSecret": _plain(settings.jwt_secret),
        "AllowedIssuers": settings.allowed_issuers,
        "LogLevel": settings.log_level,
    }


def worker_environment(settings: Settings, environ: Mapping[str, str], workflows: Path) -> dict[str, str]:
    """Variables of every worker, over the template's.

    Settings somebody gave reach the workers under their own names, so that a setting works here that the template
    does not pass on. What a tool reads from the environment is passed too: nothing is filtered but what the local
    stack decides itself.
    """
    ours: dict[str, str] = {}
    fields = type(settings).model_fields
    for name in settings.model_fields_set - _OURS:
        value = getattr(settings, name)
        alias = fields[name].validation_alias
        variable = str(alias.choices[0] if isinstance(alias, AliasChoices) else alias or name).upper()
        if value is not None:
            ours[variable] = _plain(value) if isinstance(value, SecretStr) else str(value)
    ours["MOZAIKS_WORKFLOWS_PATH"] = str(workflows)
    ours["STAGE"] = _STAGE
    ours["AUTH_ENABLED"] = "true" if settings.checks_tokens else "false"
    return ours


def _plain(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()
