"""What a call costs: one's own price first, then the library's; null, never zero, where there is none."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mozaiks.errors import MozaiksError
from mozaiks.settings import Settings
from mozaiks.usage.budgets import Ceiling
from mozaiks.usage.calls import NANO, CallUsage, Sum, added, merged, sum_of
from mozaiks.usage.model_price import ModelPrice
from mozaiks.usage.prices import Prices

TOKENS = {"prompt_tokens": 1_000_000, "completion_tokens": 100_000}


def price(input_: str, output: str, cached: str | None = None) -> ModelPrice:
    return ModelPrice(
        input=Decimal(input_), output=Decimal(output), cached_input=None if cached is None else Decimal(cached)
    )


def call(model: str | None = "m", agent: str | None = "Host", cost: int | None = 5) -> CallUsage:
    return CallUsage(agent, model, 10, 4, 2, 1, 14, cost)


def test_a_known_model_has_the_price_of_the_library() -> None:
    whole = Prices({}).nanousd("gpt-4o-mini", "openai", **TOKENS)
    cached = Prices({}).nanousd("gpt-4o-mini", "openai", cached_tokens=1_000_000, **TOKENS)
    assert whole is not None
    assert cached is not None
    assert 0 < cached < whole


@pytest.mark.parametrize(
    ("model", "provider"), [("no-such-model", "openai"), ("gpt-4o", "nobody"), ("gpt-4o", None), (None, "openai")]
)
def test_what_is_not_known_has_no_price(model: str | None, provider: str | None) -> None:
    assert Prices({}).nanousd(model, provider, **TOKENS) is None


def test_a_price_of_ones_own_comes_first() -> None:
    prices = Prices({"gpt-4o-mini": price("2", "10")})
    assert prices.nanousd("gpt-4o-mini", "openai", **TOKENS) == 3 * NANO


def test_a_free_model_costs_zero_and_is_priced() -> None:
    assert Prices({"mine": price("0", "0")}).nanousd("mine", None, **TOKENS) == 0


def test_cached_tokens_have_a_price_of_their_own_where_one_is_given() -> None:
    spent = {"prompt_tokens": 1_000_000, "completion_tokens": 0, "cached_tokens": 400_000}
    assert Prices({"m": price("1", "1", "0.5")}).nanousd("m", None, **spent) == 800_000_000
    assert Prices({"m": price("1", "1")}).nanousd("m", None, **spent) == NANO


def test_the_longest_beginning_that_fits_counts() -> None:
    prices = Prices({"m-*": price("1", "1"), "m-large-*": price("3", "3"), "m-large-1": price("9", "9")})
    found = [prices.nanousd(m, None, prompt_tokens=1_000_000, completion_tokens=0) for m in ("m-1", "m-large-2")]
    assert found == [NANO, 3 * NANO]
    assert prices.nanousd("m-large-1", None, prompt_tokens=1_000_000, completion_tokens=0) == 9 * NANO


def test_prices_of_ones_own_are_json_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_PRICES", '{"mine": {"input": 0.5, "output": 1.5}}')
    assert Settings().model_prices["mine"].output == Decimal("1.5")


def test_a_partial_sum_is_no_sum() -> None:
    found = sum_of([call().row, call("free-for-all", cost=None).row])
    assert (found.cost_usd, found.priced_nanousd, found.unpriced_models) == (None, 5, ("free-for-all",))
    assert found.total_tokens == 28


def test_calls_are_kept_by_agent_and_model() -> None:
    rows = added([], [call(), call(), call("other"), call(agent=None)])
    assert [(row["agent"], row["model"], row["model_calls"]) for row in rows] == [
        ("Host", "m", 2),
        ("Host", "other", 1),
        (None, "m", 1),
    ]
    assert merged(rows, rows)[0]["cost_nanousd"] == 20


def test_many_small_costs_add_up_exactly() -> None:
    assert sum_of(added([], [call(cost=1)] * 1000)).cost_usd == 1e-6


def test_a_budget_that_is_not_reached_lets_on() -> None:
    Ceiling(100, 1.0).check(Sum(total_tokens=99, priced_nanousd=NANO - 1), "run", "the run")


@pytest.mark.parametrize(
    ("ceiling", "spent", "unit"),
    [
        (Ceiling(tokens=100), Sum(total_tokens=100), "tokens"),
        (Ceiling(usd=1.0), Sum(priced_nanousd=NANO), "usd"),
        (Ceiling(usd=1.0), Sum(unpriced_calls=1, unpriced_models=("m",)), "usd"),
    ],
)
def test_a_budget_that_is_spent_says_so(ceiling: Ceiling, spent: Sum, unit: str) -> None:
    with pytest.raises(MozaiksError) as caught:
        ceiling.check(spent, "run", "the run")
    assert (caught.value.code, caught.value.details["unit"]) == ("BUDGET_EXCEEDED", unit)


def test_a_model_without_a_price_does_not_touch_a_budget_of_tokens() -> None:
    Ceiling(tokens=100).check(Sum(total_tokens=1, unpriced_calls=1, unpriced_models=("m",)), "run", "the run")
