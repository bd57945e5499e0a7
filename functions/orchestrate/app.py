"""The tasks of Step Functions: run a slice, open and join children or a journey's group, mark a run as failed."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from mozaiks.bootstrap import parts
from mozaiks.children.tasks import ACTIONS as OF_CHILDREN
from mozaiks.emf import metered
from mozaiks.engine.secret_output import mask_output
from mozaiks.engine.slice import SliceRunner
from mozaiks.errors import MozaiksError
from mozaiks.journeys.tasks import ACTIONS as OF_JOURNEYS
from mozaiks.logs import logger

mask_output()
PARTS = parts()
# The thread that pushes must get its turn beside a stream of chunks: by default it may wait 5 ms for each of its steps,
# and the first words reach people some 15 ms later.
sys.setswitchinterval(0.0005)
# One loop for the life of the process: the HTTP client and its connections belong to it.
RUNNER = asyncio.Runner()


async def _make() -> SliceRunner:
    return PARTS.slices()


SLICES = RUNNER.run(_make())


@metered
@logger.inject_lambda_context(clear_state=True, log_event=False)  # an event holds tokens and what people say
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Carry out ``event["action"]`` for one run of a chat, or of a journey."""
    if event["action"] in OF_JOURNEYS:
        logger.append_keys(app_id=event["app_id"], journey_run_id=event["journey_run_id"])
        return PARTS.journey_tasks.carry_out(event)
    ids = (event["app_id"], event["chat_id"], event["run_no"])
    logger.append_keys(app_id=ids[0], chat_id=ids[1], run_no=ids[2])
    if event["action"] in OF_CHILDREN:
        return PARTS.child_tasks.carry_out(event)
    match event["action"]:
        case "slice":
            outcome = RUNNER.run(SLICES.run(*ids, remaining=lambda: context.get_remaining_time_in_millis() / 1000))
            return dict(outcome)
        case "fail":
            PARTS.service.mark_failed(*ids, cause=str(event["error"]))
            return {"outcome": "failed", "wait_seconds": 0}
        case action:
            raise MozaiksError("VALIDATION", f"the action {action!r:.40} is not known; expected one of a state machine")
