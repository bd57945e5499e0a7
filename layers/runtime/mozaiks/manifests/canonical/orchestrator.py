"""``orchestrator``: what the workflow is and how its agents take turns."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from mozaiks.manifests.canonical.agents import LlmConfig
from mozaiks.manifests.canonical.base import CanonicalFile, CanonicalModel

__all__ = ["OrchestratorFile", "TerminationConditions", "TextCondition"]


class TextCondition(CanonicalModel):
    """How a text is compared. Exactly one key."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    equals: str | None = Field(default=None, description="The whole text, without surrounding blanks.")
    contains: str | None = Field(default=None, description="A part of the text.")
    regex: str | None = Field(default=None, description="A Python regular expression found anywhere in the text.")


class TerminationConditions(CanonicalModel):
    """When a run ends by itself."""

    max_consecutive_auto_replies: int | None = Field(
        default=None, ge=1, description="Agent turns in a row without the user."
    )
    max_seconds: float | None = Field(default=None, gt=0, description="Seconds one run may take.")
    text: TextCondition | None = Field(default=None, description="An agent's text that ends the run.")


class OrchestratorFile(CanonicalFile):
    """``orchestrator.yaml`` or ``orchestrator.json``."""

    dialects: ClassVar[dict[str, str]] = {
        "name": "workflow_name",
        "orchestration_pattern": "pattern",
        "orchestration_strategy": "pattern",
        "primary_agent": "initial_agent",
        "entry_agent": "initial_agent",
    }

    workflow_name: str | None = Field(
        default=None, description="The folder's name; the spelling here is the one clients see."
    )
    description: str = Field(default="", description="What the workflow is for, shown to clients.")
    pattern: Literal["Default", "Auto", "RoundRobin", "Random"] = Field(
        default="Default", description="Who speaks next when no rule decides."
    )
    initial_agent: str | None = Field(
        default=None, description="The agent that speaks first; else the first in file order."
    )
    max_turns: int = Field(default=50, ge=1, description="Speaker turns of one run.")
    startup_mode: Literal["AgentDriven", "UserDriven", "BackendOnly", "Default"] = Field(
        default="AgentDriven",
        description=(
            "AgentDriven starts on connect, UserDriven waits for the user, BackendOnly takes no input from a socket; "
            "Default is AgentDriven with an initial_message, else UserDriven."
        ),
    )
    initial_message: str | None = Field(default=None, description="Hidden first message of an AgentDriven workflow.")
    initial_message_to_user: str | None = Field(default=None, description="Greeting of a UserDriven workflow.")
    human_in_the_loop: bool = Field(
        default=False, description="Whether the chat waits for the user when agents are done."
    )
    visual_agents: list[str] | None = Field(
        default=None, description="Agents whose text clients see; all when absent. May stand in ui_config instead."
    )
    termination_conditions: TerminationConditions = Field(
        default=TerminationConditions(), description="When a run ends by itself."
    )
    llm_config: LlmConfig = Field(default=LlmConfig(), description="Default model of the workflow's agents.")
