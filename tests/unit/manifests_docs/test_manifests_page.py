"""``docs/manifests.md`` says what the code does: its examples load, its tables are true, its reference is today's."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from mozaiks.engine.binding import INJECTED
from mozaiks.manifests import WorkflowSpec, inspect_workflow
from mozaiks.manifests.canonical.hooks import HookEntry
from mozaiks.manifests.expressions import parse
from mozaiks.manifests.pack import read_pack
from mozaiks.manifests.schemas import FILES
from mozaiks.manifests.spec import Pattern
from mozaiks_local.cli.manifest_reference import BEGIN, with_reference

from .page import PAGE, ROOT, Example, examples, tables

TEXT = PAGE.read_text(encoding="utf-8")
HAND_WRITTEN = TEXT[: TEXT.index(BEGIN)]
EXAMPLES = examples(HAND_WRITTEN)
FIRST = EXAMPLES[0]


def folder_of(example: Example, root: Path) -> Path:
    """The example typed into a folder, as the page says."""
    files = dict(example.files)
    if not example.is_whole:
        stems = {name.split(".")[0] for name in files}
        files |= {name: text for name, text in FIRST.files.items() if name.split(".")[0] not in stems}
    folder = root / "Desk"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def spec_of(title: str, root: Path) -> WorkflowSpec:
    (example,) = (example for example in EXAMPLES if example.title == title)
    spec = inspect_workflow(folder_of(example, root)).spec
    assert spec is not None
    return spec


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_every_example_loads_without_a_problem(example: Example, tmp_path: Path) -> None:
    loaded = inspect_workflow(folder_of(example, tmp_path))
    assert [str(problem) for problem in loaded.problems] == []
    assert loaded.spec is not None


def test_every_block_says_which_file_it_is() -> None:
    assert [(example.title, block) for example in EXAMPLES for block in example.unnamed] == []
    blocks = re.findall(r"^```[a-z]", HAND_WRITTEN, re.MULTILINE)
    assert sum(len(example.files) for example in EXAMPLES) == len(blocks) > 25


def test_every_python_example_imports(tmp_path: Path) -> None:
    count = 0
    for example in EXAMPLES:
        for name, text in example.files.items():
            if name.endswith(".py"):
                path = tmp_path / name.replace("/", "_")
                path.write_text(text, encoding="utf-8")
                spec = importlib.util.spec_from_file_location(path.stem, path)
                assert spec is not None
                assert spec.loader is not None
                spec.loader.exec_module(importlib.util.module_from_spec(spec))
                count += 1
    assert count >= 4


def test_the_reference_is_that_of_todays_models() -> None:
    assert with_reference(TEXT) == TEXT, "run: python -m mozaiks_local.cli.manifest_reference"


def test_every_file_of_the_language_has_an_example() -> None:
    meant = {"../_pack/workflow_graph": "pack", "_pack/workflow_graph": "nested_pack"}
    shown = {name.rpartition(".")[0] for example in EXAMPLES for name in example.files}
    assert {meant.get(name, name) for name in shown} >= set(FILES)


def test_the_pack_of_the_example_says_what_its_text_says(tmp_path: Path) -> None:
    (example,) = (example for example in EXAMPLES if example.title == "The pack of all workflows")
    folder_of(example, tmp_path)
    graph = read_pack(tmp_path, ["Desk", "Interview", "Report", "Tour"]).require()
    assert [(each.workflow, each.gating) for each in graph.dependencies_of("Desk")] == [
        ("Interview", "required"),
        ("Tour", "optional"),
    ]
    assert graph.journeys[0].groups == (("Interview",), ("Desk", "Tour"), ("Report",))


@pytest.mark.parametrize("row", tables(HAND_WRITTEN, "expression"), ids=lambda row: row[0])
def test_the_table_of_expressions_is_true(row: list[str]) -> None:
    expression, variables, value = row
    result = parse(expression).evaluate(json.loads(variables))
    assert (result, type(result)) == (json.loads(value), type(json.loads(value)))


def test_the_table_of_injected_parameters_is_whole() -> None:
    assert {name.strip("` ") for row in tables(HAND_WRITTEN, "parameter") for name in row[0].split(",")} == INJECTED


def test_the_table_of_hooks_is_whole() -> None:
    named = {name.strip("` ") for row in tables(HAND_WRITTEN, "`hook_type`") for name in row[0].split(",")}
    assert named == set(get_args(HookEntry.model_fields["hook_type"].annotation))


def test_the_table_of_patterns_is_whole() -> None:
    assert [row[0] for row in tables(HAND_WRITTEN, "`pattern`")] == [pattern.value for pattern in Pattern]


def test_each_handoff_of_the_example_is_of_the_kind_its_comment_says(tmp_path: Path) -> None:
    rules = spec_of("Handoffs", tmp_path).handoffs
    assert [(rule.source, rule.kind, rule.scope) for rule in rules] == [
        ("AssistantAgent", "llm", "after_turn"),
        ("AssistantAgent", "expression", "after_turn"),
        ("ExpertAgent", "expression", "after_turn"),
        ("ExpertAgent", "after_work", "after_turn"),
        ("user", "expression", "after_turn"),
        ("ExpertAgent", "expression", "before_reply"),
    ]


def test_the_tool_of_the_example_hands_over_and_counts(tmp_path: Path) -> None:
    (example,) = (example for example in EXAMPLES if example.title == "Tools")
    path = tmp_path / "orders.py"
    path.write_text(example.files["tools/orders.py"], encoding="utf-8")
    spec = importlib.util.spec_from_file_location("orders", path)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    told: list[tuple[float, str]] = []
    variables: dict[str, Any] = {}

    async def progress(percent: float, message: str) -> None:
        told.append((percent, message))

    result = asyncio.run(module.find_order("ORD-0000", "acme", variables, progress))
    assert (result.target, variables, told) == ("ExpertAgent", {"attempts": 1}, [(50, "Looking in the archive")])


def test_every_link_within_the_page_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= anchors


def test_every_path_the_page_names_in_the_project_exists() -> None:
    named = set(re.findall(r"`((?:layers|docs|local)/[^`\s]+)`", HAND_WRITTEN))
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
