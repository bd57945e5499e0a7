"""``handoffs``: who speaks after whom."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from mozaiks.manifests.canonical.base import CanonicalFile, CanonicalModel

__all__ = ["HandoffEntry", "HandoffsFile"]


class HandoffEntry(CanonicalModel):
    """One rule, looked at in file order."""

    dialects: ClassVar[dict[str, str]] = {"source_agent": "from_agent", "target_agent": "to_agent"}

    from_agent: str = Field(description="The agent that spoke, or user.")
    to_agent: str = Field(description="The next speaker: an agent, user, or terminate.")
    condition: str | None = Field(
        default=None,
        description=(
            "A context variable's name or text with ${…} is an expression; any other text is a question to the model; "
            "absent, the rule always holds."
        ),
    )
    condition_type: Literal["llm", "expression", "none"] | None = Field(
        default=None, description="Says what the condition is, where the text alone would be read differently."
    )
    condition_scope: Literal["before_reply", "after_turn"] = Field(
        default="after_turn", description="before_reply expressions are checked before the agent speaks."
    )
    handoff_type: Literal["after_work", "condition"] | None = Field(
        default=None, description="after_work has no condition; condition has one."
    )
    condition_description: str = Field(default="", description="What the model is told about the choice.")


class HandoffsFile(CanonicalFile):
    """``handoffs.yaml`` or ``handoffs.json``."""

    handoffs: list[HandoffEntry] = Field(default=[])
