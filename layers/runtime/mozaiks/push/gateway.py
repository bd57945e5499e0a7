"""API Gateway's ``@connections``."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from mozaiks.errors import MozaiksError
from mozaiks.push.connections import Busy, Gone, TooLarge

__all__ = ["ApiGateway"]


class ApiGateway:
    """Posts frames with boto3. The client is made at the first post: importing it costs a tenth of a second."""

    def __init__(self, callback_url: str | None, timeout_seconds: float) -> None:
        self._callback_url = callback_url
        self._timeout = timeout_seconds

    @cached_property
    def _client(self) -> Any:
        if self._callback_url is None:
            raise MozaiksError(
                "CONFIGURATION", "WEBSOCKET_CALLBACK_URL is not set; expected the address of the socket API"
            )
        import boto3
        from botocore.config import Config

        return boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=self._callback_url,
            config=Config(
                connect_timeout=self._timeout,
                read_timeout=self._timeout,
                max_pool_connections=16,
                parameter_validation=False,
                # Whoever posts decides what is worth another try.
                retries={"total_max_attempts": 1},
            ),
        )

    def post(self, connection_id: str, frame: bytes) -> None:
        """Send one frame.

        Raises
        ------
        Gone, Busy, TooLarge, OSError
            As ``mozaiks.push.connections.Gateway`` says.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.post_to_connection(ConnectionId=connection_id, Data=frame)
        except ClientError as error:
            raise _translated(error.response) from error
        except BotoCoreError as error:
            raise OSError(f"the socket API was not reached: {type(error).__name__}") from error


def _translated(response: Any) -> Exception:
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    match status:
        case 410:
            return Gone()
        case 413:
            return TooLarge()
        case 429:
            return Busy()
        case _:
            return OSError(f"the socket API answered {status} {response.get('Error', {}).get('Code', '')}")
