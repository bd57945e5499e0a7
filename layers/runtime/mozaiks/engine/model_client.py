"""AG2's model configuration for an agent, on one shared HTTP client, and the provider's errors as ours."""

from __future__ import annotations

from typing import Final

import httpx2
import openai
from ag2.config import ModelConfig, OpenAIConfig

from mozaiks.engine.lean_openai import LeanOpenAIConfig
from mozaiks.engine.other_providers import model_of_provider
from mozaiks.errors import MozaiksError
from mozaiks.manifests.spec import ModelSpec
from mozaiks.settings import Settings

__all__ = ["ModelConfigs", "as_model_error"]

_CONNECT_SECONDS: Final = 3.0


class ModelConfigs:
    """Makes configurations. One a process: a client and its TLS context cost 17 ms, and belong to one event loop."""

    def __init__(self, config: Settings) -> None:
        self._config = config
        self._http = httpx2.AsyncClient(
            limits=httpx2.Limits(max_connections=100, max_keepalive_connections=20),
            timeout=self._timeout(config.model_timeout_seconds),
            follow_redirects=False,
        )

    def of_agent(self, model: ModelSpec, *, workflow: str, agent: str, chat_id: str, fallbacks: int = 0) -> ModelConfig:
        """The configuration of an agent's model calls.

        Parameters
        ----------
        fallbacks
            How many of the agent's models have failed before: 0 is its own, 1 its first fallback, and so on.

        Raises
        ------
        MozaiksError
            ``MODEL_NOT_CONFIGURED`` without a key and a demo model, without the provider's package, or for a provider
            that is not known.
        """
        chosen = (model, *model.fallback)[min(fallbacks, len(model.fallback))]
        if self._config.demo_model_url is not None:
            # The demo model plays scripts by workflow and agent. No real service is told them.
            headers = {"x-mozaiks-workflow": workflow, "x-mozaiks-agent": agent, "x-mozaiks-chat": chat_id}
            return self._openai(chosen, "demo", self._config.demo_model_url, headers)
        match chosen.provider:
            case None | "openai":
                if self._config.openai_api_key is None:
                    raise MozaiksError("MODEL_NOT_CONFIGURED", "OPENAI_API_KEY is not set; no model can be called")
                key = self._config.openai_api_key.get_secret_value()
                return self._openai(chosen, key, self._config.openai_base_url, {})
            case provider:
                seconds = chosen.timeout or self._config.model_timeout_seconds
                retries = self._config.model_http_retries
                return model_of_provider(chosen, provider, agent, seconds=seconds, retries=retries)

    def _openai(self, model: ModelSpec, key: str, base_url: str | None, headers: dict[str, str]) -> OpenAIConfig:
        made = LeanOpenAIConfig(
            model.model or self._config.openai_model,
            api_key=key,
            base_url=base_url,
            streaming=True,
            timeout=self._timeout(model.timeout or self._config.model_timeout_seconds),
            max_retries=self._config.model_http_retries,
            default_headers=headers,
            http_client=self._http,
        )
        if model.temperature is not None:
            made.temperature = model.temperature
        if model.max_tokens is not None:
            made.max_completion_tokens = model.max_tokens
        return made

    async def close(self) -> None:
        await self._http.aclose()

    @staticmethod
    def _timeout(silence_seconds: float) -> httpx2.Timeout:
        # A read time-out is one silence, not the whole answer: a long stream may go on as long as it flows.
        return httpx2.Timeout(connect=_CONNECT_SECONDS, read=silence_seconds, write=10.0, pool=5.0)


def as_model_error(error: Exception) -> MozaiksError:
    """What a failed model call means to a run. The provider's own words may hold keys and are not repeated."""
    match error:
        case openai.RateLimitError() if error.code != "insufficient_quota":
            return MozaiksError("MODEL_UNAVAILABLE", "the model service limits our rate (429)", status=429)
        case openai.APITimeoutError():
            return MozaiksError("MODEL_UNAVAILABLE", "the model service fell silent")
        case openai.APIConnectionError():
            return MozaiksError("MODEL_UNAVAILABLE", "the connection to the model service broke")
        case openai.InternalServerError():
            return MozaiksError(
                "MODEL_UNAVAILABLE", f"the model service failed ({error.status_code})", status=error.status_code
            )
        case openai.APIStatusError():
            return MozaiksError(
                "MODEL_REJECTED",
                f"the model service refused the request ({error.status_code})",
                status=error.status_code,
                provider_code=error.code,
            )
        case httpx2.HTTPError():
            return MozaiksError("MODEL_UNAVAILABLE", "the connection to the model service broke")
        case _:
            return MozaiksError("MODEL_INVALID_RESPONSE", "the model service answered something that is no completion")
