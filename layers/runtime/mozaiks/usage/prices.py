"""What a model's tokens cost: from the configuration first, then from the price library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from mozaiks.usage.calls import NANO
from mozaiks.usage.model_price import ModelPrice

__all__ = ["Prices"]

_MILLION: Final = 1_000_000

_PROVIDERS: Final = {"gemini": "google", "xai": "x-ai", "bedrock": "aws"}
"""What the price library calls providers, where it has another name for them than the manifests."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of model calls.

    ``own`` has them by the model's name as its service tells it; a name that ends with ``*`` stands for all names that
    begin so, the longest such one counts.
    """

    own: Mapping[str, ModelPrice]

    def load(self) -> None:
        """Import the price library, which takes a seventh of a second: to be done while a model is waited for."""
        import genai_prices  # noqa: F401

    def nanousd(
        self,
        model: str | None,
        provider: str | None,
        *,
        prompt_tokens: int,
        completion_tokens: int,
        cached_tokens: int = 0,
        cache_write_tokens: int = 0,
    ) -> int | None:
        """The cost of one call in whole nano-dollars; ``None`` where no price is known.

        Parameters
        ----------
        cached_tokens, cache_write_tokens
            Parts of the prompt's.
        """
        if model is None:
            return None
        own = self._own(model)
        if own is not None:
            cached = own.input if own.cached_input is None else own.cached_input
            fresh = max(0, prompt_tokens - cached_tokens)
            total = fresh * own.input + cached_tokens * cached + completion_tokens * own.output
            return _nano(total / _MILLION)
        if provider is None:
            # Several services sell models of the same name, at prices of their own.
            return None
        from genai_prices import Usage, calc_price

        usage = Usage(
            input_tokens=max(prompt_tokens, cached_tokens + cache_write_tokens),
            output_tokens=completion_tokens,
            cache_read_tokens=cached_tokens,
            cache_write_tokens=cache_write_tokens,
        )
        try:
            found = calc_price(usage, model, provider_id=_PROVIDERS.get(provider, provider))
        except (LookupError, ValueError):
            # Not known, or not priced by tokens.
            return None
        return _nano(found.total_price)

    def _own(self, model: str) -> ModelPrice | None:
        if model in self.own:
            return self.own[model]
        fitting = [name for name in self.own if name.endswith("*") and model.startswith(name[:-1])]
        return self.own[max(fitting, key=len)] if fitting else None


def _nano(dollars: Decimal) -> int:
    return int((dollars * NANO).to_integral_value(ROUND_HALF_EVEN))
