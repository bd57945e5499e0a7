"""One Step Functions execution a run."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING

from mozaiks.errors import MozaiksError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

__all__ = ["StepFunctionsRuns", "execution_name"]


def execution_name(chat_id: str, run_no: int) -> str:
    """The name that makes starting a run idempotent. At most 80 characters, as AWS allows."""
    return f"{chat_id}-r{run_no}"


class StepFunctionsRuns:
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

    def start(self, app_id: str, chat_id: str, run_no: int) -> None:
        """Start the run's execution; once, however often it is asked.

        Raises
        ------
        MozaiksError
            ``RUN_START_FAILED``, retryable. The claim stays; ``reconcile`` starts the run if nobody else does.
        """
        if self._arn is None:
            raise MozaiksError(
                "CONFIGURATION", "RUN_STATE_MACHINE_ARN is not set; expected the run state machine's ARN"
            )
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.start_execution(
                stateMachineArn=self._arn,
                name=execution_name(chat_id, run_no),
                input=json.dumps({"app_id": app_id, "chat_id": chat_id, "run_no": run_no}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
                return
            raise _failed(error) from error
        except BotoCoreError as error:
            raise _failed(error) from error

    def going(self, chat_id: str, run_no: int) -> bool:
        """Whether the run's execution is there and has not ended.

        Raises
        ------
        MozaiksError
            ``RUN_START_FAILED``, retryable, if Step Functions does not say; ``CONFIGURATION`` without a state machine.
        """
        if self._arn is None:
            raise MozaiksError(
                "CONFIGURATION", "RUN_STATE_MACHINE_ARN is not set; expected the run state machine's ARN"
            )
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            found = self._client.describe_execution(
                executionArn=_execution_arn(self._arn, execution_name(chat_id, run_no))
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
                return False
            raise _failed(error) from error
        except BotoCoreError as error:
            raise _failed(error) from error
        return found["status"] == "RUNNING"


def _execution_arn(state_machine_arn: str, name: str) -> str:
    return f"{state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{name}"


def _failed(error: Exception) -> MozaiksError:
    return MozaiksError(
        "RUN_START_FAILED", "the run could not be started now; what you sent is kept", cause=type(error).__name__
    )
