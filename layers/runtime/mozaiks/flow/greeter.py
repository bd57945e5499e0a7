"""Has a new connection greeted: an asynchronous invocation of the function that takes frames."""

from __future__ import annotations

import json
import logging
from functools import cached_property
from typing import TYPE_CHECKING

from mozaiks.errors import MozaiksError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

__all__ = ["GREET", "LambdaGreeter"]

log = logging.getLogger("mozaiks.flow")

GREET = "greet"
"""The ``action`` of the invocation. API Gateway's own events have none."""


class LambdaGreeter:
    def __init__(self, function_name: str | None) -> None:
        self._function_name = function_name

    @cached_property
    def _client(self) -> LambdaClient:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "lambda",
            config=Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}),
        )

    def greet_later(self, connection_id: str, last_seq: int, batch: bool) -> None:
        """Invoke the function and do not wait for it.

        A client that gets no greeting asks for one with ``client.hello``, so a failure here is logged and no more.
        """
        if self._function_name is None:
            raise MozaiksError(
                "CONFIGURATION", "MESSAGE_FUNCTION_NAME is not set; expected the message function's name"
            )
        from botocore.exceptions import BotoCoreError, ClientError

        payload = {"action": GREET, "connection_id": connection_id, "last_seq": last_seq, "batch": batch}
        try:
            self._client.invoke(
                FunctionName=self._function_name, InvocationType="Event", Payload=json.dumps(payload).encode()
            )
        except (BotoCoreError, ClientError) as error:
            log.warning("A connection will not be greeted: %s", type(error).__name__)
