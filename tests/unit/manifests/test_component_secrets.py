"""The fields of a component's answer that are kept as secrets."""

from __future__ import annotations

import pytest

from .conftest import Workbench


def tool(**fields: object) -> dict[str, object]:
    return {"tools.json": {"tools": [{"name": "connect", **fields}]}, "tools/connect.py": "def connect(): ...\n"}


def test_fields_and_the_names_of_their_secrets_are_kept(bench: Workbench) -> None:
    ui = bench.load(tool(ui={"secrets": {"key": "crm_key"}})).tools[0].ui
    assert ui is not None
    assert ui.secrets == {"key": "crm_key"}


def test_they_are_part_of_the_version(bench: Workbench) -> None:
    assert bench.load(tool(ui={})).version != bench.load(tool(ui={"secrets": {"key": "crm_key"}})).version


@pytest.mark.parametrize(
    "fields",
    [
        {"ui": {"secrets": {"key": "crm_key"}, "awaits_response": False}},
        {"type": "Agent_Tool", "requires_approval": True, "ui": {"secrets": {"key": "crm_key"}}},
    ],
    ids=["shown only", "approval"],
)
def test_where_no_answer_is_awaited_they_are_an_error(bench: Workbench, fields: dict[str, object]) -> None:
    problem = bench.error(tool(**fields))
    assert (problem.code, problem.key) == ("contradiction", "secrets")


@pytest.mark.parametrize(
    ("field", "name"), [("a.b", "key"), ("key", "a/b"), ("key", ""), ("key", "x" * 65), ("$k", "k")]
)
def test_a_name_of_another_shape_is_an_error(bench: Workbench, field: str, name: str) -> None:
    assert bench.error(tool(ui={"secrets": {field: name}})).code == "wrong_name"


def test_two_fields_cannot_be_one_secret(bench: Workbench) -> None:
    problem = bench.error(tool(ui={"secrets": {"a": "key", "b": "key"}}))
    assert (problem.code, problem.key) == ("given_twice", "key")
