"""Models of providers beside OpenAI."""

from __future__ import annotations

import importlib.util

import pytest

from mozaiks.engine.other_providers import PROVIDERS, model_of_provider
from mozaiks.errors import MozaiksError
from mozaiks.manifests.sections import models
from mozaiks.manifests.spec import ModelSpec


def refusal(model: ModelSpec, provider: str) -> str:
    with pytest.raises(MozaiksError) as caught:
        model_of_provider(model, provider, "Ada", seconds=5.0, retries=1)
    assert caught.value.code == "MODEL_NOT_CONFIGURED"
    return caught.value.message


def test_every_provider_that_a_manifest_may_name_has_a_configuration() -> None:
    assert {"openai", *PROVIDERS} == set(models.PROVIDERS)


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_a_provider_without_its_package_names_the_extra(provider: str) -> None:
    package = models.PROVIDERS[provider].partition(".")[0]
    if importlib.util.find_spec(package) is not None:
        pytest.skip(f"{package} is installed here")
    model = ModelSpec(provider=provider, model="m", temperature=0.5, max_tokens=10)
    assert refusal(model, provider) == f"the provider {provider!r} needs a package; install ag2[{provider}]"


def test_a_provider_s_model_must_be_named() -> None:
    assert "has no model" in refusal(ModelSpec(provider="bedrock"), "bedrock")


def test_an_unknown_provider_is_told_with_those_there_are() -> None:
    words = refusal(ModelSpec(provider="abacus", model="m"), "abacus")
    assert "'abacus'; expected one of openai, bedrock, anthropic" in words
