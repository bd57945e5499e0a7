"""One state machine of Step Functions: executions that start once by their name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mozaiks.errors import MozaiksError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

__all__ = ["StateMachine"]


class StateMachine:
    """``what`` it runs is for messages: ``run``, ``journey``. Its ARN is that of the setting of the same name."""

    def __init__(self, arn: str | None, what: str) -> None:
        self._configured = arn
        self._what = what

    def start(self, name: str, content: Mapping[str, Any]) -> None:
        """Start the execution ``name``; once, however often it is asked.

        Raises
        ------
        MozaiksError
            ``RUN_START_FAILED``, retryable; ``CONFIGURATION`` without a state machine.
        """
        arn = self._arn
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.start_execution(stateMachineArn=arn, name=name, input=json.dumps(content))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise self._failed(error) from error
        except BotoCoreError as error:
            raise self._failed(error) from error

    def going(self, name: str) -> bool:
        """Whether the execution ``name`` is there and has not ended.

        Raises
        ------
        MozaiksError
            As `start` does, if Step Functions does not say.
        """
        execution = f"{self._arn.replace(':stateMachine:', ':execution:', 1)}:{name}"
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            found = self._client.describe_execution(executionArn=execution)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
                return False
            raise self._failed(error) from error
        except BotoCoreError as error:
            raise self._failed(error) from error
        return found["status"] == "RUNNING"

    @cached_property
    def _client(self) -> SFNClient:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "stepfunctions",
            config=Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}),
        )

    @property
    def _arn(self) -> str:
        if self._configured is None:
            raise MozaiksError(
                "CONFIGURATION",
                f"{self._what.upper()}_STATE_MACHINE_ARN is not set; expected the {self._what} state machine's ARN",
            )
        return self._configured

    def _failed(self, error: Exception) -> MozaiksError:
        return MozaiksError(
            "RUN_START_FAILED",
            f"the {self._what} could not be started now; what you sent is kept",
            cause=type(error).__name__,
        )
