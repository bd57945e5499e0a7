"""``_pack/workflow_graph``: beside the workflows, their dependencies and journeys; inside one, the chats it spawns."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from mozaiks.manifests.canonical.base import CanonicalFile, CanonicalModel

__all__ = [
    "MAX_GROUP",
    "DependencyEntry",
    "JourneyEntry",
    "NestedChatEntry",
    "NestedPackFile",
    "PackFile",
    "PackWorkflowEntry",
    "UiConfigFile",
]

MAX_GROUP: Final = 40
"""Members of one step of a journey: Step Functions runs so many iterations of a map at once. A member beyond would not
begin before another one ends, and that one may wait for its user for weeks."""


def _version(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value in ("1", "2") else value


PackVersion = Annotated[Literal[1, 2], BeforeValidator(_version), WithJsonSchema({"enum": [1, 2, "1", "2"]})]


class DependencyEntry(CanonicalModel):
    """What should be completed before. Its id alone may stand for it."""

    id: str = Field(description="Name of the workflow that comes first.")
    gating: Literal["required", "optional"] = Field(
        default="required",
        description="`required`: the workflow starts only after a completed chat of that one, of the same app and "
        "user. `optional`: a hint that is shown.",
    )
    reason: str = Field(default="", description="Why, for the people who must wait.")


class PackWorkflowEntry(CanonicalModel):
    """A workflow and what it depends on. Its id alone may stand for it."""

    id: str = Field(description="Name of a workflow folder.")
    dependencies: list[str | DependencyEntry] = Field(default=[], description="What should be completed before.")


class JourneyEntry(CanonicalModel):
    """Workflows that run one after the other as one flow."""

    id: str = Field(
        pattern=r"^[A-Za-z0-9_-]{1,64}$", description="Name of the journey: letters, digits, `_` and `-`, at most 64."
    )
    steps: list[str | Annotated[list[str], Field(min_length=1, max_length=MAX_GROUP)]] = Field(
        min_length=1,
        description="In their order: a workflow, or a list of at most 40 workflows that run in parallel. The next "
        "step begins when all of the one before have completed.",
    )


class PackFile(CanonicalFile):
    """``workflows/_pack/workflow_graph.json``: the dependencies and journeys of all workflows."""

    pack_name: str = Field(default="", description="A label of your own.")
    version: PackVersion = Field(default=2, description="Of this file's format; 1 and 2 are read the same.")
    workflows: list[str | PackWorkflowEntry] = Field(default=[], description="Workflows that depend on others.")
    journeys: list[JourneyEntry] = Field(default=[])


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
