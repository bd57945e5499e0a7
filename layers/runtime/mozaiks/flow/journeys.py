"""One Step Functions execution at a time for each run of a journey."""

from __future__ import annotations

from mozaiks.flow.machine import StateMachine
from mozaiks.journeys.states import Journey

__all__ = ["StepFunctionsJourneys", "journey_execution_name"]


def journey_execution_name(journey_run_id: str, execution_no: int) -> str:
    """The name that makes starting an execution idempotent. At most 80 characters, as AWS allows."""
    return f"{journey_run_id}-e{execution_no}"


class StepFunctionsJourneys:
    def __init__(self, state_machine_arn: str | None) -> None:
        self._machine = StateMachine(state_machine_arn, "journey")

    def start(self, journey: Journey) -> None:
        """Start the run's current execution; once, however often it is asked.

        Its input holds ids and the numbers of the groups it goes through: the same for the same execution, whatever
        became of the run since.

        Raises
        ------
        MozaiksError
            ``RUN_START_FAILED``, retryable. The run stays as it is; ``reconcile`` opens another execution if nobody
            else does.
        """
        ids = {
            "app_id": journey.app_id,
            "journey_run_id": journey.journey_run_id,
            "execution_no": journey.execution_no,
            "groups": list(range(journey.execution_from, journey.groups)),
        }
        self._machine.start(journey_execution_name(journey.journey_run_id, journey.execution_no), ids)
