"""The examples together show every field of the manifests, so that each can be looked up in a workflow that runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mozaiks.manifests import discover, inspect_workflow

ROOT = Path(__file__).parents[3]
WORKFLOWS = ROOT / "workflows"
SCHEMAS = ROOT / "layers/runtime/mozaiks/manifests/schemas"
EXAMPLES = sorted(folder.name for folder in WORKFLOWS.iterdir() if folder.is_dir() and folder.name[0] not in "._")
CONTRACT = "import type { UiToolProps } from '@mozaiks/client';"
SECTIONS = (
    "orchestrator",
    "agents",
    "handoffs",
    "tools",
    "context_variables",
    "structured_outputs",
    "hooks",
)


def _variants(schema: Any, root: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The map schemas that a value of ``schema`` can follow, with their names."""
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield name, root["$defs"][name]
    elif "properties" in schema or isinstance(schema.get("additionalProperties"), dict):
        yield schema.get("title", "file"), schema
    for each in schema.get("anyOf", []):
        yield from _variants(each, root)


def _items(schema: Any, root: dict[str, Any]) -> Iterator[Any]:
    if isinstance(schema, dict):
        if "items" in schema:
            yield schema["items"]
        for each in schema.get("anyOf", []):
            yield from _items(each, root)


def _used(schema: Any, data: Any, root: dict[str, Any]) -> Iterator[str]:
    """The fields of ``schema`` that ``data`` gives, as ``Model.field``."""
    if isinstance(data, list):
        for inner in _items(schema, root):
            for value in data:
                yield from _used(inner, value, root)
    if isinstance(data, dict):
        for name, variant in _variants(schema, root):
            for key, value in data.items():
                if key in variant.get("properties", {}):
                    yield f"{name}.{key}"
                    yield from _used(variant["properties"][key], value, root)
                elif isinstance(variant.get("additionalProperties"), dict):
                    yield from _used(variant["additionalProperties"], value, root)


def _data(folder: Path, section: str) -> Any:
    for file in folder.glob(f"{section}.*"):
        text = file.read_text(encoding="utf-8")
        return json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
    return None


def _schema(section: str) -> dict[str, Any]:
    return dict(json.loads((SCHEMAS / f"{section}.schema.json").read_text()))


def test_every_field_is_shown() -> None:
    fields: set[str] = set()
    shown: set[str] = set()
    for section in SECTIONS:
        schema = _schema(section)
        models = {schema.get("title", "file"): schema, **schema.get("$defs", {})}
        fields |= {f"{name}.{field}" for name, model in models.items() for field in model.get("properties", {})}
        shown |= {use for name in EXAMPLES for use in _used(schema, _data(WORKFLOWS / name, section), schema)}
    assert fields - shown == set()


def test_every_value_of_the_choices_is_shown() -> None:
    shown = {
        "pattern": {spec.pattern.value for spec in discover(WORKFLOWS)},
        "startup_mode": {spec.startup_mode.value for spec in discover(WORKFLOWS)},
        "hook_type": {hook.event for spec in discover(WORKFLOWS) for hook in spec.hooks},
        "trigger": {tool.trigger for spec in discover(WORKFLOWS) for tool in spec.lifecycle_tools},
        "source": {variable.source.kind for spec in discover(WORKFLOWS) for variable in spec.context_variables},
        "mode": {tool.ui.mode for spec in discover(WORKFLOWS) for tool in spec.tools if tool.ui is not None},
        "text or answer": {
            trigger.kind
            for spec in discover(WORKFLOWS)
            for variable in spec.context_variables
            for trigger in variable.triggers
        },
    }
    assert shown == {
        "pattern": {"Default", "Auto", "RoundRobin", "Random"},
        "startup_mode": {"AgentDriven", "UserDriven", "BackendOnly"},
        "hook_type": {
            "on_workflow_start",
            "on_workflow_complete",
            "on_agent_handoff",
            "on_error",
            "process_message_before_send",
            "process_last_received_message",
            "update_agent_state",
        },
        "trigger": {"before_chat", "after_chat", "before_agent", "after_agent"},
        "source": {"state", "config", "data_reference", "file", "computed"},
        "mode": {"inline", "artifact", "modal"},
        "text or answer": {"agent_text", "ui_response"},
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_loads_without_a_warning_and_says_what_to_try(name: str) -> None:
    loaded = inspect_workflow(WORKFLOWS / name)
    assert [str(problem) for problem in loaded.problems] == []
    assert loaded.spec is not None
    assert "Try: " in loaded.spec.description
    assert (WORKFLOWS / name / "demo/script.yaml").is_file()


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_manifest_names_its_schema_for_editors(name: str) -> None:
    for section in SECTIONS:
        for file in (WORKFLOWS / name).glob(f"{section}.*"):
            first = file.read_text(encoding="utf-8").splitlines()[:2]
            assert f"{section}.schema.json" in "".join(first), f"{file.name} of {name}"


def test_every_type_of_an_output_s_field_is_shown() -> None:
    types: set[str] = set()
    for name in EXAMPLES:
        models = (_data(WORKFLOWS / name, "structured_outputs") or {}).get("models", {})
        fields = [field for model in models.values() for field in model["fields"].values()]
        types |= {str(field["type"]).partition("[")[0] for field in fields}
    assert types >= {"str", "int", "float", "bool", "list", "dict", "enum", "literal", "optional", "union"}


def test_components_stand_beside_the_tools_that_name_them() -> None:
    components = {
        (spec.name, tool.ui.component)
        for spec in discover(WORKFLOWS)
        for tool in spec.tools
        if tool.ui is not None and tool.ui.component != tool.name
    }
    files = {(file.parent.parent.name, file.stem) for file in WORKFLOWS.glob("*/ui/*.tsx")}
    assert files == components
    assert len(files) >= 4
    for name, component in files:
        text = (WORKFLOWS / name / "ui" / f"{component}.tsx").read_text(encoding="utf-8")
        assert f"export default function {component}({{" in text
        imports = [line for line in text.splitlines() if line.startswith("import")]
        assert all(
            "'react'" in line or "import type { UiToolProps } from '@mozaiks/client'" in line for line in imports
        )
