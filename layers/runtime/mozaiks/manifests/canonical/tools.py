"""``tools``: what agents may call."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from mozaiks.manifests.canonical.base import CanonicalFile, CanonicalModel, OneOrMany

__all__ = ["LifecycleToolEntry", "ToolEntry", "ToolUi", "ToolsFile"]


class ToolUi(CanonicalModel):
    """How a tool call is shown."""

    component: str | None = Field(
        default=None, description="Name of the client's component; the tool's name when absent."
    )
    mode: Literal["inline", "artifact", "modal"] = Field(default="inline", description="Where it is shown.")
    awaits_response: bool = Field(default=True, description="false: shown only, the run goes on.")
    response_schema: dict[str, Any] | None = Field(
        default=None,
        description="JSON Schema of the answer. Answers are checked; without the component, a form is made from it.",
    )
    secrets: dict[str, str] = Field(
        default={},
        description="Field of the answer → name of the user's secret it is kept as. It never becomes part of the chat.",
    )


class ToolEntry(CanonicalModel):
    """One tool."""

    dialects: ClassVar[dict[str, str]] = {"tool_type": "type", "auto_invoke": "auto_execute"}

    name: str = Field(description="Name the model calls it by.")
    file: str | None = Field(
        default=None, description="Python file in the workflow's folder; tools/<name>.py when absent."
    )
    module: str | None = Field(default=None, description="The file as a module instead: tools.my_module.")
    function: str | None = Field(
        default=None, description="Function in the file; when absent the one called like the tool, else execute."
    )
    agent: OneOrMany = Field(
        default=[], description="Agents that own it. With no agent here and none naming it, every agent does."
    )
    type: Literal["Agent_Tool", "UI_Tool"] | None = Field(
        default=None, description="Agent_Tool runs here, UI_Tool is answered by the client. UI_Tool when ui is set."
    )
    description: str = Field(default="", description="What the model is told; the function's docstring when empty.")
    auto_execute: bool = Field(default=False, description="The runtime may call it from its agent's structured output.")
    category: str = Field(default="", description="A label of your own.")
    parameters: dict[str, Any] | None = Field(
        default=None, description="JSON Schema of the arguments, laid over the one made from the signature."
    )
    ui: ToolUi | None = Field(default=None, description="How a UI_Tool is shown.")
    timeout: float | None = Field(default=None, gt=0, description="Seconds one call may take.")
    requires_approval: bool = Field(default=False, description="A person must approve each call before it runs.")


class LifecycleToolEntry(CanonicalModel):
    """A function the runtime calls at a fixed moment."""

    trigger: Literal["before_chat", "after_chat", "before_agent", "after_agent"]
    agent: str | None = Field(default=None, description="For before_agent and after_agent: only this one.")
    name: str | None = Field(default=None, description="A label of your own.")
    description: str = ""
    file: str | None = Field(default=None, description="Python file in the workflow's folder.")
    module: str | None = Field(default=None, description="The file as a module instead: tools.my_module.")
    function: str | None = Field(default=None, description="Function in the file, or module.function.")


class ToolsFile(CanonicalFile):
    """``tools.yaml`` or ``tools.json``."""

    tools: list[ToolEntry] = Field(default=[])
    lifecycle_tools: list[LifecycleToolEntry] = Field(default=[])
