"""Conversion between the syntaxes, the reference, and what an import costs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from mozaiks.manifests import ManifestErrors, load_workflow
from mozaiks.manifests.convert import convert_workflow
from mozaiks.manifests.reference import generate_reference
from mozaiks.manifests.schemas import generate_schemas

from .conftest import Workbench

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.mark.parametrize(("source", "to"), [("yaml", "json"), ("json", "yaml")])
def test_a_converted_workflow_is_the_same_workflow(tmp_path: Path, source: str, to: Literal["yaml", "json"]) -> None:
    folder = tmp_path / "Newsroom"
    shutil.copytree(FIXTURES / source / "Newsroom", folder)
    before = load_workflow(folder)
    converted = convert_workflow(folder, to)
    assert len(converted) == 9
    for old, (new, text) in converted.items():
        (folder / old).unlink()
        (folder / new).write_text(text, encoding="utf-8")
    assert load_workflow(folder) == before
    assert convert_workflow(folder, to) == {}


def test_what_cannot_be_parsed_is_not_converted(bench: Workbench) -> None:
    with pytest.raises(ManifestErrors, match="not valid YAML"):
        convert_workflow(bench.write({"agents.yaml": "["}), "json")


def test_the_reference_has_every_field_and_every_other_spelling() -> None:
    reference = generate_reference()
    for schema in generate_schemas().values():
        for field in schema["properties"]:
            assert f"| `{field}` |" in reference
    assert "Also written `primary_agent`, `entry_agent`." in reference
    assert "| `from_agent` | text | required |" in reference


@pytest.mark.parametrize("module", ["mozaiks.manifests.spec", "mozaiks.manifests.expressions", "mozaiks.manifests"])
def test_reading_specs_and_expressions_does_not_import_the_loader(module: str) -> None:
    code = f"import sys, {module}; sys.exit('yaml' in sys.modules or 'mozaiks.manifests.loader' in sys.modules)"
    path = str(Path(__file__).parents[3] / "layers/runtime")
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": path})
