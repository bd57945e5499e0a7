"""``structured_outputs``: replies that follow a model."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, SkipValidation

from mozaiks.manifests.canonical.base import CanonicalFile, CanonicalModel

__all__ = ["ModelEntry", "ModelField", "OutputEntry", "StructuredOutputsFile"]


class ModelField(CanonicalModel):
    """One field of a model."""

    nullable: ClassVar[frozenset[str]] = frozenset({"default"})

    type: str = Field(
        description=(
            "str, int, float, bool, list, dict, enum or literal, optional, union, any, or another model's name; "
            "also written list[str], optional[Item], str | int."
        )
    )
    description: str = Field(default="", description="What the field means; told to the model.")
    items: Nested | None = Field(default=None, description="list, dict, optional: type of what is inside.")
    values: list[str | int | float | bool | None] | None = Field(
        default=None, description="enum, literal: the allowed values."
    )
    variants: list[Nested] | None = Field(default=None, description="union: the allowed types.")
    required: bool = Field(default=True, description="false: the field may be left out.")
    default: Any = Field(default=None, description="Value when the field is left out.")


Nested = SkipValidation["str | ModelField"]
"""A type inside a type; the reader goes into it level by level, so that each error has its own place."""


class ModelEntry(CanonicalModel):
    """A model: named fields with types."""

    type: str | None = Field(default=None, description="'model', for readers; has no effect.")
    description: str = Field(default="", description="What the model is; told to the model.")
    fields: dict[str, ModelField] = Field(description="Name → field.")


class OutputEntry(CanonicalModel):
    """A structured output with a JSON Schema of its own."""

    name: str = Field(description="Name of the output, as events carry it.")
    schema_: Any = Field(
        alias="schema",
        description="A JSON Schema of an object, or the name of one of the models.",
        json_schema_extra={"anyOf": [{"type": "string"}, {"type": "object"}]},
    )
    agent: str | None = Field(
        default=None,
        description="Whose reply it is. Absent: agents with structured_outputs_required, or, with none, all.",
    )
    when: str | None = Field(default=None, description="Expression; the output is asked for only when it is true.")


class StructuredOutputsFile(CanonicalFile):
    """``structured_outputs.yaml`` or ``structured_outputs.json``."""

    models: dict[str, ModelEntry] = Field(default={}, description="Name → model.")
    registry: dict[str, str] = Field(default={}, description="Agent → model its replies follow.")
    outputs: list[OutputEntry] = Field(default=[])


ModelField.model_rebuild()
