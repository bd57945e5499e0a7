"""The pack of all workflows: every shape it may have, every mistake told at once, and what holds while it is broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mozaiks.errors import MozaiksError
from mozaiks.manifests import Workflows, discover
from mozaiks.manifests.pack import LoadedPack, read_pack
from mozaiks.manifests.pack_files import without_pack
from mozaiks.manifests.pack_graph import EMPTY_PACK, Dependency, Journey, PackGraph, PackWorkflow
from mozaiks.manifests.validate import validate

NAMES = ["ValueEngine", "DesignDocs", "AgentGenerator", "AppGenerator"]

BUILD = {
    "pack_name": "DefaultPack",
    "version": 2,
    "workflows": [
        {"id": "ValueEngine"},
        {"id": "DesignDocs", "dependencies": ["ValueEngine"]},
        {
            "id": "AppGenerator",
            "dependencies": [
                {"id": "DesignDocs", "gating": "required", "reason": "The app is built from its design."},
                {"id": "AgentGenerator", "gating": "optional"},
            ],
        },
    ],
    "journeys": [{"id": "build", "steps": ["ValueEngine", ["AgentGenerator", "DesignDocs"], "AppGenerator"]}],
}


def write(root: Path, text: str, name: str = "workflow_graph.json") -> Path:
    (root / "_pack").mkdir(exist_ok=True)
    (root / "_pack" / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    return root


def given(root: Path, **pack: Any) -> LoadedPack:
    return read_pack(write(root, json.dumps(pack, indent=1)), NAMES)


def workflow(root: Path, name: str) -> None:
    (root / name).mkdir()
    (root / name / "orchestrator.yaml").write_text("pattern: Default\n")
    (root / name / "agents.yaml").write_text("agents:\n  A:\n    system_message: Be kind.\n")


def test_without_a_file_nothing_depends_on_anything(tmp_path: Path) -> None:
    assert read_pack(tmp_path, NAMES).require() == EMPTY_PACK


def test_a_pack_is_read_whole(tmp_path: Path) -> None:
    assert given(tmp_path, **BUILD).require() == PackGraph(
        name="DefaultPack",
        version=2,
        workflows=(
            PackWorkflow("ValueEngine"),
            PackWorkflow("DesignDocs", (Dependency("ValueEngine"),)),
            PackWorkflow(
                "AppGenerator",
                (
                    Dependency("DesignDocs", "required", "The app is built from its design."),
                    Dependency("AgentGenerator", "optional"),
                ),
            ),
        ),
        journeys=(Journey("build", (("ValueEngine",), ("AgentGenerator", "DesignDocs"), ("AppGenerator",))),),
    )


def test_yaml_says_the_same(tmp_path: Path) -> None:
    text = """
pack_name: DefaultPack
version: 2
workflows:
  - ValueEngine
  - id: DesignDocs
    dependencies: [ValueEngine]
  - id: AppGenerator
    dependencies:
      - {id: DesignDocs, reason: The app is built from its design.}
      - {id: AgentGenerator, gating: optional}
journeys:
  - id: build
    steps: [ValueEngine, [AgentGenerator, DesignDocs], AppGenerator]
"""
    (tmp_path / "json").mkdir()
    expected = given(tmp_path / "json", **BUILD)
    assert read_pack(write(tmp_path, text, "workflow_graph.yml"), NAMES) == expected


@pytest.mark.parametrize("version", [1, 2, "1", "2"])
def test_both_versions_are_read(tmp_path: Path, version: Any) -> None:
    assert given(tmp_path, version=version).require().version == int(version)


def test_names_get_the_workflows_own_spelling_and_are_found_in_any(tmp_path: Path) -> None:
    graph = given(
        tmp_path,
        workflows=[{"id": "designdocs", "dependencies": ["VALUEENGINE"]}],
        journeys=[{"id": "Build", "steps": ["valueengine", "DESIGNDOCS"]}],
    ).require()
    assert graph.dependencies_of("DesignDOCS") == (Dependency("ValueEngine"),)
    journey = graph.journey("bUILD")
    assert journey is not None
    assert journey.workflows == ("ValueEngine", "DesignDocs")
    assert journey.group_of("designdocs") == 1
    assert graph.journeys_begun_by("VALUEengine") == (journey,)
    assert graph.journeys_begun_by("DesignDocs") == ()


def test_a_graph_is_a_key(tmp_path: Path) -> None:
    assert len({given(tmp_path, **BUILD).require(), given(tmp_path, **BUILD).require()}) == 1


def test_everything_that_is_wrong_is_told_at_once_and_where(tmp_path: Path) -> None:
    text = """\
version: 3
pack: x
workflows:
  - id: DesignDoc
  - {id: ValueEngine, dependencies: [{id: DesignDocs, gating: reqired}, AppGenerator, appgenerator]}
  - valueengine
  - {dependencies: []}
journeys:
  - {id: a b, steps: [ValueEngine]}
  - {id: j, steps: [[], ValueEngine, [[DesignDocs]], valueengine]}
  - {id: J, steps: [DesignDocs]}
  - {id: k, steps: []}
  - {id: l}
"""
    found = read_pack(write(tmp_path, text, "workflow_graph.yaml"), NAMES)
    assert found.graph is None
    assert [(problem.code, problem.line) for problem in found.problems] == [
        ("wrong_value", 1),
        ("unknown_key", 2),
        ("unknown_workflow", 4),
        ("wrong_value", 5),
        ("given_twice", 5),
        ("given_twice", 6),
        ("missing_key", 7),
        ("wrong_value", 9),
        ("empty_group", 10),
        ("wrong_type", 10),
        ("given_twice", 10),
        ("given_twice", 11),
        ("empty_group", 12),
        ("missing_key", 13),
    ]
    assert all(problem.file == "_pack/workflow_graph.yaml" for problem in found.problems)
    messages = "\n".join(problem.message for problem in found.problems)
    assert "did you mean 'DesignDocs'" in messages
    assert "did you mean 'required'" in messages


@pytest.mark.parametrize(("members", "codes"), [(40, []), (41, ["group_too_large"])])
def test_a_group_is_as_large_as_what_can_run_in_parallel(tmp_path: Path, members: int, codes: list[str]) -> None:
    names = [f"W{number}" for number in range(members)]
    pack = json.dumps({"journeys": [{"id": "wide", "steps": ["Before", names]}]})
    found = read_pack(write(tmp_path, pack), ["Before", *names])
    assert [problem.code for problem in found.problems] == codes
    assert all("steps[1] of journey 'wide' has 41 workflows" in problem.message for problem in found.problems)


@pytest.mark.parametrize("text", ["{", "[1, {}]", "null", "3", '"x"', "\ud800", '{"workflows": {}}', '{"journeys": 3}'])
def test_a_pack_of_another_shape_is_told_and_no_graph(tmp_path: Path, text: str) -> None:
    found = read_pack(write(tmp_path, text), NAMES)
    assert found.graph is None
    assert found.problems


def test_what_is_broken_is_not_taken_for_empty(tmp_path: Path) -> None:
    with pytest.raises(MozaiksError) as caught:
        read_pack(write(tmp_path, "{"), NAMES).require()
    assert caught.value.code == "PACK_INVALID"
    assert caught.value.details["problems"][0]["file"] == "_pack/workflow_graph.json"


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("{}")
    (tmp_path / "root" / "_pack").mkdir(parents=True)
    (tmp_path / "root" / "_pack" / "workflow_graph.json").symlink_to(tmp_path / "secret.json")
    assert [problem.code for problem in read_pack(tmp_path / "root", NAMES).problems] == ["outside_folder"]


def dangling(root: Path) -> None:
    (root / "_pack").mkdir()
    (root / "_pack" / "workflow_graph.json").symlink_to("nowhere.json")


def circular(root: Path) -> None:
    (root / "_pack").mkdir()
    (root / "_pack" / "workflow_graph.yaml").symlink_to("workflow_graph.yaml")


def in_its_folders_place(root: Path) -> None:
    (root / "_pack").write_text("{}")


def in_its_files_place(root: Path) -> None:
    (root / "_pack" / "workflow_graph.json").mkdir(parents=True)


@pytest.mark.parametrize("make", [dangling, circular, in_its_folders_place, in_its_files_place])
def test_what_cannot_be_read_is_not_taken_for_no_pack(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path)
    assert [problem.code for problem in read_pack(tmp_path, NAMES).problems] == ["unreadable"]
    assert not without_pack(tmp_path)
    assert Workflows(tmp_path, watch=True).pack().graph is None


def test_a_missing_folder_is_not_taken_for_no_pack(tmp_path: Path) -> None:
    assert without_pack(tmp_path)
    assert not without_pack(tmp_path / "nowhere")


def test_a_broken_pack_hides_no_workflow(tmp_path: Path) -> None:
    workflow(tmp_path, "Greeter")
    found = discover(write(tmp_path, "{"))
    assert found.names == ("Greeter",)
    assert found.pack.graph is None


def test_a_workflow_that_does_not_load_is_no_unknown_one(tmp_path: Path) -> None:
    (tmp_path / "Broken").mkdir()
    write(tmp_path, '{"workflows": ["Broken"]}')
    assert validate(tmp_path).pack == ()
    assert Workflows(tmp_path).pack().graph is not None


def test_validation_tells_the_packs_problems(tmp_path: Path) -> None:
    workflow(tmp_path, "Greeter")
    report = validate(write(tmp_path, '{"journeys": [{"id": "j", "steps": ["Greter"]}]}'))
    assert not report.passes()
    assert [problem.code for problem in report.pack] == ["unknown_workflow"]


def test_a_worker_reads_the_pack_once(tmp_path: Path) -> None:
    workflow(tmp_path, "Greeter")
    workflows = Workflows(write(tmp_path, '{"workflows": ["greeter"]}'))
    first = workflows.pack()
    write(tmp_path, "{")
    assert workflows.pack() is first
    assert first.require().workflows == (PackWorkflow("Greeter"),)


def test_a_developer_sees_the_changed_pack(tmp_path: Path) -> None:
    workflow(tmp_path, "Greeter")
    workflows = Workflows(write(tmp_path, '{"workflows": ["Greeter", "Writer"]}'), watch=True)
    assert workflows.pack().graph is None
    workflow(tmp_path, "Writer")
    assert workflows.pack().graph is not None
    write(tmp_path, '{"workflows": ["Greeter"]}')
    assert workflows.pack().require().workflows == (PackWorkflow("Greeter"),)
