"""All workflows under a folder: found in any case, and a broken one hides no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mozaiks.errors import MozaiksError
from mozaiks.manifests import ManifestErrors, Workflows, discover

from .conftest import Workbench

ONE = {"agents.yaml": "agents: {Ada: {}}"}


@pytest.fixture
def root(bench: Workbench) -> Path:
    bench.write(ONE, "Good")
    bench.write({**ONE, "orchestrator.yaml": "name: fine\nvisual_agents: [Eva]"}, "Fine")
    bench.write({"agents.yaml": "agents: ["}, "Broken")
    bench.write({"agents.yaml": "("}, "_shared")
    bench.write({"agents.yaml": "("}, ".hidden")
    (bench.root / "requirements.txt").write_text("x", encoding="utf-8")
    (bench.root / "Empty").mkdir()
    return bench.root


def test_what_loads_and_what_does_not(root: Path) -> None:
    registry = discover(root)
    assert registry.names == ("Good", "fine")
    assert [spec.name for spec in registry] == ["Good", "fine"]
    assert registry.valid == tuple(registry)
    assert len(registry) == 2
    assert set(registry.invalid) == {"Broken", "Empty"}
    assert {problem.code for problem in registry.invalid["Empty"]} == {"missing_section"}
    assert [problem.code for problem in registry.warnings["fine"]] == ["unknown_agent"]


@pytest.mark.parametrize("name", ["Good", "good", "GOOD"])
def test_a_workflow_is_found_in_any_case(root: Path, name: str) -> None:
    assert discover(root).get(name).name == "Good"
    assert name in discover(root)
    assert Workflows(root).get(name).spec.name == "Good"


def test_a_missing_workflow_names_the_closest_one(root: Path) -> None:
    for find in (discover(root).get, Workflows(root).get):
        with pytest.raises(MozaiksError, match="did you mean 'Good'") as caught:
            find("Goood")
        assert caught.value.code == "WORKFLOW_NOT_FOUND"


@pytest.mark.parametrize("name", ["_shared", ".hidden", "..", "../Good", "Good/../Good", "requirements.txt", ""])
def test_only_a_workflow_folder_can_be_named(root: Path, name: str) -> None:
    for find in (discover(root).get, Workflows(root).get):
        with pytest.raises(MozaiksError) as caught:
            find(name)
        assert caught.value.code == "WORKFLOW_NOT_FOUND"


def test_an_invalid_workflow_says_so_with_its_problems(root: Path) -> None:
    for find in (discover(root).get, Workflows(root).get):
        with pytest.raises(MozaiksError) as caught:
            find("broken")
        assert caught.value.code == "WORKFLOW_INVALID"
        assert [problem["code"] for problem in caught.value.details["problems"]] == ["yaml_syntax"]


def test_folders_that_differ_in_case_only(bench: Workbench) -> None:
    bench.write(ONE, "Desk")
    bench.write(ONE, "desk")
    registry = discover(bench.root)
    assert registry.names == ("Desk",)
    assert [problem.code for problem in registry.invalid["desk"]] == ["duplicate_workflow"]


def test_a_root_that_does_not_exist(tmp_path: Path) -> None:
    for attempt in (lambda: discover(tmp_path / "no"), lambda: Workflows(tmp_path / "no").get("x")):
        with pytest.raises(MozaiksError) as caught:
            attempt()
        assert caught.value.code == "CONFIGURATION"


def test_a_loaded_workflow_is_kept_and_knows_its_folder(root: Path) -> None:
    workflows = Workflows(root)
    first = workflows.get("Good")
    (root / "Good/agents.yaml").write_text("agents: {Eva: {}}", encoding="utf-8")
    assert workflows.get("good") is first
    assert first.folder == root / "Good"


def test_a_watched_workflow_is_read_again_when_a_file_changes(root: Path) -> None:
    workflows = Workflows(root, watch=True)
    first = workflows.get("Good")
    assert workflows.get("Good") is first
    changed = root / "Good/agents.yaml"
    changed.write_text("agents: {Eva: {}}", encoding="utf-8")
    assert workflows.get("Good").spec.initial_agent == "Eva"
    changed.write_text("agents: [", encoding="utf-8")
    with pytest.raises(ManifestErrors):
        workflows.get("Good")
    changed.write_text("agents: {Ivy: {}}", encoding="utf-8")
    os.utime(changed, ns=(1, 1))
    assert workflows.get("Good").spec.initial_agent == "Ivy"


def test_a_watched_root_shows_new_workflows(root: Path, bench: Workbench) -> None:
    workflows = Workflows(root, watch=True)
    workflows.get("Good")
    bench.write(ONE, "Later")
    assert workflows.get("Later").spec.name == "Later"
