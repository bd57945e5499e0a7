"""What a user may start now, and what must be completed before the rest."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from mozaiks.errors import MozaiksError
from mozaiks.journeys.gating import Gate
from mozaiks.manifests import ManifestErrors
from mozaiks.manifests.spec import StartupMode
from mozaiks.web.caller import Caller
from mozaiks.web.runtime import Api

__all__ = ["routes"]

routes = APIRouter(prefix="/api/workflows", tags=["workflows"])

Obstacle = Literal["PREREQUISITES_MISSING", "PACK_INVALID", "WORKFLOW_INVALID"]


class Missing(BaseModel):
    workflow_name: str = Field(examples=["Interview"])
    reason: str = Field(description="Why it comes first; empty where the pack does not say.")


class Advised(Missing):
    completed: bool


class Availability(BaseModel):
    """A workflow as this user finds it."""

    name: str = Field(examples=["HelloWorld"])
    description: str
    startup_mode: StartupMode | None = Field(description="Null where the manifests do not load.")
    available: bool = Field(description="Whether a chat of it can be started now.")
    code: Obstacle | None = Field(description="Why it is not available; what starting it would be answered with.")
    missing: list[Missing] = Field(description="Workflows the user must complete first.")
    advised: list[Advised] = Field(description="Workflows that are better completed first, and hold nothing up.")


class Available(BaseModel):
    workflows: list[Availability]


@routes.get("/{app_id}/available")
async def available_workflows(caller: Caller, api: Api) -> Available:
    """Every workflow, and whether the user may start it now.

    Where the pack is broken nothing is available: what depends on what is not known then.
    """
    found = sorted(
        api.all_workflows(), key=lambda each: each.workflow if isinstance(each, ManifestErrors) else each.name
    )
    sound = [each.name for each in found if not isinstance(each, ManifestErrors)]
    gates: dict[str, Gate] | None
    try:
        gates = api.gates.of(caller.tenant, sound)
    except MozaiksError as error:
        if error.code != "PACK_INVALID":
            raise
        gates = None
    return Available(
        workflows=[
            _broken(each)
            if isinstance(each, ManifestErrors)
            else _judged(each.name, each.description, each.startup_mode, None if gates is None else gates[each.name])
            for each in found
        ]
    )


def _judged(name: str, description: str, startup_mode: StartupMode, gate: Gate | None) -> Availability:
    code: Obstacle | None = None
    if gate is None:
        code = "PACK_INVALID"
    elif gate.missing:
        code = "PREREQUISITES_MISSING"
    return Availability(
        name=name,
        description=description,
        startup_mode=startup_mode,
        available=code is None,
        code=code,
        missing=[] if gate is None else [Missing(**each.told()) for each in gate.missing],
        advised=[] if gate is None else [Advised(**each.told(), completed=each.completed) for each in gate.optional],
    )


def _broken(errors: ManifestErrors) -> Availability:
    return Availability(
        name=errors.workflow,
        description="",
        startup_mode=None,
        available=False,
        code="WORKFLOW_INVALID",
        missing=[],
        advised=[],
    )
