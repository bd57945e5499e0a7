"""Every minute: runs that were claimed and never started."""

from __future__ import annotations

from typing import Any

from mozaiks.bootstrap import parts
from mozaiks.logs import logger

PARTS = parts()


@logger.inject_lambda_context(clear_state=True, log_event=False)  # an event holds tokens and what people say
def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Repair what needs it and count it."""
    repaired = PARTS.reconciler.run()
    logger.info("Reconciled", extra={"repaired": repaired})
    return dict(repaired)
