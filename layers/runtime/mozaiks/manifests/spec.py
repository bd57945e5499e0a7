"""The one normalised, immutable form every workflow folder loads into.

Nothing here reads a file. The loader fills these models, the engine and the HTTP API read them, and
``WorkflowSpec.version`` (a content hash) is what a chat stays bound to.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "AgentSpec",
    "ContextExposure",
    "ContextVariableSpec",
    "FunctionRef",
    "HandoffSpec",
    "HookSpec",
    "LifecycleToolSpec",
    "ModelSpec",
    "NestedChatSpec",
    "Pattern",
    "Source",
    "StartupMode",
    "StructuredOutputSpec",
    "Termination",
    "TextMatch",
    "ToolKind",
    "ToolSpec",
    "Trigger",
    "UiSpec",
    "WorkflowSpec",
]

USER = "user"
"""Reserved speaker: control goes to the person."""
TERMINATE = "terminate"
"""Reserved target: the run completes."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False)


class Pattern(StrEnum):
    DEFAULT = "Default"
    AUTO = "Auto"
    ROUND_ROBIN = "RoundRobin"
    RANDOM = "Random"


class StartupMode(StrEnum):
    AGENT_DRIVEN = "AgentDriven"
    USER_DRIVEN = "UserDriven"
    BACKEND_ONLY = "BackendOnly"


class ToolKind(StrEnum):
    AGENT_TOOL = "Agent_Tool"
    UI_TOOL = "UI_Tool"


class TextMatch(_Frozen):
    """How a text is compared. Exactly one of the three is set."""

    equals: str | None = None
    contains: str | None = None
    regex: str | None = None


class ModelSpec(_Frozen):
    """``llm_config``. A field left ``None`` comes from the workflow's config, then from the environment."""

    provider: str | None = None
    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    timeout: float | None = Field(default=None, description="Seconds one model call may take.")
    fallback: tuple[ModelSpec, ...] = ()


class FunctionRef(_Frozen):
    """A Python function inside the workflow's folder, never an arbitrary import."""

    path: str = Field(description="Path of the file, relative to the workflow folder, with forward slashes.")
    function: str = "execute"


class UiSpec(_Frozen):
    component: str
    mode: Literal["inline", "artifact", "modal"] = "inline"
    awaits_response: bool = True
    response_schema: dict[str, Any] | None = Field(default=None, description="JSON Schema of the answer.")
    secrets: dict[str, str] = Field(default={}, description="Field of the answer → name of the secret it is kept as.")


class ToolSpec(_Frozen):
    name: str
    kind: ToolKind = ToolKind.AGENT_TOOL
    description: str = ""
    function: FunctionRef | None = None
    agents: tuple[str, ...] = Field(
        default=(), description="Agents that own the tool, resolved; never empty once loaded."
    )
    auto_execute: bool = False
    category: str = ""
    parameters: dict[str, Any] | None = Field(default=None, description="JSON Schema that refines the signature's.")
    ui: UiSpec | None = None
    timeout: float | None = Field(default=None, description="Seconds one call may take.")
    requires_approval: bool = False


class AgentSpec(_Frozen):
    name: str
    system_message: str = ""
    description: str = ""
    role: str = ""
    capabilities: tuple[str, ...] = ()
    type: str = ""
    llm: ModelSpec = ModelSpec()
    max_consecutive_auto_reply: int | None = None
    auto_tool_mode: bool = False
    structured_outputs_required: bool = False


class HandoffSpec(_Frozen):
    """One rule. ``kind`` says when it is looked at; ``condition`` holds the expression or the question."""

    source: str
    target: str
    kind: Literal["llm", "expression", "after_work"]
    condition: str = ""
    description: str = ""
    scope: Literal["before_reply", "after_turn"] = "after_turn"


class Trigger(_Frozen):
    """Sets a variable from what happens in the chat."""

    kind: Literal["agent_text", "ui_response"]
    agent: str | None = None
    match: TextMatch | None = None
    ui_hidden: bool = False
    tool: str | None = None
    response_key: str | None = None
    value: Any = True


class Source(_Frozen):
    kind: Literal["state", "config", "data_reference", "file", "computed"] = "state"
    env_var: str | None = None
    collection: str | None = None
    query_template: dict[str, Any] | None = None
    fields: tuple[str, ...] = ()
    path: str | None = None
    format: Literal["text", "json", "yaml"] = "text"
    expression: str | None = None


class ContextVariableSpec(_Frozen):
    name: str
    type: Literal["any", "str", "int", "float", "bool", "list", "dict"] = "any"
    description: str = ""
    default: Any = None
    source: Source = Source()
    triggers: tuple[Trigger, ...] = ()
    client_visible: bool = Field(default=False, description="Changes are pushed to clients as ``context_update``.")
    client_writable: bool = Field(default=False, description="``chat.component_action`` may set it.")


class ContextExposure(_Frozen):
    agent: str
    variables: tuple[str, ...]


class StructuredOutputSpec(_Frozen):
    agent: str
    model_name: str
    json_schema: dict[str, Any]
    when: str | None = Field(default=None, description="Expression; the output is asked for only when it is true.")


class HookSpec(_Frozen):
    event: Literal[
        "on_workflow_start",
        "on_workflow_complete",
        "on_agent_handoff",
        "on_error",
        "process_message_before_send",
        "process_last_received_message",
        "update_agent_state",
    ]
    function: FunctionRef
    agent: str | None = None


class LifecycleToolSpec(_Frozen):
    trigger: Literal["before_chat", "after_chat", "before_agent", "after_agent"]
    function: FunctionRef
    agent: str | None = None


class Termination(_Frozen):
    max_consecutive_auto_replies: int | None = None
    max_seconds: float | None = None
    text: TextMatch | None = None


class NestedChatSpec(_Frozen):
    trigger_agent: str
    resume_agent: str | None = None
    max_children: int = 10
    timeout_seconds: float | None = None
    on_partial_failure: Literal["resume_with_available", "fail_all"] = "resume_with_available"


class WorkflowSpec(_Frozen):
    """A loaded workflow. ``agents`` keeps file order; lookups are by declared spelling."""

    name: str
    version: str = Field(description="Hex SHA-256 over the normalised content, code and prompt files included.")
    description: str = ""
    pattern: Pattern = Pattern.DEFAULT
    initial_agent: str
    max_turns: int = 50
    startup_mode: StartupMode = StartupMode.USER_DRIVEN
    initial_message: str | None = None
    initial_message_to_user: str | None = None
    human_in_the_loop: bool = False
    visual_agents: tuple[str, ...] | None = Field(default=None, description="``None``: all agents are visible.")
    termination: Termination = Termination()
    agents: tuple[AgentSpec, ...]
    tools: tuple[ToolSpec, ...] = ()
    lifecycle_tools: tuple[LifecycleToolSpec, ...] = ()
    handoffs: tuple[HandoffSpec, ...] = ()
    context_variables: tuple[ContextVariableSpec, ...] = ()
    context_exposure: tuple[ContextExposure, ...] = ()
    structured_outputs: tuple[StructuredOutputSpec, ...] = ()
    hooks: tuple[HookSpec, ...] = ()
    nested_chats: tuple[NestedChatSpec, ...] = ()
    ui_config: dict[str, Any] = {}

    def agent(self, name: str) -> AgentSpec:
        """The agent called ``name``; ``KeyError`` if there is none."""
        for agent in self.agents:
            if agent.name == name:
                return agent
        raise KeyError(name)

    def tools_of(self, agent: str) -> tuple[ToolSpec, ...]:
        """The tools ``agent`` may call, in file order."""
        return tuple(tool for tool in self.tools if agent in tool.agents)

    def nested_of(self, agent: str) -> NestedChatSpec | None:
        """What holds for the children that this agent's output may ask for; ``None``: it may ask for none."""
        return next((each for each in self.nested_chats if each.trigger_agent == agent), None)

    def handoffs_from(self, source: str) -> tuple[HandoffSpec, ...]:
        """The rules that leave ``source`` (an agent or ``user``), in file order."""
        return tuple(rule for rule in self.handoffs if rule.source == source)
