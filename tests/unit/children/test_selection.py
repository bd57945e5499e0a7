"""What a structured output asks for, whatever stands in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mozaiks.children.selection import MAX_MESSAGE_CHARS, Asked, Selection, selection_of


def asking(*workflows: Any, **more: Any) -> dict[str, Any]:
    return {"is_multi_workflow": True, "workflows": list(workflows), **more}


@pytest.mark.parametrize("spelling", ["PatternSelection", "pattern_selection"])
def test_either_spelling_asks_for_children(spelling: str) -> None:
    output = {spelling: asking({"name": "A", "initial_agent": "X", "initial_message": "go"}, {"name": "B"})}
    assert selection_of(output) == Selection((Asked("A", "X", "go"), Asked("B")))


def test_the_output_may_say_who_goes_on() -> None:
    found = selection_of({"PatternSelection": asking({"name": "A"}, resume_agent="Merger")})
    assert found is not None
    assert found.resume_agent == "Merger"


@pytest.mark.parametrize(
    "output",
    [
        {},
        {"PatternSelection": None},
        {"PatternSelection": []},
        {"PatternSelection": {"workflows": [{"name": "A"}]}},
        {"PatternSelection": {"is_multi_workflow": False, "workflows": [{"name": "A"}]}},
        {"PatternSelection": {"is_multi_workflow": "true", "workflows": [{"name": "A"}]}},
        {"inner": {"PatternSelection": asking({"name": "A"})}},
    ],
)
def test_anything_else_asks_for_none(output: dict[str, Any]) -> None:
    assert selection_of(output) is None


def test_entries_without_a_name_are_passed_over() -> None:
    found = selection_of(
        {"PatternSelection": asking("A", {"name": " "}, {"name": 3}, {"name": "B", "initial_agent": 4})}
    )
    assert found == Selection((Asked("B"),))


def test_texts_are_bounded() -> None:
    found = selection_of({"PatternSelection": asking({"name": "A" * 500, "initial_message": "m" * 100_000})})
    assert found is not None
    assert (len(found.workflows[0].name), len(found.workflows[0].initial_message or "")) == (80, MAX_MESSAGE_CHARS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["name", "workflows", "is_multi_workflow"]), inner),
)


@given(JSON)
def test_no_json_is_too_odd(value: Any) -> None:
    found = selection_of({"PatternSelection": value})
    assert found is None or all(each.name for each in found.workflows)
