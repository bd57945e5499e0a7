"""What workflows depend on: what is not there, and what can never be met."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mozaiks.manifests.pack import read_pack
from mozaiks.manifests.validate import validate

NAMES = ["A", "B", "C", "D"]


def pack(root: Path, *workflows: Any, name: str = "workflow_graph.json") -> Path:
    (root / "_pack").mkdir(exist_ok=True)
    (root / "_pack" / name).write_text(json.dumps({"workflows": list(workflows)}))
    return root


def needs(name: str, *others: Any) -> dict[str, Any]:
    return {"id": name, "dependencies": list(others)}


def codes(root: Path) -> list[str]:
    return [problem.code for problem in read_pack(root, NAMES).problems]


def test_without_a_pack_nothing_is_wrong(tmp_path: Path) -> None:
    assert codes(tmp_path) == []


def test_dependencies_that_can_be_met_are_fine(tmp_path: Path) -> None:
    root = pack(
        tmp_path, needs("A"), needs("B", "A"), needs("C", {"id": "a", "gating": "optional"}, "B"), needs("D", "C")
    )
    assert codes(root) == []


def test_a_circle_is_told_with_its_path_and_place(tmp_path: Path) -> None:
    root = pack(tmp_path, needs("A", "C"), needs("B", "A"), needs("C", "B"))
    (problem,) = read_pack(root, NAMES).problems
    assert problem.code == "dependency_cycle"
    assert "A → C → B → A" in problem.message
    assert (problem.file, problem.line) == ("_pack/workflow_graph.json", 1)


def test_a_workflow_that_waits_for_itself_is_a_circle(tmp_path: Path) -> None:
    assert codes(pack(tmp_path, needs("A", "A"))) == ["dependency_cycle"]


def test_unknown_workflows_are_named_with_the_closest(tmp_path: Path) -> None:
    (problem,) = read_pack(pack(tmp_path, needs("A", "Bee")), ["A", "Bees"]).problems
    assert problem.code == "unknown_workflow"
    assert "did you mean 'Bees'" in problem.message


def test_a_hint_waits_for_nothing_and_makes_no_circle(tmp_path: Path) -> None:
    assert codes(pack(tmp_path, needs("A", {"id": "B", "gating": "optional"}), needs("B", "A"))) == []


def test_a_pack_in_two_files_is_an_error(tmp_path: Path) -> None:
    pack(pack(tmp_path), name="workflow_graph.yaml")
    assert codes(tmp_path) == ["given_twice"]


def test_validation_fails_for_a_circle(tmp_path: Path) -> None:
    report = validate(pack(tmp_path, needs("A", "A")))
    assert not report.passes()
    found = sorted(problem["code"] for problem in report.as_dict()["pack"])
    assert found == ["dependency_cycle", "unknown_workflow", "unknown_workflow"]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3)), max_size=6))
def test_a_circle_is_found_exactly_where_there_is_one(
    tmp_path_factory: Any, edges: list[tuple[str, list[str]]]
) -> None:
    root = pack(tmp_path_factory.mktemp("pack"), *(needs(name, *others) for name, others in edges))
    graph = {name: {other for each, others in edges for other in others if each == name} for name in NAMES}

    def reaches(start: str, goal: str, seen: frozenset[str]) -> bool:
        return any(each == goal or (each not in seen and reaches(each, goal, seen | {each})) for each in graph[start])

    assert ("dependency_cycle" in codes(root)) == any(reaches(name, name, frozenset()) for name in NAMES)
