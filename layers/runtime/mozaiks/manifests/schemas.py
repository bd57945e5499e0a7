"""JSON Schemas of the manifest files, generated from the canonical models.

The committed ones stand in ``schemas/`` beside this module; ``python -m mozaiks.manifests.schemas`` writes them again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mozaiks.manifests.canonical.agents import AgentsFile
from mozaiks.manifests.canonical.base import CanonicalFile
from mozaiks.manifests.canonical.context import ContextVariablesFile
from mozaiks.manifests.canonical.handoffs import HandoffsFile
from mozaiks.manifests.canonical.hooks import HooksFile
from mozaiks.manifests.canonical.orchestrator import OrchestratorFile
from mozaiks.manifests.canonical.outputs import StructuredOutputsFile
from mozaiks.manifests.canonical.packs import NestedPackFile, PackFile, UiConfigFile
from mozaiks.manifests.canonical.tools import ToolsFile

__all__ = ["FILES", "SCHEMAS_FOLDER", "generate_schemas", "schema_text"]

FILES: dict[str, type[CanonicalFile]] = {
    "orchestrator": OrchestratorFile,
    "agents": AgentsFile,
    "handoffs": HandoffsFile,
    "tools": ToolsFile,
    "context_variables": ContextVariablesFile,
    "structured_outputs": StructuredOutputsFile,
    "hooks": HooksFile,
    "ui_config": UiConfigFile,
    "nested_pack": NestedPackFile,
    "pack": PackFile,
}
"""Name of each schema → the canonical model of that file."""

SCHEMAS_FOLDER = Path(__file__).parent / "schemas"


def generate_schemas() -> dict[str, dict[str, Any]]:
    """Name → JSON Schema (2020-12) of that manifest file."""
    return {name: _schema(model) for name, model in FILES.items()}


def schema_text(schema: dict[str, Any]) -> str:
    """The schema as it is committed."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _schema(model: type[CanonicalFile]) -> dict[str, Any]:
    generated = _without_null(model.model_json_schema(by_alias=True, mode="validation"))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **generated}


def _without_null(part: Any) -> Any:
    """``part`` without the nulls, empty defaults and titles pydantic adds: a field is there or it is absent."""
    if isinstance(part, list):
        return [_without_null(item) for item in part]
    if not isinstance(part, dict):
        return part
    result: dict[str, Any] = {}
    for key, value in part.items():
        if key in ("properties", "$defs"):
            result[key] = {name: _without_null(schema) for name, schema in value.items()}
        elif key == "default" and (value in (None, "") or isinstance(value, (dict, list))):
            continue
        else:
            result[key] = _without_null(value)
    if "properties" not in result:
        result.pop("title", None)
    variants = result.get("anyOf", [])
    if {"type": "null"} in variants:
        kept = [variant for variant in variants if variant != {"type": "null"}]
        del result["anyOf"]
        result = {**kept[0], **result} if len(kept) == 1 else {"anyOf": kept, **result}
    return result


if __name__ == "__main__":
    for _name, _generated in generate_schemas().items():
        (SCHEMAS_FOLDER / f"{_name}.schema.json").write_text(schema_text(_generated), encoding="utf-8")
