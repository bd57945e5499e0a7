"""The installed workflows, the broken ones with what is wrong with them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from mozaiks.manifests import ManifestErrors, WorkflowSpec
from mozaiks.manifests.spec import StartupMode
from mozaiks.web.runtime import Api

__all__ = ["routes"]

routes = APIRouter(prefix="/api/workflows", tags=["workflows"])


class WorkflowSummary(BaseModel):
    name: str = Field(examples=["HelloWorld"])
    description: str
    startup_mode: StartupMode
    agents: list[str] = Field(description="Agents whose work users see.")
    tools: int = Field(description="How many tools it has.")
    version: str = Field(description="Content hash; chats stay bound to it.")

    @classmethod
    def of(cls, spec: WorkflowSpec) -> WorkflowSummary:
        visible = spec.visual_agents
        return cls(
            name=spec.name,
            description=spec.description,
            startup_mode=spec.startup_mode,
            agents=[agent.name for agent in spec.agents if visible is None or agent.name in visible],
            tools=len(spec.tools),
            version=spec.version,
        )


class InvalidWorkflow(BaseModel):
    name: str
    problems: list[dict[str, Any]]


class WorkflowList(BaseModel):
    workflows: list[WorkflowSummary]
    invalid: list[InvalidWorkflow]


@routes.get("")
async def list_workflows(api: Api) -> WorkflowList:
    """Every workflow that can be started, and every one that cannot, with the reason."""
    found = sorted(
        api.all_workflows(), key=lambda each: each.workflow if isinstance(each, ManifestErrors) else each.name
    )
    return WorkflowList(
        workflows=[WorkflowSummary.of(each) for each in found if not isinstance(each, ManifestErrors)],
        invalid=[
            InvalidWorkflow(name=each.workflow, problems=[problem.as_dict() for problem in each.problems])
            for each in found
            if isinstance(each, ManifestErrors)
        ],
    )
