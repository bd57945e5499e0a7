"""AG2's model configurations of the providers beside OpenAI, by the names their options have there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import ag2.config
from ag2.config import ModelConfig

from mozaiks.errors import MozaiksError
from mozaiks.manifests.spec import ModelSpec

__all__ = ["PROVIDERS", "model_of_provider"]


@dataclass(frozen=True, slots=True)
class _Provider:
    """AG2's class, and what it calls the options that not all of them call alike; ``None`` if it has none such."""

    config: str
    max_tokens: str = "max_tokens"
    seconds: str | None = "timeout"
    milliseconds: str | None = None
    retries: str | None = "max_retries"


PROVIDERS: Final = {
    "bedrock": _Provider("BedrockConfig"),
    "anthropic": _Provider("AnthropicConfig"),
    "gemini": _Provider("GeminiConfig", max_tokens="max_output_tokens", seconds=None, retries=None),
    "mistral": _Provider("MistralConfig", seconds=None, milliseconds="timeout_ms", retries=None),
    "ollama": _Provider("OllamaConfig", seconds=None, retries=None),
    "dashscope": _Provider("DashScopeConfig", seconds=None, retries=None),
    "xai": _Provider("XAIConfig", retries=None),
    "zai": _Provider("ZAIConfig"),
}
"""Their packages are extras of AG2, by the provider's name."""


def model_of_provider(model: ModelSpec, provider: str, agent: str, *, seconds: float, retries: int) -> ModelConfig:
    """The configuration of another provider's model. Keys come from where the provider's own SDK looks for them.

    Parameters
    ----------
    seconds
        Time-out of a call, where the provider's SDK takes one.

    Raises
    ------
    MozaiksError
        ``MODEL_NOT_CONFIGURED`` for a provider that is not known, without a model, or without the provider's package.
    """
    known = PROVIDERS.get(provider)
    if known is None or model.model is None:
        wrong = f"the provider {provider!r}" if known is None else "no model"
        expected = f"openai, {', '.join(PROVIDERS)}"
        raise MozaiksError(
            "MODEL_NOT_CONFIGURED", f"the agent {agent!r} has {wrong}; expected one of {expected}, and a model"
        )
    options: dict[str, Any] = {"streaming": True}
    if model.temperature is not None:
        options["temperature"] = model.temperature
    if model.max_tokens is not None:
        options[known.max_tokens] = model.max_tokens
    if known.seconds is not None:
        options[known.seconds] = seconds
    if known.milliseconds is not None:
        options[known.milliseconds] = int(seconds * 1000)
    if known.retries is not None:
        options[known.retries] = retries
    try:
        made: ModelConfig = getattr(ag2.config, known.config)(model.model, **options)
    except ImportError as error:
        raise MozaiksError(
            "MODEL_NOT_CONFIGURED", f"the provider {provider!r} needs a package; install ag2[{provider}]"
        ) from error
    return made
