"""What all canonical models share."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

__all__ = ["CanonicalFile", "CanonicalModel", "OneOrMany"]


class CanonicalModel(BaseModel):
    """One map of the canonical dialect. Strict: text is text, a number is a number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    dialects: ClassVar[dict[str, str]] = {}
    """Other keys that are accepted, each with the canonical one it stands for."""
    nullable: ClassVar[frozenset[str]] = frozenset()
    """Fields for which an explicit null is a value; elsewhere it means absent."""


class CanonicalFile(CanonicalModel):
    """The top level of a manifest file."""

    schema_ref: str | None = Field(default=None, alias="$schema", description="JSON Schema of this file, for editors.")


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


OneOrMany = Annotated[
    list[str],
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""A list of names that may be written as one name."""
