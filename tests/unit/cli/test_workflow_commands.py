"""``mozaiks validate``, ``mozaiks new`` and ``mozaiks workflows convert`` on real folders."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mozaiks.manifests import inspect_workflow, load_workflow
from mozaiks_local.cli.app import app
from mozaiks_local.demo_model import parse_script

from .test_settings_commands import ROOT

Run = Callable[..., Any]

GOOD = {"orchestrator.yaml": "{}\n", "agents.yaml": "agents: {A: {}}\n"}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for variable in ("MOZAIKS_WORKFLOWS_PATH", "MOZAIKS_DATA_DIR", "FORCE_COLOR"):
        monkeypatch.delenv(variable, raising=False)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def write(root: Path, name: str, files: dict[str, str]) -> Path:
    for path, text in files.items():
        file = root / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root / name


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A good workflow, one with a warning, and one with three errors in three files."""
    root = tmp_path / "workflows"
    write(root, "Good", GOOD)
    write(root, "Loose", {**GOOD, "agents.yaml": "agents:\n  A: {}\n  Alone: {}\n"})
    handoff = '{"handoffs": [{"from_agent": "A", "to_agent": "user", "condition": "${x} >< 3"}]}'
    agents = "agents:\n  A:\n    sistem_message: Hello\n"
    write(root, "Wrong", {"orchestrator.yaml": "max_turns: few\n", "agents.yaml": agents, "handoffs.json": handoff})
    return root


# --- validate -------------------------------------------------------------------------------------------------------


def test_the_example_workflows_are_valid(run: Run) -> None:
    result = run("validate", "--path", ROOT / "workflows")
    assert result.exit_code == 0, result.output
    assert "0 errors" in result.stdout


def test_each_problem_has_its_place_code_closest_key_and_a_caret(run: Run, broken: Path) -> None:
    result = run("validate")
    assert result.exit_code == 1
    assert [line.rstrip() for line in result.stdout.splitlines()] == [
        "workflows/Loose/agents.yaml:3:10: warning[unreachable_agent]",
        "  no handoff leads from 'A' to 'Alone'; only a tool could choose it",
        "    3 |   Alone: {}",
        "      |          ^",
        "workflows/Wrong/agents.yaml:3:5: error[unknown_key]",
        "  unknown key 'sistem_message' in agent 'A'; did you mean 'system_message'?",
        "    3 |     sistem_message: Hello",
        "      |     ^",
        "workflows/Wrong/handoffs.json:1:75: error[expression]",
        "  the condition of handoffs[0]: expected a value, found '<' (column 7 of the expression)",
        "      ${x} >< 3",
        "            ^",
        "workflows/Wrong/orchestrator.yaml:1:12: error[wrong_type]",
        "  'max_turns' of orchestrator must be a whole number, found the text 'few'",
        "    1 | max_turns: few",
        "      |            ^",
        "✗ 1 of 3 workflows invalid: 3 errors, 1 warning",
    ]


def test_json_tells_the_same_to_a_program(run: Run, broken: Path) -> None:
    result = run("validate", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert (report["passed"], report["errors"], report["warnings"]) == (False, 3, 1)
    states = {each["name"]: (each["valid"], bool(each["version"])) for each in report["workflows"]}
    assert states == {"Good": (True, True), "Loose": (True, True), "Wrong": (False, False)}
    first = report["workflows"][2]["problems"][0]
    assert {key: first[key] for key in ("code", "severity", "file", "line", "column", "key")} == {
        "code": "unknown_key",
        "severity": "error",
        "file": "Wrong/agents.yaml",
        "line": 3,
        "column": 5,
        "key": "sistem_message",
    }


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["good"], 0),
        (["Loose"], 0),
        (["Loose", "--strict"], 1),
        (["GOOD", "Wrong"], 1),
        (["Good", "--strict"], 0),
    ],
)
def test_names_choose_and_strict_makes_warnings_count(run: Run, broken: Path, arguments: list[str], code: int) -> None:
    assert run("validate", *arguments).exit_code == code


def test_an_unknown_name_is_an_error_with_the_closest_one(run: Run, broken: Path) -> None:
    result = run("validate", "God")
    assert result.exit_code == 1
    assert "did you mean 'Good'?" in result.stdout


def test_folders_that_differ_in_case_only_are_both_told(run: Run, broken: Path) -> None:
    write(broken, "good", GOOD)
    report = json.loads(run("validate", "Good", "--json").stdout)
    assert [(each["name"], each["valid"]) for each in report["workflows"]] == [("Good", True), ("good", False)]


def test_a_workflow_in_the_place_of_their_folder_is_named(run: Run, broken: Path) -> None:
    result = run("validate", "--path", broken / "Good")
    assert result.exit_code == 1
    assert "is itself a workflow" in result.stderr


def test_control_characters_of_a_manifest_do_not_reach_the_terminal(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "workflows", "Sly", {**GOOD, "agents.json": '{"agents": {"\x1b[2J": {}}}'})
    assert "\x1b" not in run("validate").stdout


def layer_alone(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The module of the layer, with nothing of this project but the layer to import from."""
    code = (
        "import runpy, sys; sys.path = [p for p in sys.path if not p.rstrip('/').endswith('local')]\n"
        "try: runpy.run_module('mozaiks.manifests.validate', run_name='__main__')\n"
        "finally: assert not [m for m in sys.modules if m.startswith(('mozaiks_local', 'typer', 'ag2', 'boto3'))]"
    )
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "layers/runtime")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_layer_alone_validates_where_the_deployment_is_built(broken: Path) -> None:
    result = layer_alone(broken.parent, "workflows")
    assert result.returncode == 1, result.stderr
    assert "workflows/Wrong/agents.yaml:3:5: error[unknown_key]" in result.stdout
    assert result.stdout.endswith("1 of 3 workflows invalid: 3 errors, 1 warning\n")
    assert json.loads(layer_alone(broken.parent, "workflows", "--json", "Good").stdout)["passed"]
    missing = layer_alone(broken.parent, "nowhere")
    assert (missing.returncode, "nowhere" in missing.stderr) == (2, True)


# --- new ------------------------------------------------------------------------------------------------------------


def test_a_new_workflow_loads_without_a_warning(run: Run, tmp_path: Path) -> None:
    result = run("new", "OrderDesk")
    assert result.exit_code == 0, result.output
    loaded = inspect_workflow(tmp_path / "workflows/OrderDesk")
    assert (loaded.name, loaded.problems) == ("OrderDesk", ())
    assert loaded.spec is not None
    assert ([tool.name for tool in loaded.spec.tools], len(loaded.spec.agents)) == (["opening_hours"], 2)
    assert not list(tmp_path.rglob(".OrderDesk.new"))


def test_no_placeholder_is_left_in_a_new_workflow(run: Run, tmp_path: Path) -> None:
    run("new", "OrderDesk")
    for file in (tmp_path / "workflows/OrderDesk").rglob("*"):
        assert not file.is_file() or not re.search(r"__[A-Z_]+__", file.read_text()), file
    readme = (tmp_path / "workflows/OrderDesk/README.md").read_text()
    assert "make test ARGS=workflows/OrderDesk\n" in readme
    assert "\nmake dev\n" in readme


@pytest.mark.parametrize("root", ["workflows", "deep/down/here"])
def test_the_schema_lines_of_a_new_workflow_lead_to_schemas(run: Run, tmp_path: Path, root: str) -> None:
    run("new", "OrderDesk", "--path", tmp_path / root)
    files = list((tmp_path / root).rglob("*.yaml"))
    assert len(files) == 5
    for file in files:
        named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", file.read_text())
        assert named is not None
        assert file.name.removesuffix(".yaml") == Path(named[1]).name.removesuffix(".schema.json")
        assert "properties" in json.loads((file.parent / named[1]).read_text())


def test_the_test_of_a_new_workflow_passes(run: Run, tmp_path: Path, mongod: Any) -> None:
    run("new", "OrderDesk")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", str(tmp_path / "workflows/OrderDesk")]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment["TEST_MONGODB_URI"] = mongod.uri
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=110, check=False
    )
    assert "3 passed" in result.stdout, result.stdout + result.stderr


def test_the_script_of_a_new_workflow_speaks_for_its_agents(run: Run, tmp_path: Path) -> None:
    import yaml

    run("new", "OrderDesk")
    folder = tmp_path / "workflows/OrderDesk"
    script = parse_script(yaml.safe_load((folder / "demo/script.yaml").read_text()), "the starter")
    assert set(script.agents) == {agent.name for agent in load_workflow(folder).agents}


@pytest.mark.parametrize("name", ["OrderDesk", "orderdesk", "ORDERDESK"])
def test_nothing_is_overwritten(run: Run, tmp_path: Path, name: str) -> None:
    mine = write(tmp_path / "workflows", "OrderDesk", {"notes.txt": "mine"})
    result = run("new", name)
    assert result.exit_code == 1
    assert "exists" in result.stderr
    assert [path.name for path in mine.iterdir()] == ["notes.txt"]
    assert [path.name for path in (tmp_path / "workflows").iterdir()] == ["OrderDesk"]


@pytest.mark.parametrize("name", ["", "../x", "a/b", "_shared", ".x", "1st", "a b", "é", "x" * 65, "a\n"])
def test_a_name_that_cannot_be_one_makes_nothing(run: Run, tmp_path: Path, name: str) -> None:
    result = run("new", name)
    assert result.exit_code == 1
    assert "cannot be a workflow's name" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["true", "null"])
def test_a_name_that_yaml_would_read_as_something_else_is_quoted(run: Run, tmp_path: Path, name: str) -> None:
    assert run("new", name).exit_code == 0
    assert load_workflow(tmp_path / "workflows" / name).name == name


# --- convert --------------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A copy of an example workflow."""
    folder = tmp_path / "workflows/CustomerSupport"
    shutil.copytree(ROOT / "workflows/CustomerSupport", folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_stdout_shows_and_changes_nothing(run: Run, desk: Path) -> None:
    before = contents(desk)
    result = run("workflows", "convert", "customersupport", "--to", "json")
    assert result.exit_code == 0, result.output
    assert set(json.loads(result.stdout)) == {
        f"{name}.json" for name in ("agents", "context_variables", "handoffs", "orchestrator", "tools")
    }
    assert contents(desk) == before


def test_written_it_is_the_same_workflow_and_the_old_files_are_kept(run: Run, desk: Path, tmp_path: Path) -> None:
    before, version = contents(desk), load_workflow(desk).version
    result = run("workflows", "convert", "CustomerSupport", "--to", "json", "--write")
    assert result.exit_code == 0, result.output
    assert "handoffs.yaml has comments" in result.stderr
    assert not list(desk.glob("*.yaml"))
    assert load_workflow(desk).version == version
    (kept,) = (tmp_path / ".mozaiks/converted").iterdir()
    assert contents(kept) == {name: text for name, text in before.items() if "/" not in name}


def test_there_and_back_again_keeps_the_content_and_the_schema_lines(run: Run, desk: Path) -> None:
    import yaml

    before = {path.name: yaml.safe_load(path.read_text()) for path in desk.glob("*.yaml")}
    lines = {path.name: path.read_text().splitlines()[0] for path in desk.glob("*.yaml")}
    run("workflows", "convert", "CustomerSupport", "--to", "json", "--write")
    schema = json.loads((desk / "agents.json").read_text())["$schema"]
    assert lines["agents.yaml"].endswith(f"$schema={schema}")
    run("workflows", "convert", "CustomerSupport", "--to", "yaml", "--write")
    assert {path.name: yaml.safe_load(path.read_text()) for path in desk.glob("*.yaml")} == before
    assert {path.name: path.read_text().splitlines()[0] for path in desk.glob("*.yaml")} == lines


def test_a_workflow_that_is_in_that_syntax_already_stays_as_it_is(run: Run, desk: Path, tmp_path: Path) -> None:
    before = contents(desk)
    result = run("workflows", "convert", "CustomerSupport", "--to", "yaml", "--write")
    assert (result.exit_code, "already" in result.stdout) == (0, True)
    assert contents(desk) == before
    assert not (tmp_path / ".mozaiks").exists()


def test_what_is_in_the_way_of_a_new_file_stops_the_conversion(run: Run, desk: Path) -> None:
    (desk / "tools.json").symlink_to(desk / "nowhere")
    before = contents(desk)
    result = run("workflows", "convert", "CustomerSupport", "--to", "json", "--write")
    assert result.exit_code == 1
    assert "in the way" in result.stderr
    assert contents(desk) == before


def test_a_failure_in_the_middle_puts_the_old_files_back(run: Run, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(desk)
    real = Path.write_text

    def fails(path: Path, *arguments: Any, **options: Any) -> int:
        if path == desk / "orchestrator.json":
            raise OSError(28, "No space left on device")
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", fails)
    result = run("workflows", "convert", "CustomerSupport", "--to", "json", "--write")
    assert result.exit_code == 1
    assert "No space left" in result.stderr
    assert contents(desk) == before


@pytest.mark.parametrize(("name", "said"), [("Wrong", "unknown key 'sistem_message'"), ("Nowhere", "no workflow")])
def test_what_does_not_load_is_not_converted(run: Run, broken: Path, name: str, said: str) -> None:
    before = contents(broken)
    result = run("workflows", "convert", name, "--to", "json", "--write")
    assert result.exit_code == 1
    assert said in result.stderr
    assert contents(broken) == before
