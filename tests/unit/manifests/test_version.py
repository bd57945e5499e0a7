"""``workflow_version`` follows the content, not how it is written."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from mozaiks.manifests import WorkflowSpec
from mozaiks.manifests.folder import Folder
from mozaiks.manifests.version import workflow_version

from .conftest import Workbench

BASE: dict[str, Any] = {
    "orchestrator.json": {"max_turns": 5, "initial_message": "Go"},
    "agents.json": {"agents": {"Ada": {"system_message_file": "prompts/a.md", "role": "r"}}},
    "tools.json": {"tools": [{"name": "echo"}]},
    "context_variables.json": {"variables": {"d": {"source": {"type": "file", "path": "data.txt"}}}},
    "tools/echo.py": "def echo(text): return text",
    "hooks/deep/used.py": "x = 1",
    "prompts/a.md": "Hello",
    "data.txt": "1",
}


def test_it_is_a_sha_256_in_hex(bench: Workbench) -> None:
    assert re.fullmatch("[0-9a-f]{64}", bench.load(BASE).version)


def test_the_same_content_has_the_same_version(bench: Workbench) -> None:
    in_yaml = {
        (path.replace(".json", ".yaml") if path.endswith(".json") else path): (
            yaml.safe_dump(content) if path.endswith(".json") else content
        )
        for path, content in BASE.items()
    }
    aliased = {
        **{path: content for path, content in BASE.items() if path not in ("orchestrator.json", "agents.json")},
        "workflow.json": {"orchestration": {"max_turns": 5}, "initial_message": "Go", "entry_agent": "Ada"},
        "agents.json": [{"name": "Ada", "role": "r", "system_message_file": "prompts/a.md"}],
        "demo/script.yaml": "x: 1",
        "README.md": "Words",
        "ui/Echo.tsx": "",
    }
    versions = set()
    for folder, files in (("one", BASE), ("two", in_yaml), ("three", aliased)):
        versions.add(Workbench(bench.root / folder).load(files).version)
    assert len(versions) == 1


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("orchestrator.json", {"max_turns": 6, "initial_message": "Go"}),
        ("agents.json", {"agents": {"Ada": {"system_message_file": "prompts/a.md"}}}),
        ("tools/echo.py", "def echo(text): return text + text"),
        ("tools/unnamed.py", "x = 1"),
        ("hooks/deep/used.py", "x = 2"),
        ("prompts/a.md", "Hello!"),
        ("data.txt", "2"),
    ],
)
def test_a_change_of_content_or_code_changes_it(bench: Workbench, path: str, content: Any) -> None:
    before = Workbench(bench.root / "before").load(BASE).version
    after = Workbench(bench.root / "after").load({**BASE, path: content}).version
    assert before != after


def test_the_order_of_agents_and_rules_is_content(bench: Workbench) -> None:
    first = bench.load({"agents.yaml": "agents: {Ada: {}, Bob: {}}", "orchestrator.yaml": "pattern: RoundRobin"}, "a1")
    second = bench.load({"agents.yaml": "agents: {Bob: {}, Ada: {}}", "orchestrator.yaml": "pattern: RoundRobin"}, "a1")
    assert first.version != second.version


def test_a_field_that_a_later_version_of_the_language_adds_leaves_it_as_it_is(bench: Workbench) -> None:
    class Later(WorkflowSpec):
        added: str = "unless said otherwise"

    spec = bench.load({"agents.yaml": "agents: {Ada: {}}"}, "a1")
    folder = Folder(bench.root / "a1", "a1")
    later = Later(**{name: getattr(spec, name) for name in WorkflowSpec.model_fields})
    assert workflow_version(later, folder, []) == spec.version
    assert workflow_version(later.model_copy(update={"added": "otherwise"}), folder, []) != spec.version
