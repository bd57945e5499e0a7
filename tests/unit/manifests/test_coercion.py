"""Values become what their variable's type says, or are refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mozaiks.manifests.coercion import VariableType, coerce

TYPES: tuple[VariableType, ...] = ("any", "str", "int", "float", "bool", "list", "dict")
PYTHON: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict}


@pytest.mark.parametrize(
    ("value", "type_", "expected"),
    [
        (5, "str", "5"),
        (True, "str", "true"),
        ("12", "int", 12),
        (3.0, "int", 3),
        ("2.5", "float", 2.5),
        (2, "float", 2.0),
        ("no", "bool", False),
        (1, "bool", True),
        ((1, 2), "list", [1, 2]),
        ({"a": 1}, "dict", {"a": 1}),
        (None, "int", None),
        ([1], "any", [1]),
    ],
)
def test_a_value_is_converted(value: Any, type_: VariableType, expected: Any) -> None:
    result = coerce(value, type_)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        ("x", "int"),
        (2.5, "int"),
        (True, "int"),
        ("nan", "float"),
        ("x", "bool"),
        (2, "bool"),
        ("a", "list"),
        ([], "dict"),
        ([], "str"),
    ],
)
def test_a_value_is_refused(value: Any, type_: VariableType) -> None:
    with pytest.raises(ValueError, match=r"expected .*, found"):
        coerce(value, type_)


@given(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()),
    st.sampled_from(TYPES),
)
def test_the_result_is_of_the_type_and_stays_itself(value: Any, type_: VariableType) -> None:
    try:
        result = coerce(value, type_)
    except ValueError:
        return
    if type_ != "any" and result is not None:
        assert type(result) is PYTHON[type_]
        assert coerce(result, type_) == result
