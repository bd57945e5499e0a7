"""The HTTP API."""

from __future__ import annotations

from typing import Any

from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES

from mozaiks.bootstrap import parts
from mozaiks.emf import metered
from mozaiks.logs import logger
from mozaiks.web.app import create_app

API = Mangum(
    create_app(parts()), lifespan="off", text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, "application/problem+json"]
)


@metered
@logger.inject_lambda_context(clear_state=True, log_event=False)  # an event holds tokens and what people say
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request of the HTTP API."""
    return API(event, context)
