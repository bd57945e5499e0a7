"""The FastAPI application over a process's parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from mozaiks.errors import MozaiksError
from mozaiks.store.figures import MongoFigures
from mozaiks.store.slices import MongoSlices
from mozaiks.store.themes import MongoThemes
from mozaiks.themes.service import ThemeService
from mozaiks.web import (
    answers,
    available,
    chats,
    erasure,
    events,
    export,
    figures,
    health,
    journeys,
    oauth,
    problems,
    secrets,
    themes,
    trace,
    workflows,
)
from mozaiks.web.bearer import bearer
from mozaiks.web.guards import BodyLimit, LastResort
from mozaiks.web.openapi import describe
from mozaiks.web.revalidation import Revalidation
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
    app.add_middleware(Revalidation)
    app.add_middleware(LastResort)
    if parts.config.origins:
        # The outermost: a page must be able to read problems too. Tokens stand in a header, so no cookies are let in.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=parts.config.origins,
            allow_methods=("GET", "POST", "PUT", "DELETE"),
            allow_headers=("authorization", "content-type", "if-match", "if-none-match", "last-event-id"),
            expose_headers=("etag", "retry-after", "www-authenticate"),
            max_age=3600,
        )
    app.add_exception_handler(MozaiksError, problems.from_error)
    app.add_exception_handler(RequestValidationError, problems.from_validation)
    app.add_exception_handler(HTTPException, problems.from_http_exception)
    modules = (
        health,
        figures,
        workflows,
        available,
        chats,
        answers,
        events,
        journeys,
        trace,
        oauth,
        secrets,
        erasure,
        export,
        themes,
    )
    for module in modules:
        app.include_router(module.routes)
    app.openapi = describe(app, secured=parts.tokens is not None)  # type: ignore[method-assign]
    return app


def _runtime(parts: Parts) -> Runtime:
    return Runtime(
        config=parts.config,
        service=parts.service,
        opening=parts.opening,
        gates=parts.gates,
        journeys=parts.journeys,
        secrets=parts.secrets,
        eraser=parts.eraser,
        exporter=parts.exporter,
        workflows=parts.workflows,
        figures=MongoFigures(parts.database),
        spending=parts.spending,
        slices=MongoSlices(parts.database),
        themes=ThemeService(MongoThemes(parts.database), parts.service.clock),
        ping=parts.ping,
        tokens=parts.tokens,
    )
