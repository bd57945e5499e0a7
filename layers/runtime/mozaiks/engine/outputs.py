"""Structured outputs: the schema a model call carries, and whether an answer keeps to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from ag2.response import ResponseProto

from mozaiks.manifests.expressions import parse
from mozaiks.manifests.spec import StructuredOutputSpec, WorkflowSpec

if TYPE_CHECKING:
    from ag2.annotations import Context
    from fast_depends import Provider
    from jsonschema.protocols import Validator

__all__ = ["DeclaredOutput", "Fault", "checked", "output_of", "repair_request"]

_ANNOTATIONS: Final = frozenset({"default", "title", "examples"})
"""Keywords that say nothing a model must keep to, and that strict schemas refuse."""


class DeclaredOutput(ResponseProto[str]):
    """A manifest's output model as AG2 hands it to a provider. The answer is checked by ``checked``, not here.

    AG2 asks providers for their strict mode, which takes no open maps and no values of any type. Where a model has
    some, it is told in the prompt instead.
    """

    def __init__(self, name: str, schema: dict[str, Any]) -> None:
        self.name = name
        self.description = None
        plain = _strict(schema)
        closed = _is_closed(plain)
        self.json_schema = plain if closed else None
        self.system_prompt = (
            None if closed else f"Answer with one JSON object that fits this schema: {json.dumps(plain)}"
        )

    async def validate(self, response: str, context: Context, provider: Provider | None = None) -> str:
        return response


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an answer does not keep to its model, in words for a model."""

    words: str


def output_of(spec: WorkflowSpec, agent: str, context: dict[str, Any]) -> StructuredOutputSpec | None:
    """The output model that ``agent`` must keep to now: the first of its own whose condition holds."""
    for output in spec.structured_outputs:
        if output.agent == agent and (output.when is None or parse(output.when).is_true(context)):
            return output
    return None


def checked(output: StructuredOutputSpec, text: str) -> dict[str, Any] | Fault:
    """The object in ``text`` if it keeps to the output's schema."""
    try:
        value = json.loads(_unfenced(text))
    except (ValueError, RecursionError) as error:
        return Fault(f"the answer is no JSON ({str(error)[:120]})")
    if not isinstance(value, dict):
        return Fault(f"the answer is a JSON {type(value).__name__}; an object is expected")
    for wrong in _validator(json.dumps(output.json_schema, sort_keys=True)).iter_errors(value):
        return Fault(f"at {wrong.json_path}: {wrong.message[:300]}")
    return value


def repair_request(output: StructuredOutputSpec, fault: Fault) -> str:
    """What the model is told, once, after an answer that does not keep to its model."""
    return f"Your answer does not fit {output.model_name}: {fault.words}. Answer again with one JSON object that does."


@lru_cache(maxsize=256)
def _validator(schema: str) -> Validator:
    # Imported at the first use: many workflows have no structured output, and it costs 50 ms.
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(schema))


def _is_closed(schema: Any) -> bool:
    """Whether strict mode takes the schema: every value has a type, every object names all of its fields."""
    if not isinstance(schema, dict):
        return True
    if not {"type", "anyOf", "oneOf", "enum", "const", "$ref"} & schema.keys():
        return False
    types = schema.get("type")
    if "object" in ([types] if isinstance(types, str) else types or []) and not schema.get("properties"):
        return False
    if "array" in ([types] if isinstance(types, str) else types or []) and not schema.get("items"):
        return False
    if isinstance(schema.get("additionalProperties"), dict) or schema.get("additionalProperties") is True:
        return False
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    inner += [*schema.get("anyOf", []), *schema.get("oneOf", []), *([schema["items"]] if "items" in schema else [])]
    return all(_is_closed(each) for each in inner)


def _strict(schema: Any) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            # Strict mode takes no words beside a reference.
            return {"$ref": schema["$ref"]}
        return {
            # Under `properties` the keys are names of fields, one of which may be "title".
            key: {name: _strict(field) for name, field in value.items()}
            if key in ("properties", "$defs") and isinstance(value, dict)
            else _strict(value)
            for key, value in schema.items()
            if key not in _ANNOTATIONS
        }
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    return schema


def _unfenced(text: str) -> str:
    """Models that know no schemas like to put JSON into a Markdown fence."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        return text[text.index("\n") + 1 : -3]
    return text
