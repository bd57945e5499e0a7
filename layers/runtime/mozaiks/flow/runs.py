"""One Step Functions execution a run."""

from __future__ import annotations

from mozaiks.flow.machine import StateMachine

__all__ = ["StepFunctionsRuns", "execution_name"]


def execution_name(chat_id: str, run_no: int) -> str:
    """The name that makes starting a run idempotent. At most 80 characters, as AWS allows."""
    return f"{chat_id}-r{run_no}"


class StepFunctionsRuns:
    def __init__(self, state_machine_arn: str | None) -> None:
        self._machine = StateMachine(state_machine_arn, "run")

    def start(self, app_id: str, chat_id: str, run_no: int) -> None:
        """Start the run's execution; once, however often it is asked.

        Raises
        ------
        MozaiksError
            ``RUN_START_FAILED``, retryable. The claim stays; ``reconcile`` starts the run if nobody else does.
        """
        ids = {"app_id": app_id, "chat_id": chat_id, "run_no": run_no}
        self._machine.start(execution_name(chat_id, run_no), ids)

    def going(self, chat_id: str, run_no: int) -> bool:
        """Whether the run's execution is there and has not ended.

        Raises
        ------
        MozaiksError
            ``RUN_START_FAILED``, retryable, if Step Functions does not say; ``CONFIGURATION`` without a state machine.
        """
        return self._machine.going(execution_name(chat_id, run_no))
