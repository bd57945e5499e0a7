"""API Gateway's ``@connections``."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

from mozaiks.errors import MozaiksError
from mozaiks.push.connections import Busy, Gone, TooLarge

__all__ = ["CLOSE_CODE_HEADER", "ApiGateway"]

CLOSE_CODE_HEADER: Final = "X-Close-Code"
POLICY_VIOLATION: Final = 1008


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

        client = boto3.client(
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
        client.meta.events.register("before-call.apigatewaymanagementapi.DeleteConnection", _ask_for_close_code)
        return client

    def post(self, connection_id: str, frame: bytes) -> None:
        """Send one frame.

        Raises
        ------
        Gone, Busy, TooLarge, OSError
            As ``mozaiks.push.connections.Gateway`` says.
        """
        self._call("post_to_connection", ConnectionId=connection_id, Data=frame)

    def close(self, connection_id: str) -> None:
        """Close the socket of a connection. Raises as ``post`` does."""
        self._call("delete_connection", ConnectionId=connection_id)

    def _call(self, operation: str, **parameters: Any) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            getattr(self._client, operation)(**parameters)
        except ClientError as error:
            raise _translated(error.response) from error
        except BotoCoreError as error:
            raise OSError(f"the socket API was not reached: {type(error).__name__}") from error


def _ask_for_close_code(params: dict[str, Any], **_: Any) -> None:
    # API Gateway has no parameter for it, passes this over and closes with 1000; a gateway that can say 1008 does.
    params["headers"][CLOSE_CODE_HEADER] = str(POLICY_VIOLATION)


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
