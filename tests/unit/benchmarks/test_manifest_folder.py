"""The folders that are made up for measuring load without a word, and leave no field of the language out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel

from mozaiks.manifests import discover
from mozaiks.manifests.canonical.agents import AgentsFile
from mozaiks.manifests.canonical.context import ContextVariablesFile
from mozaiks.manifests.canonical.handoffs import HandoffsFile
from mozaiks.manifests.canonical.hooks import HooksFile
from mozaiks.manifests.canonical.orchestrator import OrchestratorFile, TextCondition
from mozaiks.manifests.canonical.outputs import StructuredOutputsFile
from mozaiks.manifests.canonical.packs import NestedPackFile, UiConfigFile
from mozaiks.manifests.canonical.tools import ToolsFile

ROOT = Path(__file__).parents[3]
SECTIONS: dict[str, type[BaseModel]] = {
    "orchestrator": OrchestratorFile,
    "agents": AgentsFile,
    "handoffs": HandoffsFile,
    "tools": ToolsFile,
    "context_variables": ContextVariablesFile,
    "structured_outputs": StructuredOutputsFile,
    "hooks": HooksFile,
    "ui_config": UiConfigFile,
}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one workflow in YAML and one in JSON."""
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.manifest_folder import write_workflows

    write_workflows(tmp_path, 2)
    return tmp_path


def test_both_load_without_a_warning(made: Path) -> None:
    found = discover(made)
    assert found.names == ("Made000", "Made001")
    assert (dict(found.invalid), dict(found.warnings)) == ({}, {})


def test_a_workflow_has_as_many_agents_and_tools_as_were_asked_for(made: Path) -> None:
    from benchmarks.manifest_folder import write_workflow

    write_workflow(made / "Large", "yaml", agents=10, tools=20)
    large = discover(made).get("Large")
    assert (len(large.agents), len(large.tools)) == (10, 20)


@pytest.mark.parametrize("section", [*SECTIONS, "nested_pack"])
def test_every_field_is_used(made: Path, section: str) -> None:
    if section == "nested_pack":
        used = [json.loads(path.read_text(encoding="utf-8")) for path in made.glob("*/_pack/workflow_graph.json")]
        fields = set(_fields(NestedPackFile))
    else:
        used = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in made.glob(f"*/{section}.*")]
        fields = set(_fields(SECTIONS[section]))
    assert len(used) == 2
    assert fields - set(_keys(used)) == set()


def test_every_way_to_compare_a_text_is_used(made: Path) -> None:
    used = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in made.glob("Made000/*.yaml")]
    assert set(TextCondition.model_fields) - set(_keys(used)) == set()


def _fields(model: type[BaseModel], seen: frozenset[type[BaseModel]] = frozenset()) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield field.alias or name
        for inner in _models(field.annotation):
            if inner is not TextCondition and inner not in seen:  # one of that one's fields excludes the others
                yield from _fields(inner, seen | {model, inner})


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (list, dict, Union, UnionType) or hasattr(annotation, "__metadata__"):
        for part in get_args(annotation):
            yield from _models(part)


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(inner)
