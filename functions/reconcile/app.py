"""Every minute: what was left half done."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mozaiks.bootstrap import parts
from mozaiks.emf import metered
from mozaiks.logs import logger
from mozaiks.metrics import TALLY, Metric

PARTS = parts()
REPAIRS = (
    "lost_starts", "stalled_runs", "untold_ends", "late_children", "lost_parents", "lost_journeys",
    "half_stopped_journeys",
)  # fmt: skip
"""What should not have been left half done. The other kinds happen every day."""


@metered
@logger.inject_lambda_context(clear_state=True, log_event=False)  # an event holds tokens and what people say
def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Repair what needs it and count it."""
    repaired: Counter[str] = Counter()
    for repairs in (PARTS.reconciler, PARTS.parent_repairs, PARTS.journey_repairs, PARTS.usage_repairs):
        repaired.update(repairs.run())
    TALLY.count(Metric.REPAIRS, sum(repaired[kind] for kind in REPAIRS))
    TALLY.count(Metric.FAILED_REPAIRS, repaired["failed"])
    TALLY.level(Metric.STUCK_CHATS, PARTS.stuck.count())
    logger.info("Reconciled", extra={"repaired": dict(repaired)})
    return dict(repaired)
