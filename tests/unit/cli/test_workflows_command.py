"""``mozaiks workflows list`` on real folders."""

from __future__ import annotations

import json
from pathlib import Path

from .test_settings_commands import ROOT, mozaiks


def test_the_examples_are_valid_and_listed_with_agents_tools_and_startup() -> None:
    result = mozaiks(ROOT, "workflows", "list", "--json")
    assert result.returncode == 0, result.stderr
    rows = {row["name"]: row for row in json.loads(result.stdout)}
    assert rows["HelloWorld"]["agents"] == ["GreeterAgent"]
    assert rows["HelloWorld"]["startup_mode"] == "AgentDriven"
    assert rows["CustomerSupport"]["tools"]


def test_a_broken_workflow_is_listed_with_its_problems_beside_a_good_one(tmp_path: Path) -> None:
    for name in ("Good", "Broken"):
        (tmp_path / "workflows" / name).mkdir(parents=True)
        (tmp_path / "workflows" / name / "orchestrator.yaml").write_text(f"workflow_name: {name}\n")
    (tmp_path / "workflows/Good/agents.yaml").write_text("agents:\n  A:\n    system_message: Hello\n")
    (tmp_path / "workflows/Broken/agents.yaml").write_text("agents:\n  A:\n    sistem_message: Hello\n")
    result = mozaiks(tmp_path, "workflows", "list")
    assert result.returncode == 1
    states = {line.split()[0]: line.split()[1] for line in result.stdout.splitlines()[1:]}
    assert states == {"Broken": "invalid", "Good": "valid"}
    assert "sistem_message" in result.stderr
    assert "Broken/agents.yaml:3" in result.stderr


def with_pack(root: Path, text: str) -> Path:
    for name in ("First", "Second"):
        (root / "workflows" / name).mkdir(parents=True)
        (root / "workflows" / name / "orchestrator.yaml").write_text(f"workflow_name: {name}\n")
        (root / "workflows" / name / "agents.yaml").write_text("agents:\n  A:\n    system_message: Hello\n")
    (root / "workflows/_pack").mkdir()
    (root / "workflows/_pack/workflow_graph.json").write_text(text)
    return root


PACK = {
    "workflows": [{"id": "second", "dependencies": ["first"]}],
    "journeys": [{"id": "tour", "steps": ["First", ["Second"]]}],
}


def test_what_a_workflow_needs_and_the_journeys_are_listed(tmp_path: Path) -> None:
    root = with_pack(tmp_path, json.dumps(PACK))
    rows = {row["name"]: row["needs"] for row in json.loads(mozaiks(root, "workflows", "list", "--json").stdout)}
    assert rows == {"First": [], "Second": ["First"]}
    result = mozaiks(root, "workflows", "list")
    assert result.returncode == 0
    assert "journey tour: First → Second" in result.stdout


def test_a_broken_pack_is_told_and_hides_no_workflow(tmp_path: Path) -> None:
    result = mozaiks(with_pack(tmp_path, '{"journeys": [{"id": "tour", "steps": ["Frist"]}]}'), "workflows", "list")
    assert result.returncode == 1
    assert {line.split()[0] for line in result.stdout.splitlines()[1:]} == {"First", "Second"}
    assert "did you mean 'First'" in result.stderr


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    result = mozaiks(tmp_path, "workflows", "list")
    assert (result.returncode, result.stdout) == (1, "")
    assert "MOZAIKS_WORKFLOWS_PATH" in result.stderr
