"""What the routes say of workflows."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mozaiks.manifests.spec import StartupMode, ToolKind, ToolSpec, WorkflowSpec

__all__ = [
    "InvalidWorkflow",
    "ManifestProblem",
    "ToolEntry",
    "WorkflowList",
    "WorkflowSummary",
    "WorkflowTools",
    "WorkflowTransport",
]

_VERSION = "9f2d0c7a6b1e4f3d8c5a7e9b0d1f2a3c4e5b6d7f8a9c0e1d2b3f4a5c6e7d8b9a"


class WorkflowSummary(BaseModel):
    name: str = Field(examples=["HelloWorld"])
    description: str
    startup_mode: StartupMode
    agents: list[str] = Field(description="Agents whose work users see.")
    tools: int = Field(description="How many tools it has.")
    version: str = Field(description="Content hash; chats stay bound to it.", examples=[_VERSION])
    ui_config: dict[str, Any] = Field(description="Settings for pages, as the manifest has them.")

    @classmethod
    def of(cls, spec: WorkflowSpec) -> WorkflowSummary:
        return cls(
            name=spec.name,
            description=spec.description,
            startup_mode=spec.startup_mode,
            agents=[agent.name for agent in spec.agents if _seen(spec, agent.name)],
            tools=len(spec.tools),
            version=spec.version,
            ui_config=spec.ui_config,
        )


class ManifestProblem(BaseModel):
    """One thing that is wrong with a manifest."""

    severity: Literal["error", "warning"]
    code: str = Field(examples=["unknown_key"])
    message: str
    file: str = Field(examples=["Broken/orchestrator.yaml"])
    line: int | None = Field(description="From 1, where the syntax has lines.")
    column: int | None
    key: str | None = Field(description="The key it is about, as its author spelled it.", examples=["max_turnz"])


class InvalidWorkflow(BaseModel):
    name: str
    problems: list[ManifestProblem]


class WorkflowList(BaseModel):
    workflows: list[WorkflowSummary]
    invalid: list[InvalidWorkflow]


class WorkflowTransport(BaseModel):
    """How a client talks to chats of a workflow."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "workflow_name": "HelloWorld",
                    "version": _VERSION,
                    "transport": "websocket",
                    "websocket_url": "wss://chat.example.com/dev",
                    "subprotocol": "bearer",
                    "startup_mode": "AgentDriven",
                    "accepts_input": True,
                    "human_in_the_loop": True,
                    "start_path": "/api/chats/{app_id}/HelloWorld/start",
                    "events_path": "/api/chats/{app_id}/HelloWorld/{chat_id}/events",
                    "max_frame_bytes": 32768,
                }
            ]
        }
    )

    workflow_name: str
    version: str
    transport: Literal["websocket"] = "websocket"
    websocket_url: str = Field(description="The socket API. Starting a chat gives the whole address of its socket.")
    subprotocol: Literal["bearer"] = Field("bearer", description="What a browser offers beside its token.")
    startup_mode: StartupMode
    accepts_input: bool = Field(description="False where chats run without their user (`BackendOnly`).")
    human_in_the_loop: bool
    start_path: str = Field(description="`POST` here opens a chat.")
    events_path: str = Field(
        description="The log of a chat, also as `text/event-stream`, for clients without a socket."
    )
    max_frame_bytes: int = Field(description="A longer frame of a client closes its socket.")


class ToolEntry(BaseModel):
    """A tool that a page has to show something for: a component, or a request for approval."""

    name: str = Field(examples=["choose_plan"])
    description: str
    category: str
    tool_type: ToolKind
    agents: list[str] = Field(description="Agents that may call it, of those whose work users see.")
    component: str | None = Field(description="The component to show; null where only approval is asked for.")
    mode: Literal["inline", "artifact", "modal"] | None
    awaits_response: bool = Field(description="Whether the chat waits for the component's answer.")
    requires_approval: bool
    parameters: dict[str, Any] | None = Field(
        description="JSON Schema of the call's arguments as the manifest declares it; null where the function's "
        "signature says it all."
    )
    response_schema: dict[str, Any] | None = Field(
        description="JSON Schema of the component's answer, where the manifest declares one: without the component, a "
        "form is made from it."
    )

    @classmethod
    def of(cls, tool: ToolSpec, agents: list[str]) -> ToolEntry:
        return cls(
            name=tool.name,
            description=tool.description,
            category=tool.category,
            tool_type=tool.kind,
            agents=agents,
            component=None if tool.ui is None else tool.ui.component,
            mode=None if tool.ui is None else tool.ui.mode,
            awaits_response=tool.kind is ToolKind.UI_TOOL and (tool.ui is None or tool.ui.awaits_response),
            requires_approval=tool.requires_approval,
            parameters=tool.parameters,
            response_schema=None if tool.ui is None else tool.ui.response_schema,
        )


class WorkflowTools(BaseModel):
    """The tools of a workflow that users meet. Those of agents that users do not see are not among them."""

    workflow_name: str
    version: str
    tools: list[ToolEntry]

    @classmethod
    def of(cls, spec: WorkflowSpec) -> WorkflowTools:
        met = [tool for tool in spec.tools if tool.kind is ToolKind.UI_TOOL or tool.requires_approval]
        owned = [(tool, [agent for agent in tool.agents if _seen(spec, agent)]) for tool in met]
        return cls(
            workflow_name=spec.name,
            version=spec.version,
            tools=[ToolEntry.of(tool, agents) for tool, agents in owned if agents],
        )


def _seen(spec: WorkflowSpec, agent: str) -> bool:
    return spec.visual_agents is None or agent in spec.visual_agents
