"""``_pack/workflow_graph`` inside a workflow: the chats its agents may spawn."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from mozaiks.manifests.canonical.base import CanonicalFile, CanonicalModel

__all__ = ["NestedChatEntry", "NestedPackFile", "UiConfigFile"]


class NestedChatEntry(CanonicalModel):
    """An agent whose structured output may start child chats."""

    trigger_agent: str = Field(description="Agent whose output holds PatternSelection.")
    resume_agent: str | None = Field(default=None, description="Agent that speaks when the children are done.")
    max_children: int = Field(default=10, ge=1, description="Most child chats of one output.")
    timeout_seconds: float | None = Field(default=None, gt=0, description="Seconds the children may take together.")
    on_partial_failure: Literal["resume_with_available", "fail_all"] = Field(
        default="resume_with_available", description="What happens when some children did not complete."
    )


class NestedPackFile(CanonicalFile):
    """``_pack/workflow_graph.json`` of one workflow."""

    pack_name: str = Field(default="", description="A label of your own.")
    version: int | str | None = Field(default=None, description="A label of your own.")
    nested_chats: list[NestedChatEntry] = Field(default=[])


class UiConfigFile(CanonicalFile):
    """``ui_config.yaml`` or ``ui_config.json``: passed to clients as it is, but for visual_agents."""

    model_config = ConfigDict(extra="allow")

    visual_agents: list[str] | None = Field(default=None, description="Agents whose text clients see; all when absent.")
    ui_config: dict[str, Any] | None = Field(default=None, description="The same settings, one level down.")
