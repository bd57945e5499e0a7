"""Figures in Prometheus's text format. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from mozaiks.usage.calls import Sum, usd
from mozaiks.usage.figures import EndedRun, Totals, durations_of

__all__ = ["CONTENT_TYPE", "exposition"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4"

_TOKENS: Final = ("prompt", "completion", "cached", "reasoning")


def exposition(
    totals: Sequence[Totals], recent: Mapping[str, Sequence[EndedRun]], spent: Mapping[str, Sum] | None = None
) -> str:
    """The text a scraper reads.

    Parameters
    ----------
    totals
        All chats, by app, workflow and state.
    recent
        By app, the runs that ended in the last hour.
    spent
        By app, what all its runs have cost since ever.
    """
    runs: dict[tuple[str, str], int] = defaultdict(int)
    calls: dict[tuple[str, str], int] = defaultdict(int)
    tokens: dict[tuple[str, str, str], int] = defaultdict(int)
    for each in totals:
        key = each.app_id, each.workflow_name
        runs[key] += each.runs
        calls[key] += each.usage["model_calls"]
        for kind in _TOKENS:
            tokens[(*key, kind)] += each.usage[f"{kind}_tokens"]
    lines: list[str] = []
    _family(lines, "mozaiks_chats", "gauge", "Chats that are stored, by state.")
    for each in totals:
        _sample(lines, "mozaiks_chats", each.chats, app_id=each.app_id, workflow=each.workflow_name, status=each.status)
    _family(lines, "mozaiks_runs_total", "counter", "Runs that were started.")
    for (app, workflow), count in runs.items():
        _sample(lines, "mozaiks_runs_total", count, app_id=app, workflow=workflow)
    _family(lines, "mozaiks_model_calls_total", "counter", "Model calls.")
    for (app, workflow), count in calls.items():
        _sample(lines, "mozaiks_model_calls_total", count, app_id=app, workflow=workflow)
    _family(lines, "mozaiks_tokens_total", "counter", "Tokens of model calls; cached ones are among the prompt's.")
    for (app, workflow, kind), count in tokens.items():
        _sample(lines, "mozaiks_tokens_total", count, app_id=app, workflow=workflow, kind=kind)
    costs = dict(spent or {})
    _family(lines, "mozaiks_cost_usd_total", "counter", "US dollars of model calls that have a known price.")
    for app, cost in costs.items():
        _sample(lines, "mozaiks_cost_usd_total", usd(cost.priced_nanousd), app_id=app)
    _family(lines, "mozaiks_unpriced_model_calls_total", "counter", "Model calls without a known price.")
    for app, cost in costs.items():
        _sample(lines, "mozaiks_unpriced_model_calls_total", cost.unpriced_calls, app_id=app)
    _family(lines, "mozaiks_recent_runs", "gauge", "Runs that ended in the last hour, by the state they left.")
    for app, ended in recent.items():
        for status in sorted({run.status for run in ended}):
            count = sum(run.status == status for run in ended)
            _sample(lines, "mozaiks_recent_runs", count, app_id=app, status=status)
    _family(lines, "mozaiks_recent_run_seconds", "gauge", "How long the runs that ended in the last hour took.")
    for app, ended in recent.items():
        durations = durations_of(ended)
        for quantile, found in (("0.5", durations.p50), ("0.95", durations.p95), ("1", durations.max)):
            if found is not None:
                _sample(lines, "mozaiks_recent_run_seconds", found / 1000, app_id=app, quantile=quantile)
    return "\n".join(lines) + "\n"


def _family(lines: list[str], name: str, kind: str, help_: str) -> None:
    lines += [f"# HELP {name} {help_}", f"# TYPE {name} {kind}"]


def _sample(lines: list[str], name: str, value: float, **labels: str) -> None:
    pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    lines.append(f"{name}{{{pairs}}} {value}")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
