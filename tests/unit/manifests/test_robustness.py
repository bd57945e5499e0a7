"""Whatever stands in the files, the answer is a workflow or its problems."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mozaiks.manifests import inspect_workflow
from mozaiks.manifests.pack import read_pack
from mozaiks.manifests.schemas import FILES, generate_schemas

FIXTURE = Path(__file__).parent / "fixtures/json/Newsroom"


def _words(schema: Any) -> set[str]:
    """Every key and every allowed value of a schema."""
    found: set[str] = set()
    if isinstance(schema, dict):
        found |= set(schema.get("properties", {})) | {
            value for value in schema.get("enum", []) if isinstance(value, str)
        }
        for value in schema.values():
            found |= _words(value)
    elif isinstance(schema, list):
        for value in schema:
            found |= _words(value)
    return found


WORDS = sorted(
    _words(list(generate_schemas().values())) | {"Reporter", "Editor", "user", "tools/archive.py", "look_up"}
)
WORD = st.sampled_from(WORDS) | st.text(max_size=3)
SCALAR = st.none() | st.booleans() | st.integers(-2, 99) | st.floats(allow_nan=False, allow_infinity=False) | WORD
DATA = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=4),
    max_leaves=12,
)


def _places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in steps for place in _places(value, (*path, key)))]


def _replaced(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = _replaced(data[path[0]], path[1:], value)
    return copy


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(FIXTURE, tmp_path_factory.mktemp("w") / "Newsroom")


PACK = {
    "pack_name": "Newspaper",
    "version": 2,
    "workflows": ["Editor", {"id": "Reporter", "dependencies": ["Editor", {"id": "user", "gating": "optional"}]}],
    "journeys": [{"id": "edition", "steps": ["Editor", ["Reporter", "user"]]}],
}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_data_in_any_place_of_a_pack_is_answered_with_problems(folder: Path, data: st.DataObject) -> None:
    path = folder.parent / "_pack" / "workflow_graph.json"
    path.parent.mkdir(exist_ok=True)
    place = data.draw(st.sampled_from(_places(PACK)))
    path.write_text(json.dumps(_replaced(PACK, place, data.draw(DATA))), encoding="utf-8")
    found = read_pack(folder.parent, ["Editor", "Reporter", "user"])
    assert (found.graph is None) is bool(found.problems)
    assert all(problem.message and problem.file.startswith("_pack/") for problem in found.problems)
    assert found.graph is None or all(group for journey in found.graph.journeys for group in journey.groups)


@pytest.mark.parametrize("name", sorted(FILES.keys() - {"pack"}))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_data_in_any_place_is_answered_with_problems(folder: Path, name: str, data: st.DataObject) -> None:
    path = folder / ("_pack/workflow_graph.json" if name == "nested_pack" else f"{name}.json")
    original = path.read_text(encoding="utf-8")
    content = json.loads(original)
    place = data.draw(st.sampled_from(_places(content)))
    try:
        path.write_text(json.dumps(_replaced(content, place, data.draw(DATA))), encoding="utf-8")
        loaded = inspect_workflow(folder)
    finally:
        path.write_text(original, encoding="utf-8")
    errors = [problem for problem in loaded.problems if problem.severity == "error"]
    assert (loaded.spec is None) is bool(errors)
    assert all(problem.message and problem.file.startswith("Newsroom") for problem in loaded.problems)
