"""What a variable of each type accepts."""

from __future__ import annotations

import enum
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mozaiks.engine.context import coerced
from mozaiks.engine.context_values import MAX_VALUE_BYTES
from mozaiks.manifests.spec import ContextVariableSpec

TYPES = ("any", "str", "int", "float", "bool", "list", "dict")

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.complex_numbers()
    | st.dates()
    | st.sampled_from(["{", "[1", "[[", '{"a":NaN}', "1e999", "9" * 5000, "[" * 5000]),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner)
        | st.dictionaries(st.text() | st.integers() | st.none(), inner)
        | st.frozensets(st.integers())
    ),
    max_leaves=12,
)


def of_type(type_: Any) -> ContextVariableSpec:
    return ContextVariableSpec(name="v", type=type_)


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("int", "3", 3),
        ("int", 3.0, 3),
        ("float", "2.5", 2.5),
        ("float", 2, 2.0),
        ("bool", "true", True),
        ("bool", "False", False),
        ("bool", 1, True),
        ("str", 7, "7"),
        ("str", True, "true"),
        ("list", "[1, 2]", [1, 2]),
        ("list", (1, 2), [1, 2]),
        ("dict", '{"a": [1]}', {"a": [1]}),
        ("any", "[1, 2]", "[1, 2]"),
    ],
)
def test_a_value_that_loses_nothing_becomes_the_type(type_: str, value: Any, expected: Any) -> None:
    result = coerced(of_type(type_), value)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("int", "three"),
        ("int", 3.5),
        ("int", True),
        ("float", "nan"),
        ("float", 2**63 + 1),
        ("bool", "perhaps"),
        ("bool", 2),
        ("str", ["a"]),
        ("list", '{"a": 1}'),
        ("list", "one, two"),
        ("dict", "[1]"),
        ("dict", "{'a': 1}"),
        ("any", float("inf")),
        ("any", {1: "a"}),
        ("any", {"a": object()}),
        ("any", b"bytes"),
    ],
)
def test_any_other_value_is_refused(type_: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"expected|found"):
        coerced(of_type(type_), value)


@pytest.mark.parametrize("type_", TYPES)
def test_null_is_a_value_of_every_type(type_: str) -> None:
    assert coerced(of_type(type_), None) is None


def test_a_refusal_says_what_was_expected_and_nothing_of_the_value() -> None:
    with pytest.raises(ValueError, match="expected a whole number, found a text") as refused:
        coerced(of_type("int"), "hunter2")
    assert "hunter2" not in str(refused.value)


def test_the_kept_value_is_not_the_one_a_tool_still_holds() -> None:
    given_list = [{"a": 1}]
    kept = coerced(of_type("list"), given_list)
    given_list[0]["a"] = 2
    assert kept == [{"a": 1}]


def test_a_member_of_an_enumeration_is_kept_as_its_value() -> None:
    class Colour(str, enum.Enum):  # noqa: UP042 - the kind that prints as its name
        RED = "red"

    kept = coerced(of_type("str"), Colour.RED)
    assert (kept, type(kept)) == ("red", str)


@pytest.mark.parametrize(
    "make", [lambda: "x" * MAX_VALUE_BYTES, lambda: ["é" * (MAX_VALUE_BYTES // 2)], lambda: [0] * MAX_VALUE_BYTES]
)
def test_a_value_too_large_to_store_at_every_step_is_refused(make: Any) -> None:
    with pytest.raises(ValueError, match=f"more than {MAX_VALUE_BYTES} bytes"):
        coerced(of_type("any"), make())


@pytest.mark.parametrize("type_", TYPES)
def test_a_number_of_more_digits_than_can_be_printed_is_refused(type_: str) -> None:
    with pytest.raises(ValueError, match=r"expected|found|digits"):
        coerced(of_type(type_), 10**5000)


def test_a_small_value_that_is_huge_when_written_out_is_refused() -> None:
    bomb: list[Any] = []
    for _ in range(60):
        bomb = [bomb, bomb]
    with pytest.raises(ValueError, match="more than"):
        coerced(of_type("any"), bomb)


def test_a_value_that_holds_itself_is_refused() -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(ValueError, match="deeper"):
        coerced(of_type("any"), ring)


@given(type_=st.sampled_from(TYPES), value=anything)
def test_coercion_gives_json_of_the_type_or_a_value_error(type_: str, value: Any) -> None:
    try:
        result = coerced(of_type(type_), value)
    except ValueError:
        return
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    if result is not None and type_ != "any":
        assert type(result).__name__ == type_


@given(type_=st.sampled_from(TYPES), value=anything)
def test_coercing_twice_is_coercing_once(type_: str, value: Any) -> None:
    try:
        once = coerced(of_type(type_), value)
    except ValueError:
        return
    again = coerced(of_type(type_), once)
    assert again == once
    assert type(again) is type(once)
