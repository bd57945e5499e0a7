"""Every minute: what was left half done."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mozaiks.bootstrap import parts
from mozaiks.logs import logger

PARTS = parts()


@logger.inject_lambda_context(clear_state=True, log_event=False)  # an event holds tokens and what people say
def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Repair what needs it and count it."""
    repaired: Counter[str] = Counter()
    for repairs in (PARTS.reconciler, PARTS.parent_repairs, PARTS.journey_repairs, PARTS.usage_repairs):
        repaired.update(repairs.run())
    logger.info("Reconciled", extra={"repaired": dict(repaired)})
    return dict(repaired)
