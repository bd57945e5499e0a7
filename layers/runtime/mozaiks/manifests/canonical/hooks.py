"""``hooks``: your code at the runtime's moments."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mozaiks.manifests.canonical.base import CanonicalFile, CanonicalModel

__all__ = ["HookEntry", "HooksFile"]


class HookEntry(CanonicalModel):
    """One hook."""

    hook_type: Literal[
        "on_workflow_start",
        "on_workflow_complete",
        "on_agent_handoff",
        "on_error",
        "process_message_before_send",
        "process_last_received_message",
        "update_agent_state",
    ] = Field(description="The moment it is called.")
    hook_agent: str | None = Field(default=None, description="Only for this agent; absent, for all.")
    filename: str | None = Field(default=None, description="Python file under hooks/.")
    function: str = Field(description="Function in the file, or module.function.")


class HooksFile(CanonicalFile):
    """``hooks.yaml`` or ``hooks.json``."""

    hooks: list[HookEntry] = Field(default=[])
