"""Functions that another Lambda service runs, such as ``sam local start-lambda``."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from uuid import uuid4

from .definitions import FunctionDefinition
from .http_client import post
from .lambda_service import LambdaLimits, LambdaService, ThrottledError, UnknownFunctionError
from .lambda_worker import InvokeResult

__all__ = ["ExternalLambda"]

_LOG = logging.getLogger(__name__)


class ExternalLambda(LambdaService):
    """Takes what the stack's own service takes, and hands each event on. It has no workers.

    Asynchronous events are queued and tried again here, as Lambda does it; the other service is asked and waited for.

    Parameters
    ----------
    functions
        What can be invoked; the other service knows each by its logical id.
    endpoint
        Its address, as in ``http://127.0.0.1:3001``.
    """

    def __init__(
        self,
        functions: Iterable[FunctionDefinition],
        limits: LambdaLimits,
        said: Callable[[str, bytes], None],
        endpoint: str,
    ) -> None:
        super().__init__(functions, limits, said)
        self._endpoint = endpoint.rstrip("/")

    async def invoke(self, name: str, payload: bytes, client_context: str = "") -> InvokeResult:
        """Have one event run there and wait for its result; raises as the stack's own service does.

        A service that does not answer fails the event with ``ServiceException``.
        """
        function = self._find(name)
        function.invocations += 1
        headers = {"Content-Type": "application/json"}
        if client_context:
            headers["X-Amz-Client-Context"] = client_context
        url = f"{self._endpoint}/2015-03-31/functions/{function.definition.id}/invocations"
        try:
            answer = await post(url, payload, headers)
        except OSError as error:
            function.last_error = f"the Lambda service at {self._endpoint} does not answer: {error}"
            _LOG.warning("%s: %s", function.definition.id, function.last_error)
            return _failed(function.last_error)
        match answer.status:
            case 404:
                raise UnknownFunctionError(f"the Lambda service at {self._endpoint} has no {function.definition.id!r}")
            case 429:
                raise ThrottledError(f"the Lambda service at {self._endpoint} refuses more of {function.definition.id}")
            case status if status >= 400:
                function.last_error = f"the Lambda service at {self._endpoint} answered {status}"
                return _failed(function.last_error)
        error_kind = answer.header("x-amz-function-error")
        function.last_error = answer.body.decode(errors="replace") if error_kind else None
        return InvokeResult(answer.body, answer.header("x-amzn-requestid") or str(uuid4()), error_kind)

    async def prewarm(self, names: Iterable[str] | None = None) -> None:
        """The other service starts what it needs."""


def _failed(message: str) -> InvokeResult:
    document = {"errorType": "ServiceException", "errorMessage": message}
    return InvokeResult(json.dumps(document).encode(), str(uuid4()), "Unhandled")
