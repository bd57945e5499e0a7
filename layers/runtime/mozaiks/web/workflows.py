"""The installed workflows: the broken ones with what is wrong with them, and what a page needs to know of each."""

from __future__ import annotations

from fastapi import APIRouter

from mozaiks.chats.commands import MAX_FRAME_BYTES
from mozaiks.manifests import ManifestErrors
from mozaiks.manifests.spec import StartupMode
from mozaiks.web.ids import WorkflowName
from mozaiks.web.runtime import Api
from mozaiks.web.workflow_models import (
    InvalidWorkflow,
    ManifestProblem,
    WorkflowList,
    WorkflowSummary,
    WorkflowTools,
    WorkflowTransport,
)

__all__ = ["routes"]

routes = APIRouter(prefix="/api/workflows", tags=["workflows"])


@routes.get("")
async def list_workflows(api: Api) -> WorkflowList:
    """Every workflow that can be started, and every one that cannot, with the reason."""
    found = sorted(
        api.all_workflows(), key=lambda each: each.workflow if isinstance(each, ManifestErrors) else each.name
    )
    return WorkflowList(
        workflows=[WorkflowSummary.of(each) for each in found if not isinstance(each, ManifestErrors)],
        invalid=[
            InvalidWorkflow(
                name=each.workflow,
                problems=[ManifestProblem.model_validate(problem.as_dict()) for problem in each.problems],
            )
            for each in found
            if isinstance(each, ManifestErrors)
        ],
    )


@routes.get("/{workflow_name}/transport")
async def workflow_transport(workflow_name: WorkflowName, api: Api) -> WorkflowTransport:
    """How a client talks to chats of this workflow."""
    spec = api.workflows.get(workflow_name).spec
    return WorkflowTransport(
        workflow_name=spec.name,
        version=spec.version,
        websocket_url=api.socket_url,
        startup_mode=spec.startup_mode,
        accepts_input=spec.startup_mode is not StartupMode.BACKEND_ONLY,
        human_in_the_loop=spec.human_in_the_loop,
        start_path=f"/api/chats/{{app_id}}/{spec.name}/start",
        events_path=f"/api/chats/{{app_id}}/{spec.name}/{{chat_id}}/events",
        max_frame_bytes=MAX_FRAME_BYTES,
    )


@routes.get("/{workflow_name}/tools")
async def workflow_tools(workflow_name: WorkflowName, api: Api) -> WorkflowTools:
    """The tools of this workflow that show the user something: components, and requests for approval."""
    return WorkflowTools.of(api.workflows.get(workflow_name).spec)
