"""Whether this process can do its work."""

from __future__ import annotations

import time
from typing import Final, Literal

import anyio
import anyio.to_thread
from fastapi import APIRouter
from pydantic import BaseModel, Field

from mozaiks.errors import MozaiksError
from mozaiks.manifests import ManifestErrors
from mozaiks.web.runtime import Api

__all__ = ["routes"]

PING_SECONDS: Final = 2.0

routes = APIRouter(tags=["health"])


class Database(BaseModel):
    reachable: Literal[True] = True
    ping_ms: float


class WorkflowCount(BaseModel):
    valid: int
    invalid: int


class Health(BaseModel):
    status: Literal["ok"] = "ok"
    stage: str = Field(examples=["local"])
    mongo: Database
    workflows: WorkflowCount


@routes.get("/health", include_in_schema=False)
@routes.get("/api/health")
async def health(api: Api) -> Health:
    """200 when the database answers within two seconds; 503 otherwise."""
    began = time.perf_counter()
    try:
        # The driver would wait longer for a server to come back, and a name lookup knows no time-out at all: the
        # thread is left to its own.
        with anyio.fail_after(PING_SECONDS):
            await anyio.to_thread.run_sync(api.ping, abandon_on_cancel=True)
    except TimeoutError as error:
        raise MozaiksError("DATABASE_UNAVAILABLE", "the database does not answer; try again shortly") from error
    ping_ms = round((time.perf_counter() - began) * 1000, 2)
    found = [isinstance(each, ManifestErrors) for each in api.all_workflows()]
    return Health(
        stage=api.config.stage,
        mongo=Database(ping_ms=ping_ms),
        workflows=WorkflowCount(valid=found.count(False), invalid=found.count(True)),
    )
