"""``llm_config`` in both places it may stand, and the matching of texts."""

from __future__ import annotations

import importlib.util
import re
from functools import cache

from mozaiks.manifests.canonical.agents import LlmConfig, ModelChoice
from mozaiks.manifests.canonical.orchestrator import TextCondition
from mozaiks.manifests.nodes import Entry, Node
from mozaiks.manifests.problems import did_you_mean
from mozaiks.manifests.reading import Reading
from mozaiks.manifests.shape import normalise, replace_child
from mozaiks.manifests.spec import ModelSpec, TextMatch

__all__ = ["PROVIDERS", "check_llm", "installed", "llm_node", "text_match", "text_node", "to_model_spec"]

PROVIDERS = {
    "openai": "openai",
    "bedrock": "aiobotocore",
    "anthropic": "anthropic",
    "gemini": "google.genai",
    "mistral": "mistralai",
    "ollama": "ollama",
    "dashscope": "dashscope",
    "xai": "xai_sdk",
    "zai": "zai",
}
"""Model provider, which is also the name of its ``ag2`` extra → the package it needs."""


@cache
def installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False


def llm_node(node: Node, reading: Reading, what: str) -> Node:
    """``llm_config`` with canonical keys; a fallback may be one map, or a model's name."""
    node = normalise(node, LlmConfig, reading.report, what)
    entry = node.entries().get("fallback")
    if entry is not None:
        fallbacks = entry.node.items() if isinstance(entry.node.value, list) else [entry.node]
        models = [_choice(item, reading, f"{what}.fallback[{index}]") for index, item in enumerate(fallbacks)]
        replace_child(node, "fallback", Node(models, entry.node.place))
    return node


def _choice(node: Node, reading: Reading, what: str) -> Node:
    if isinstance(node.value, str):
        return Node({"model": Entry("model", node.place, node)}, node.place)
    return normalise(node, ModelChoice, reading.report, what)


def check_llm(config: LlmConfig, node: Node, reading: Reading, what: str) -> None:
    """Report unknown providers, and those whose package is not installed."""
    choices: list[tuple[ModelChoice, tuple[str | int, ...]]] = [(config, ())]
    choices += [(choice, ("fallback", index)) for index, choice in enumerate(config.fallback)]
    for choice, path in choices:
        provider = choice.provider
        if provider is None:
            continue
        place = node.place_of(*path, "provider")
        if provider.casefold() not in PROVIDERS:
            hint = did_you_mean(provider, PROVIDERS)
            reading.report.error(
                "unknown_provider", f"{what}: unknown provider {provider!r}{hint}", place, key="provider"
            )
        elif not installed(PROVIDERS[provider.casefold()]):
            extra = provider.casefold()
            reading.report.error(
                "missing_package",
                f"{what}: the provider {provider!r} needs the package {PROVIDERS[extra]!r}; install ag2[{extra}]",
                place,
                key="provider",
            )


def to_model_spec(config: LlmConfig) -> ModelSpec:
    """The immutable form; a fallback without a provider has that of the model it stands in for."""
    provider = config.provider
    return _spec(config, provider, tuple(_spec(choice, choice.provider or provider) for choice in config.fallback))


def _spec(choice: ModelChoice, provider: str | None, fallback: tuple[ModelSpec, ...] = ()) -> ModelSpec:
    return ModelSpec(
        provider=provider.casefold() if provider else None,
        model=choice.model,
        temperature=choice.temperature,
        max_tokens=choice.max_tokens,
        timeout=choice.timeout,
        fallback=fallback,
    )


def text_node(node: Node, reading: Reading, what: str, bare: str) -> Node:
    """A text condition with canonical keys; a bare text stands for the key ``bare``."""
    if isinstance(node.value, str):
        return Node({bare: Entry(bare, node.place, node)}, node.place)
    return normalise(node, TextCondition, reading.report, what)


def text_match(condition: TextCondition, node: Node, reading: Reading, what: str) -> TextMatch | None:
    """The immutable form; reported when it is not exactly one comparison or its pattern is wrong."""
    given = condition.model_dump(exclude_none=True)
    if len(given) != 1:
        found = " and ".join(given) or "none"
        reading.report.error("wrong_value", f"{what} takes one of equals, contains, regex; found {found}", node.place)
        return None
    if condition.regex is not None:
        try:
            re.compile(condition.regex)
        except (re.error, RecursionError, OverflowError) as error:
            reading.report.error(
                "regex", f"{what}: not a regular expression: {error}", node.place_of("regex"), key="regex"
            )
            return None
    return TextMatch(**given)
