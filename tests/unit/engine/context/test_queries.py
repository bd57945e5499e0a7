"""Query templates: variables are bound as values and as nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mozaiks.engine.context_queries import bound, placeholders

TEMPLATES: tuple[dict[str, Any], ...] = (
    {"owner": "${x}"},
    {"owner.name": "${x.y}"},
    {"total": {"$gt": "${x}", "$lt": 10}},
    {"tag": {"$in": ["${x}", "b"]}},
    {"tag": {"$not": {"$eq": "${x}"}}},
    {"address": {"city": "${x}", "zip": ["${x}"]}},
    {"$or": [{"a": "${x}"}, {"$and": [{"b": {"$ne": "${x}"}}]}]},
    {"items": {"$elemMatch": {"sku": "${x}", "n": {"$gte": "${x}"}}}},
    {"items": {"$elemMatch": {"$eq": "${x}"}}},
    {"key": "order-${x}-${x}"},
    {"list": ["${x}", {"deep": "${x}"}]},
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text()
    | st.sampled_from(["$where", "$gt", "${x}", "${y}", "$owner", '{"$gt": ""}']),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["$gt", "$where", "$ne", "y", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def shape(query: Any, *, value: bool = False) -> Any:
    """The query with every scalar forgotten: its fields, operators and lists."""
    if isinstance(query, Mapping):
        return {key: shape(part) for key, part in query.items()}
    if isinstance(query, list):
        return [shape(part) for part in query]
    return "value"


@given(template=st.sampled_from(TEMPLATES), x=json_values)
def test_no_value_changes_the_shape_of_a_query(template: dict[str, Any], x: Any) -> None:
    harmless = bound(template, {"x": {"y": "v"} if "x.y" in str(template) else "v"})
    try:
        query = bound(template, {"x": x, "y": {"$gt": ""}})
    except ValueError:
        return
    assert shape(query) == shape(harmless)


@given(template=st.sampled_from(TEMPLATES), x=json_values)
def test_binding_raises_nothing_but_value_errors(template: dict[str, Any], x: Any) -> None:
    try:
        bound(template, {"x": x})
    except Exception as error:  # noqa: BLE001 - that there is no other is the point
        assert type(error) is ValueError  # noqa: PT017


@given(text=st.text() | st.sampled_from(["$gt", "${x}", "${y}"]))
def test_a_text_is_compared_as_it_is(text: str) -> None:
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return
    assert bound({"a": "${x}"}, {"x": text, "y": "other"}) == {"a": {"$eq": text}}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ({"n": "${count}"}, {"n": {"$eq": 3}}),
        ({"n": {"$gte": "${count}"}}, {"n": {"$gte": 3}}),
        ({"n": "${nothing}"}, {"n": {"$eq": None}}),
        ({"n": "${user.id}"}, {"n": {"$eq": "u1"}}),
        ({"n": "${ user.id }"}, {"n": {"$eq": "u1"}}),
        ({"n": "a-${count}/${user.id}"}, {"n": {"$eq": "a-3/u1"}}),
        ({"n": 5}, {"n": {"$eq": 5}}),
        ({"name": {"$regex": "^a", "$options": "i"}}, {"name": {"$regex": "^a", "$options": "i"}}),
        ({}, {}),
        (None, {}),
    ],
)
def test_placeholders_take_the_values_of_variables(template: Any, expected: Any) -> None:
    assert bound(template, {"count": 3, "user": {"id": "u1"}}) == expected


@pytest.mark.parametrize("value", [{"$gt": ""}, {}, ["a"], [], 2**64, float("nan"), "\ud800"])
def test_what_is_no_plain_value_cannot_stand_in_a_query(value: Any) -> None:
    with pytest.raises(ValueError, match=r"\$\{x\} of the query"):
        bound({"a": "${x}"}, {"x": value})


def test_null_cannot_stand_within_a_text() -> None:
    with pytest.raises(ValueError, match=r"\$\{x\} of the query is null"):
        bound({"a": "order-${x}"}, {})


@pytest.mark.parametrize(
    "template",
    [
        {"$where": "true"},
        {"$expr": {"$eq": ["$a", "${x}"]}},
        {"a": {"$where": "true"}},
        {"a": {"$function": {}}},
        {"a": {"$gt": 1, "b": 2}},
        {"a": {"$eq": {"$gt": 1}}},
        {"a": {"$in": [{"$gt": 1}]}},
        {"${x}": 1},
        {"a": {"b${x}": 1}},
        {"a": {"$regex": "${x}"}},
        {"$or": {}},
        {"$or": []},
        {"$and": ["${x}"]},
        {"a": {"$and": [{"b": 1}]}},
        {"a": {"$not": "b"}},
        {"$gt": 1},
        {"a": "${x.__class__()}"},
        {"a": "${x or y}"},
        {"": 1},
    ],
)
def test_a_template_outside_the_grammar_is_refused(template: Any) -> None:
    with pytest.raises(ValueError, match="query"):
        bound(template, {"x": "v"})


def test_the_variables_a_template_reads_are_known() -> None:
    template = {"$or": [{"a": "${x.y}"}, {"b": {"$in": ["c-${z}"]}}], "d": "plain"}
    assert placeholders(template) == {"x", "z"}
