"""Writes what was counted to the log, in CloudWatch's embedded metric format: no call of AWS, no waiting."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from mozaiks.metrics import TALLY, Metric, Tally
from mozaiks.settings import Settings, settings

__all__ = ["SERVICE", "metered", "write"]

SERVICE = "mozaiks"
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def metered(handler: Handler) -> Handler:
    """Have ``handler`` write what was counted while it ran, whether it succeeds or not."""

    @functools.wraps(handler)
    def invoke(event: dict[str, Any], context: Any) -> dict[str, Any]:
        try:
            return handler(event, context)
        finally:
            write(settings(), TALLY)

    return invoke


def write(config: Settings, tally: Tally) -> None:
    """One line with every metric that is due, by service and stage. Nothing where ``METRICS_NAMESPACE`` is not set."""
    due = tally.take(time.monotonic())
    if not due or config.metrics_namespace is None:
        return
    line = EphemeralMetrics(namespace=config.metrics_namespace, service=SERVICE)
    line.add_dimension("stage", config.stage)
    for metric, value in due.items():
        unit = MetricUnit.NoUnit if metric is Metric.MODEL_COST_USD else MetricUnit.Count
        line.add_metric(metric.value, unit, value)
    line.flush_metrics()
