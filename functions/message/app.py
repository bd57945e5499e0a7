"""Every frame of the socket API but its opening and closing, and the greeting of new connections."""

from __future__ import annotations

from typing import Any

from mozaiks.bootstrap import parts
from mozaiks.emf import metered
from mozaiks.flow.greeter import GREET
from mozaiks.logs import logger

# Now, not with the first frame: what it loads belongs to the start of the process.
SOCKETS = parts().sockets


@metered
@logger.inject_lambda_context(clear_state=True, log_event=False)  # an event holds tokens and what people say
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Carry out one frame, or greet a connection. The answer goes over the socket."""
    if event.get("action") == GREET:
        SOCKETS.greet(event["connection_id"], event["last_seq"], event.get("batch", False))
    else:
        SOCKETS.take(event["requestContext"]["connectionId"], event.get("body") or "")
    return {"statusCode": 200}
