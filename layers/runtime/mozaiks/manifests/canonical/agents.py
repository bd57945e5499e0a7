"""``agents``: who speaks, with what prompt and which model."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from mozaiks.manifests.canonical.base import CanonicalFile, CanonicalModel

__all__ = ["AgentEntry", "AgentsFile", "LlmConfig", "ModelChoice", "PromptSection"]


class ModelChoice(CanonicalModel):
    """One model and how it is called."""

    provider: str | None = Field(default=None, description="openai, bedrock, anthropic, …; else from the environment.")
    model: str | None = Field(default=None, description="The provider's name of the model.")
    temperature: float | None = Field(default=None, ge=0)
    max_tokens: int | None = Field(default=None, ge=1, description="Most tokens of one reply.")
    timeout: float | None = Field(default=None, gt=0, description="Seconds one model call may take.")


class LlmConfig(ModelChoice):
    """A model and those tried in its place when it fails."""

    fallback: list[ModelChoice] = Field(default=[], description="Models tried in this order when the first fails.")


class PromptSection(CanonicalModel):
    """A part of a prompt."""

    id: str | None = Field(default=None, description="Name of the section, not shown to the model.")
    heading: str | None = Field(default=None, description="Line above the content.")
    content: str = Field(description="Text of the section.")


class AgentEntry(CanonicalModel):
    """One agent."""

    system_message: str | None = Field(default=None, description="The prompt.")
    system_message_file: str | None = Field(
        default=None, description="File with the prompt, inside the workflow's folder: prompts/support.md."
    )
    prompt_sections: list[PromptSection] = Field(
        default=[], description="Sections of the prompt in order, after system_message if there is one."
    )
    description: str = Field(default="", description="What the agent does; other agents choose it by this.")
    role: str = Field(default="", description="Its part in the team, in a few words.")
    capabilities: list[str] = Field(default=[], description="What it can do.")
    type: str = Field(default="", description="A label of your own.")
    llm_config: LlmConfig = Field(default=LlmConfig(), description="Model of this agent, over the workflow's.")
    tools: list[str] = Field(default=[], description="Names of the tools it may call.")
    max_consecutive_auto_reply: int | None = Field(
        default=None, ge=1, description="Turns in a row with nobody else speaking."
    )
    auto_tool_mode: bool = Field(default=False, description="Pass its structured output to its own tool.")
    structured_outputs_required: bool = Field(default=False, description="Its replies must follow a declared model.")


class AgentsFile(CanonicalFile):
    """``agents.yaml`` or ``agents.json``."""

    dialects: ClassVar[dict[str, str]] = {}

    agents: Annotated[dict[str, AgentEntry], Field(min_length=1)] = Field(
        description="Name → agent, in speaking order."
    )
