"""The demo model's own HTTP routes, for tests and tools that run in another process.

``GET|POST|DELETE /demo/faults`` · ``PUT|DELETE /demo/scripts/{workflow}`` · ``GET|DELETE /demo/requests``
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .errors import ApiError
from .faults import fault_from

if TYPE_CHECKING:
    from .http import Request
    from .server import DemoModel

__all__ = ["answer_admin"]


def answer_admin(model: DemoModel, request: Request, path: str) -> Any:
    """The JSON answer to a request under ``/demo/``.

    Raises
    ------
    ApiError
        404 for an unknown route, 400 for a body that does not fit, 415 for one that is not declared as JSON.
    """
    match (request.method, path.split("/")[2:]):
        case ("GET", ["faults"]):
            return {"faults": [asdict(fault) for fault in model.faults.pending()]}
        case ("POST", ["faults"]):
            return {"fault": asdict(model.faults.add(fault_from(_json_body(request))))}
        case ("DELETE", ["faults"]):
            model.faults.clear()
            return {"faults": []}
        case ("PUT", ["scripts", workflow]):
            model.scripts.set(workflow, _json_body(request))
            return {"workflow": workflow}
        case ("DELETE", ["scripts", workflow]):
            model.scripts.remove(workflow)
            return {"workflow": workflow}
        case ("GET", ["requests"]):
            return {"requests": [record.as_json() for record in model.requests]}
        case ("DELETE", ["requests"]):
            model.requests.clear()
            return {"requests": []}
    raise ApiError(404, f"Unknown request URL: {request.method} {path}.", code="unknown_url")


def _json_body(request: Request) -> Any:
    # A web page can post to this port, but not with this type without asking first, and the answer to that is no.
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise ApiError(415, "Expected content-type application/json.", code="content_type")
    try:
        return json.loads(request.body)
    except ValueError as error:
        raise ApiError(400, f"The body is no JSON: {error}", code="body_json") from None
