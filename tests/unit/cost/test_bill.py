"""The month's bill: which lines grow with what, to the cent where the arithmetic is easy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from mozaiks_local.cli.app import app
from mozaiks_local.cost import Bill, Deployment, Measured, Workload, bill, measured, prices
from mozaiks_local.cost.bill import UnknownTier

TAKEN = Measured("2025-01-01", 10.0, 16.0, 0.1, 0.01, 0.05, 4.0)
QUIET = Workload(turns_per_day=0, connections=0)
BUSY = Workload(turns_per_day=1000, completion_tokens=120, tokens_per_second=60, first_token_seconds=1.0)
DAYS = 365.25 / 12


def of(workload: Workload, deployment: Deployment | None = None) -> Bill:
    return bill(workload, deployment or Deployment(), TAKEN, prices())


def amounts(found: Bill) -> dict[str, float]:
    return {line.item: line.amount or 0.0 for line in found.lines}


def quantities(found: Bill) -> dict[str, float]:
    return {line.item: line.quantity for line in found.lines}


def test_when_nobody_says_anything_what_stands_is_paid_and_the_minute_s_invocation() -> None:
    found = of(QUIET)
    requests = amounts(found)["Lambda: requests"] + amounts(found)["X-Ray"]
    assert found.total == pytest.approx(found.idle + requests)
    assert amounts(found)["MongoDB Atlas M10"] == pytest.approx(58.4)
    assert quantities(found)["Lambda: requests"] == pytest.approx(DAYS * 24 * 60)


def test_a_message_takes_what_was_measured() -> None:
    found = quantities(of(BUSY))
    turns = 1000 * DAYS
    assert found["Step Functions"] == pytest.approx(turns * 4)
    # One second to the first token, two of streaming, and what the engine takes, at one gigabyte.
    assert found["Lambda: orchestrate"] == pytest.approx(turns * 3.1)
    sockets = 50 * DAYS * 24 * 60 / 20
    assert found["WebSocket API: messages"] == pytest.approx(turns * (10 + 2 * 16 + 1) + sockets * 2)
    assert found["WebSocket API: connections"] == pytest.approx(50 * DAYS * 24 * 60)


def test_transitions_cost_what_the_price_list_says() -> None:
    found = amounts(of(BUSY))
    assert found["Step Functions"] == pytest.approx(1000 * DAYS * 4 * 0.000025)


@pytest.mark.parametrize(
    ("more", "items"),
    [
        (
            {"turns_per_day": 2000},
            {"Lambda: orchestrate", "Step Functions", "WebSocket API: messages", "HTTP API", "CloudWatch: logs",
             "Data transfer out", "Lambda: connect, message, api", "Lambda: requests", "X-Ray"},
        ),
        ({"agents": 2.0}, {"Lambda: orchestrate", "WebSocket API: messages"}),
        (
            {"connections": 100},
            {"WebSocket API: connections", "WebSocket API: messages", "Lambda: connect, message, api",
             "Lambda: requests", "X-Ray"},
        ),
        ({"tokens_per_second": 30.0}, {"Lambda: orchestrate", "WebSocket API: messages"}),
    ],
)  # fmt: skip
def test_what_grows_with_what(more: dict[str, float], items: set[str]) -> None:
    before, after = amounts(of(BUSY)), amounts(of(replace(BUSY, **more)))
    assert {item for item in after if after[item] > before[item]} == items
    assert not {item for item in after if after[item] < before[item]}


def test_a_model_that_is_known_is_priced_by_its_tokens() -> None:
    found = amounts(of(BUSY, Deployment(model="gpt-4o-mini")))
    assert found["gpt-4o-mini: prompts"] == pytest.approx(1000 * DAYS * 1500 / 1e6 * 0.15)
    assert found["gpt-4o-mini: answers"] == pytest.approx(1000 * DAYS * 120 / 1e6 * 0.60)


def test_a_model_nobody_knows_makes_no_whole_of_a_part() -> None:
    found = of(BUSY, Deployment(model="our-own-model"))
    assert found.unknown == ("our-own-model: prompts", "our-own-model: answers")
    assert found.total == pytest.approx(of(BUSY).total)


def test_a_tier_without_a_price_is_named_with_those_that_have_one() -> None:
    with pytest.raises(UnknownTier, match=r"'M99' is no Atlas tier .* M10"):
        of(BUSY, Deployment(atlas="M99"))


def test_what_the_benchmarks_wrote_is_read() -> None:
    found = measured()
    assert 1 <= found.transitions <= 10
    assert 0 < found.message_seconds < found.orchestrate_seconds < 5
    assert found.posts_at_once >= 5


def test_prices_have_a_day_and_a_source() -> None:
    found = prices()
    assert found.as_of >= "2025"
    assert "AWS" in found.source


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command_prints_the_lines_and_their_sum() -> None:
    answer = CliRunner().invoke(app, ["cost", "--turns", "500", "--model", "nobody-knows"])
    assert answer.exit_code == 0, answer.output
    assert "Step Functions" in answer.output
    assert "total of what has a price" in answer.output
    assert "Without a price: nobody-knows: prompts" in answer.output


def test_its_json_adds_up() -> None:
    answer = CliRunner().invoke(app, ["cost", "--json"])
    found = json.loads(answer.output)
    assert found["total"] == pytest.approx(sum(line["amount"] for line in found["lines"]))


def test_a_price_file_with_a_mistake_is_told_by_its_name(tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    own.write_text('{"as_of": "today"}')
    answer = CliRunner().invoke(app, ["cost", "--prices", str(own)])
    assert answer.exit_code == 1
    assert "own.json" in answer.output


def test_a_price_below_nothing_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    found = json.loads((Path(__file__).parents[3] / "local/mozaiks_local/cost/prices.json").read_text())
    found["kms"]["key"] = -1
    own.write_text(json.dumps(found))
    with pytest.raises(ValidationError):
        prices(own)
