"""Manifests of the documentation load, its Python runs, and its conversations are what the workflows say."""

from __future__ import annotations

import ast
import json
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

from mozaiks.manifests import discover, inspect_workflow

from .blocks import README, Block, blocks, pages, workflow_files
from .conftest import Player

FILES = [block for block in blocks("yaml", "python") if block.file is not None]
CONVERSATIONS = blocks("text")


@pytest.mark.parametrize("page", [page for page in pages() if workflow_files(page)], ids=lambda page: page.name)
def test_workflows_written_out_on_a_page_load_without_a_warning(page: Path, tmp_path: Path) -> None:
    files = workflow_files(page)
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    for name in {path.split("/")[0] for path in files}:
        loaded = inspect_workflow(tmp_path / name)
        assert loaded.problems == ()
        assert loaded.spec is not None


def test_the_readme_writes_a_whole_workflow_out(workflows: Path) -> None:
    assert "Bakery" in {spec.name for spec in discover(workflows)}


@pytest.mark.parametrize("name", ["orchestrator.yaml", "agents.yaml"])
def test_a_workflow_without_one_of_the_two_files_that_are_enough_does_not_load(name: str, workflows: Path) -> None:
    bakery = workflows / "Bakery"
    for path in bakery.rglob("*"):
        if path.is_file() and path.name not in ("orchestrator.yaml", "agents.yaml"):
            path.unlink()
    agents = yaml.safe_load((bakery / "agents.yaml").read_text())
    del agents["agents"]["CounterAgent"]["tools"]
    (bakery / "agents.yaml").write_text(yaml.safe_dump(agents))
    assert inspect_workflow(bakery).spec is not None
    (bakery / name).unlink()
    assert inspect_workflow(bakery).spec is None


@pytest.mark.parametrize("block", [block for block in FILES if block.language == "python"], ids=str)
def test_python_of_a_workflow_runs_and_gives_json(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "block.py"
    file.write_text(block.text, encoding="utf-8")
    functions = [value for value in runpy.run_path(str(file)).values() if getattr(value, "__doc__", None)]
    answers: list[Any] = [function("Croissant ") for function in functions if callable(function)]
    assert answers
    assert json.loads(json.dumps(answers)) == [{"found": True, "product": "croissant", "euros": "1.60"}]


@pytest.mark.parametrize("block", blocks("yaml", "python"), ids=str)
def test_yaml_parses_and_python_imports_what_exists(block: Block) -> None:
    if block.language == "yaml":
        assert yaml.safe_load(block.text) is not None
        return
    for statement in ast.parse(block.text, str(block)).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            exec(ast.unparse(statement), {})  # noqa: S102 - our own documentation


@pytest.mark.parametrize("block", CONVERSATIONS, ids=str)
def test_a_conversation_goes_as_the_page_shows_it(block: Block, player: Player) -> None:
    expected = _unwrapped(block.text)
    shown = player.play(
        _workflow_above(block), [line.removeprefix("you: ") for line in expected if line[:5] == "you: "]
    )
    assert shown[: len(expected)] == expected


def test_the_readme_shows_each_workflow_it_names() -> None:
    assert [_workflow_above(block) for block in CONVERSATIONS if block.page == README] == [
        "HelloWorld",
        "CustomerSupport",
        "Bakery",
    ]


def test_the_ticket_the_readme_promises_is_opened(player: Player) -> None:
    shown = player.play("CustomerSupport", ["The router from my order ORD-1001 keeps dropping the wifi"])
    assert "TCK-" in shown[-1]
    assert shown[-1].startswith("EscalationAgent: ")


def _unwrapped(text: str) -> list[str]:
    """The lines of a conversation; one that begins with blanks goes on with the line before."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("  "):
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
    return lines


def _workflow_above(block: Block) -> str:
    """The workflow of the last ``mozaiks chat`` before ``block``."""
    above = [each for each in blocks("sh") if each.page == block.page and each.line < block.line]
    chats = [line for each in above for line in each.text.splitlines() if "mozaiks chat " in line]
    return chats[-1].split("mozaiks chat ")[1].split()[0]
