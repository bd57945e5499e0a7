"""The part of Lambda's HTTP API that boto3's ``invoke`` and Step Functions use."""

from __future__ import annotations

import json
import re
from uuid import uuid4

from .http_server import HttpRequest, HttpResponse, HttpServer, error_response
from .lambda_service import LambdaService, ThrottledError, UnknownFunctionError
from .lambda_worker import MAX_SYNC_BYTES

__all__ = ["InvokeEndpoint"]

_PATH = re.compile(r"^/2015-03-31/functions/([^/]+)/invocations$")
_MAX_EVENT_BYTES = 1024 * 1024


def _refusal(status: int, kind: str, message: str) -> HttpResponse:
    return error_response(status, kind, json.dumps({"Type": "User", "Message": message, "message": message}).encode())


class InvokeEndpoint:
    """Serves ``POST /2015-03-31/functions/{name}/invocations`` on a loopback port."""

    def __init__(self, service: LambdaService) -> None:
        self._service = service
        self._server = HttpServer(self._handle, max_body=MAX_SYNC_BYTES, too_large=self._too_large)

    def bind(self, host: str) -> str:
        """Take a port; gives the endpoint URL for ``AWS_ENDPOINT_URL_LAMBDA``."""
        return f"http://{host}:{self._server.bind(host, 0)}"

    async def serve(self) -> None:
        """Answer."""
        await self._server.serve()

    async def stop(self) -> None:
        await self._server.stop()

    @staticmethod
    def _too_large() -> HttpResponse:
        return _refusal(413, "RequestTooLargeException", f"the payload is over {MAX_SYNC_BYTES} bytes")

    async def _handle(self, request: HttpRequest) -> HttpResponse:
        match = _PATH.match(request.path)
        if match is None or request.method != "POST":
            return _refusal(404, "ResourceNotFoundException", f"{request.method} {request.raw_path} is not Invoke")
        if not request.header("authorization"):
            # Also keeps web pages out: a browser cannot send this header across origins without being allowed to.
            return _refusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        payload = request.body or b"{}"
        try:
            json.loads(payload)
        except ValueError as error:
            text = f"Could not parse request body into json: {error}"
            return _refusal(400, "InvalidRequestContentException", text)
        kind = request.header("x-amz-invocation-type", "RequestResponse")
        try:
            if kind == "Event":
                if len(payload) > _MAX_EVENT_BYTES:
                    return self._too_large()
                return self._answer(202, b"", self._service.send_event(match.group(1), payload))
            if kind == "DryRun":
                return self._answer(204, b"", str(uuid4()))
            result = await self._service.invoke(match.group(1), payload, request.header("x-amz-client-context"))
        except UnknownFunctionError as error:
            return _refusal(404, "ResourceNotFoundException", f"Function not found: {error}")
        except ThrottledError as error:
            return _refusal(429, "TooManyRequestsException", f"Rate Exceeded. {error}")
        extra = [("X-Amz-Function-Error", result.error)] if result.error is not None else []
        return self._answer(200, result.payload, result.request_id, extra)

    @staticmethod
    def _answer(status: int, body: bytes, request_id: str, extra: list[tuple[str, str]] | None = None) -> HttpResponse:
        headers = [
            ("Content-Type", "application/json"),
            ("x-amzn-RequestId", request_id),
            ("X-Amz-Executed-Version", "$LATEST"),
            *(extra or []),
        ]
        return HttpResponse(status, body, headers)
