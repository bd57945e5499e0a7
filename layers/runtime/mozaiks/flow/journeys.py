"""One Step Functions execution at a time for each run of a journey."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING

from mozaiks.errors import MozaiksError
from mozaiks.journeys.states import Journey

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

__all__ = ["StepFunctionsJourneys", "journey_execution_name"]


def journey_execution_name(journey_run_id: str, execution_no: int) -> str:
    """The name that makes starting an execution idempotent. At most 80 characters, as AWS allows."""
    return f"{journey_run_id}-e{execution_no}"


class StepFunctionsJourneys:
    def __init__(self, state_machine_arn: str | None) -> None:
        self._arn = state_machine_arn

    @cached_property
    def _client(self) -> SFNClient:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "stepfunctions",
            config=Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}),
        )

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
        if self._arn is None:
            raise MozaiksError(
                "CONFIGURATION", "JOURNEY_STATE_MACHINE_ARN is not set; expected the journey state machine's ARN"
            )
        from botocore.exceptions import BotoCoreError, ClientError

        ids = {
            "app_id": journey.app_id,
            "journey_run_id": journey.journey_run_id,
            "execution_no": journey.execution_no,
            "groups": list(range(journey.execution_from, journey.groups)),
        }
        try:
            self._client.start_execution(
                stateMachineArn=self._arn,
                name=journey_execution_name(journey.journey_run_id, journey.execution_no),
                input=json.dumps(ids),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
                return
            raise _failed(error) from error
        except BotoCoreError as error:
            raise _failed(error) from error


def _failed(error: Exception) -> MozaiksError:
    return MozaiksError(
        "RUN_START_FAILED", "the journey could not be started now; what you sent is kept", cause=type(error).__name__
    )
