"""The FastAPI application over a process's parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from mozaiks.errors import MozaiksError
from mozaiks.store.figures import MongoFigures
from mozaiks.web import answers, chats, events, figures, health, not_built, oauth, problems, secrets, workflows
from mozaiks.web.bearer import bearer
from mozaiks.web.guards import BodyLimit, LastResort
from mozaiks.web.openapi import describe
from mozaiks.web.runtime import Runtime

if TYPE_CHECKING:
    from mozaiks.bootstrap import Parts

__all__ = ["create_app"]


def create_app(parts: Parts) -> FastAPI:
    """The HTTP API of ``parts``."""
    app = FastAPI(
        title="Mozaiks",
        version="1",
        description="Multi-tenant, streaming, resumable multi-agent chats. Errors are RFC 9457 problem documents.",
        # A redirect would name the host the function sees, which is not the one the client knows.
        redirect_slashes=False,
        # On every route, also one that forgets to ask: what is open to all is named in one place.
        dependencies=[Depends(bearer)],
    )
    app.state.runtime = _runtime(parts)
    app.add_middleware(BodyLimit)
    app.add_middleware(LastResort)
    app.add_exception_handler(MozaiksError, problems.from_error)
    app.add_exception_handler(RequestValidationError, problems.from_validation)
    app.add_exception_handler(HTTPException, problems.from_http_exception)
    for module in (health, figures, workflows, chats, answers, events, oauth, secrets, not_built):
        app.include_router(module.routes)
    app.openapi = describe(app, secured=parts.tokens is not None)  # type: ignore[method-assign]
    return app


def _runtime(parts: Parts) -> Runtime:
    return Runtime(
        config=parts.config,
        service=parts.service,
        opening=parts.opening,
        gates=parts.gates,
        secrets=parts.secrets,
        workflows=parts.workflows,
        figures=MongoFigures(parts.database),
        ping=parts.ping,
        tokens=parts.tokens,
    )
