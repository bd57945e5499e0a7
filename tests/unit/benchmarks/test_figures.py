"""Medians, verdicts, and that the benchmark's reply is as long as its name says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from mozaiks.manifests import discover
from mozaiks_local.demo_model.tokens import split_tokens

ROOT = Path(__file__).parents[3]
WORKFLOWS = ROOT / "benchmarks" / "workflows"


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module as ``python -m benchmarks`` finds it: from the project's folder."""
    monkeypatch.syspath_prepend(str(ROOT))
    import benchmarks.figures

    return benchmarks.figures


def test_a_quantile_lies_between_its_neighbours(figures: Any) -> None:
    assert figures.quantile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.5
    assert figures.quantile([1.0, 2.0, 3.0], 0.5) == 2.0
    assert figures.quantile([0.0, 10.0], 0.95) == pytest.approx(9.5)
    assert figures.quantile([7.0], 0.95) == 7.0


def test_a_benchmark_that_measured_nothing_is_an_error(figures: Any) -> None:
    with pytest.raises(ValueError, match="no values"):
        figures.quantile([], 0.5)


@pytest.mark.parametrize(("value", "verdict"), [(59.9, "ok"), (60.0, "ok"), (60.1, "over")])
def test_a_target_is_the_most_a_value_may_be(figures: Any, value: float, verdict: str) -> None:
    assert figures.Row("part", "thing", value, "ms", target=figures.Target(60.0)).verdict == verdict


def test_a_row_without_a_target_has_no_verdict(figures: Any) -> None:
    assert figures.Row("part", "thing", 1.0, "ms").verdict == ""


def test_seconds_become_milliseconds(figures: Any) -> None:
    row = figures.Samples([0.010, 0.020, 0.030]).ms("part", "thing", at_most=25.0)
    assert (row.value, row.unit, row.samples, row.verdict) == (pytest.approx(20.0), "ms", 3, "ok")
    assert row.p95 == pytest.approx(29.0)


def test_one_value_has_no_95th_percentile(figures: Any) -> None:
    assert figures.Samples([0.010]).ms("part", "thing").p95 is None


def test_rows_are_json(figures: Any) -> None:
    row = figures.Row("part", "thing", 61.0, "ms", target=figures.Target(60.0))
    told = json.loads(json.dumps(row.as_json()))
    assert (told["section"], told["name"], told["value"], told["target"], told["verdict"]) == (
        "part",
        "thing",
        61.0,
        60.0,
        "over",
    )


@pytest.mark.parametrize("workflow", ["Reply", "PacedReply"])
def test_the_measured_reply_has_200_tokens(workflow: str) -> None:
    script = yaml.safe_load((WORKFLOWS / workflow / "demo" / "script.yaml").read_text(encoding="utf-8"))
    assert [len(split_tokens(rule["say"])) for rule in script["agents"]["Teller"]] == [200]


def test_the_measured_workflows_are_valid() -> None:
    loaded = discover(WORKFLOWS)
    assert sorted(loaded.names) == ["Ask", "PacedReply", "Relay", "Reply"]
