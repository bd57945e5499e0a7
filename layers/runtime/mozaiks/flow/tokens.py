"""Answers the tasks of executions that wait for something outside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final

from mozaiks.errors import MozaiksError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

__all__ = ["StepFunctionsTokens"]

_GONE: Final = frozenset({"InvalidToken", "TaskDoesNotExist", "TaskTimedOut"})
"""The task was answered, ran out of time, or its execution is no more."""


class StepFunctionsTokens:
    """Task tokens are credentials: none stands in a log or in an error's text."""

    @cached_property
    def _client(self) -> SFNClient:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "stepfunctions",
            config=Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}),
        )

    def succeed(self, token: str, outcome: Mapping[str, str]) -> bool:
        """Answer the task. ``False``: nobody waits for it any more.

        Raises
        ------
        MozaiksError
            ``RUN_START_FAILED``, retryable: Step Functions did not take the answer.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.send_task_success(taskToken=token, output=json.dumps(dict(outcome)))
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return False
            # Without a cause: a refused request's text may repeat the token.
            raise _failed(error.response["Error"]["Code"]) from None
        except BotoCoreError as error:
            raise _failed(type(error).__name__) from None
        return True


def _failed(cause: str) -> MozaiksError:
    return MozaiksError(
        "RUN_START_FAILED", "an execution could not be told of a chat's end; it is tried again", cause=cause
    )
