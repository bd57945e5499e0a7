"""``$connect`` and ``$disconnect`` of the socket API."""

from __future__ import annotations

from typing import Any

from mozaiks.access.bearer import SUBPROTOCOL, offers_subprotocol
from mozaiks.access.connecting import connect_request
from mozaiks.bootstrap import parts
from mozaiks.emf import metered
from mozaiks.errors import MozaiksError
from mozaiks.logs import logger

PARTS = parts()
# Now, not with the first connection: what they load belongs to the start of the process.
TOKENS, ADMISSION = PARTS.tokens, PARTS.admission


@metered
@logger.inject_lambda_context(clear_state=True, log_event=False)  # an event holds tokens and what people say
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Admit a connection, or drop one."""
    request_context = event["requestContext"]
    connection_id = request_context["connectionId"]
    if request_context["routeKey"] == "$disconnect":
        ADMISSION.disconnect(connection_id)
        return {"statusCode": 200}
    headers = event.get("headers") or {}
    try:
        request = connect_request(headers, event.get("queryStringParameters") or {}, TOKENS)
        ADMISSION.connect(connection_id, request)
    except MozaiksError as error:
        logger.info("A connection was refused", extra={"code": error.code})
        return {"statusCode": error.http_status}
    if offers_subprotocol(headers):
        return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": SUBPROTOCOL}}
    return {"statusCode": 200}
