"""``context_variables``: what a chat remembers besides its messages."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from mozaiks.manifests.canonical.base import CanonicalFile, CanonicalModel
from mozaiks.manifests.canonical.orchestrator import TextCondition

__all__ = ["ContextVariablesFile", "TriggerEntry", "VariableEntry", "VariableSource"]


class VariableSource(CanonicalModel):
    """Where a variable's first value comes from."""

    dialects: ClassVar[dict[str, str]] = {"kind": "type"}

    type: Literal["state", "config", "data_reference", "file", "computed"] = Field(
        default="state", description="state: only tools, hooks and triggers set it."
    )
    env_var: str | None = Field(default=None, description="config: name of the environment variable.")
    collection: str | None = Field(default=None, description="data_reference: collection that is read.")
    query_template: dict[str, Any] | None = Field(
        default=None, description="data_reference: query, with ${variable} as values. The tenant is always added."
    )
    fields: list[str] = Field(default=[], description="data_reference: fields that are kept; all when empty.")
    path: str | None = Field(default=None, description="file: path inside the workflow's folder.")
    format: Literal["text", "json", "yaml"] | None = Field(default=None, description="file: by its suffix when absent.")
    expression: str | None = Field(default=None, description="computed: expression over other variables.")


class TriggerEntry(CanonicalModel):
    """Sets a variable from what happens in the chat."""

    dialects: ClassVar[dict[str, str]] = {"kind": "type"}
    nullable: ClassVar[frozenset[str]] = frozenset({"value"})

    type: Literal["agent_text", "ui_response"]
    agent: str | None = Field(default=None, description="agent_text: whose text is looked at.")
    match: TextCondition | None = Field(default=None, description="agent_text: how the text is compared.")
    ui_hidden: bool = Field(default=False, description="agent_text: the matching text is never shown to clients.")
    tool: str | None = Field(default=None, description="ui_response: the UI tool whose answer is looked at.")
    response_key: str | None = Field(
        default=None, description="ui_response: key of the answer; the whole answer when absent."
    )
    value: Any = Field(default=True, description="agent_text: what the variable becomes.")


class VariableEntry(CanonicalModel):
    """One variable."""

    nullable: ClassVar[frozenset[str]] = frozenset({"default"})

    type: Literal["any", "str", "int", "float", "bool", "list", "dict"] = Field(
        default="any", description="Values are converted to it, and refused when they cannot be."
    )
    description: str = Field(default="", description="What it means; told to agents it is exposed to.")
    default: Any = Field(default=None, description="Value before anything sets it.")
    source: VariableSource = Field(default=VariableSource(), description="Where its first value comes from.")
    triggers: list[TriggerEntry] = Field(default=[], description="What sets it during the chat.")
    client_visible: bool = Field(default=False, description="Clients are told when it changes.")
    client_writable: bool = Field(default=False, description="Clients may set it.")


class ContextVariablesFile(CanonicalFile):
    """``context_variables.yaml`` or ``context_variables.json``."""

    dialects: ClassVar[dict[str, str]] = {"definitions": "variables"}

    variables: dict[str, VariableEntry] = Field(default={}, description="Name → variable.")
    agents: dict[str, list[str]] = Field(default={}, description="Agent → variables its prompt shows.")
