"""Editors complete the example workflows: each file names the schema it follows, and follows it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from mozaiks.manifests.folder import Folder, manifest_files
from mozaiks.manifests.pack_files import pack_files
from mozaiks.manifests.schemas import SCHEMAS_FOLDER

from .page import ROOT

WORKFLOWS = ROOT / "workflows"
SCRIPT_SCHEMA = ROOT / "local/mozaiks_local/demo_model/script.schema.json"

FILES = sorted(
    folder / name
    for folder in WORKFLOWS.iterdir()
    if folder.is_dir() and folder.name[0] not in "_."
    for name in (*manifest_files(Folder(folder, folder.name)), "demo/script.yaml", "demo/script.json")
    if (folder / name).is_file()
)
FILES += pack_files(WORKFLOWS)


def schema_named_by(file: Path) -> Path:
    text = file.read_text(encoding="utf-8-sig")
    if file.suffix == ".json":
        named = json.loads(text).get("$schema")
        assert isinstance(named, str), f"{file} has no $schema"
    else:
        line = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
        assert line is not None, f"{file} does not begin with a yaml-language-server line"
        named = line[1]
    return (file.parent / named).resolve()


def wanted(file: Path) -> Path:
    stem = file.name.split(".")[0]
    if stem == "script":
        return SCRIPT_SCHEMA
    if file.parent.parent == WORKFLOWS and stem == "workflow_graph":
        return SCHEMAS_FOLDER / "pack.schema.json"
    meant = {"workflow": "orchestrator", "workflow_graph": "nested_pack"}.get(stem, stem)
    return SCHEMAS_FOLDER / f"{meant}.schema.json"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(WORKFLOWS)))
def test_a_file_names_its_schema(file: Path) -> None:
    assert schema_named_by(file) == wanted(file)
    assert wanted(file).is_file()


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(WORKFLOWS)))
def test_an_editor_finds_nothing_wrong_with_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8-sig")
    data = json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
    jsonschema.validate(data, json.loads(schema_named_by(file).read_text(encoding="utf-8")))


def test_every_workflow_was_looked_at() -> None:
    assert {"orchestrator.yaml", "agents.yaml", "script.yaml"} <= {file.name for file in FILES}
    assert {file.relative_to(WORKFLOWS).parts[0] for file in FILES} >= {"HelloWorld", "CustomerSupport"}
