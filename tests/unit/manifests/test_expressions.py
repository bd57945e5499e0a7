"""The expression language: what it means, what it refuses, and that nothing stored can change it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mozaiks.manifests.expressions import ExpressionError, parse

VALUES: dict[str, Any] = {
    "ready": True,
    "count": 3,
    "price": 2.5,
    "name": "Ada",
    "empty": "",
    "items": ["a", "b"],
    "order": {"state": "paid", "lines": [{"sku": "x"}], "customer": {"tier": 2}},
    "nothing": None,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ready", True),
        ("${ready}", True),
        ("${ ready }", True),
        ("order.state", "paid"),
        ("${order.customer.tier} >= 2", True),
        ("count == 3", True),
        ("count == 3.0", True),
        ("count != 3", False),
        ("count < 4 and price > 2", True),
        ("count > 4 or name == 'Ada'", True),
        ("not ready", False),
        ("not not ready", True),
        ("not ready or ready", True),
        ("ready or ready and not ready", True),
        ("(ready or ready) and not ready", False),
        ("'a' in items", True),
        ("'z' not in items", True),
        ("'d' in name", True),
        ("'state' in order", True),
        ("count in [1, 2, 3]", True),
        ("[1, 'x', null] == [1, 'x', null]", True),
        ("len(items) == 2", True),
        ("len(items) > len(empty)", True),
        ("-1 < 0", True),
        ("1e3 == 1000", True),
        ('name == "Ad\\u0061" or true', None),
        ("'it\\'s' == \"it's\"", True),
        ("True and not False and None == null", True),
        ("nothing == null", True),
        ("missing == null", True),
        ("name or 'guest'", "Ada"),
        ("missing or 'guest'", "guest"),
    ],
)
def test_an_expression_means_what_it_says(text: str, expected: Any) -> None:
    if expected is None:
        with pytest.raises(ExpressionError, match="escape"):
            parse(text)
    else:
        assert parse(text).evaluate(VALUES) == expected


@pytest.mark.parametrize(
    "text",
    [
        "name < 3",
        "ready < 2",
        "items > 1",
        "missing < 1",
        "missing >= 0",
        "order < order",
        "1 in 5",
        "1 in name",
        "null < null",
    ],
)
def test_comparing_what_cannot_be_compared_is_false(text: str) -> None:
    assert parse(text).evaluate(VALUES) is False


def test_true_is_not_one() -> None:
    assert parse("ready == 1").evaluate(VALUES) is False
    assert parse("[true] == [1]").evaluate(VALUES) is False


def test_a_path_through_something_that_is_no_map_is_null() -> None:
    assert parse("name.upper").evaluate(VALUES) is None
    assert parse("name.__class__.__mro__").evaluate(VALUES) is None
    assert parse("order.lines.sku").evaluate(VALUES) is None


def test_length_of_null_is_zero_and_of_a_number_null() -> None:
    assert parse("len(missing)").evaluate(VALUES) == 0
    assert parse("len(count)").evaluate(VALUES) is None


def test_an_object_is_never_asked_for_its_opinion() -> None:
    class Hostile:
        def __bool__(self) -> bool:
            raise AssertionError

        def __eq__(self, other: object) -> bool:
            raise AssertionError

        def __hash__(self) -> int:
            raise AssertionError

    values = {"it": Hostile(), "items": [Hostile()]}
    assert parse("it").is_true(values)
    assert parse("it == 1 or it == it or 1 in items").evaluate(values) is False


def test_the_names_an_expression_reads_are_known() -> None:
    assert parse("${a.b} == 1 and len(c) > 0 or not d in [e, 'f']").names == {"a", "c", "d", "e"}


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "expected a value, found the end"),
        ("a ==", 5, "expected a value, found the end"),
        ("a b", 3, "expected an operator, found 'b'"),
        ("a = 1", 3, "use '=='"),
        ("a && b", 3, "use 'and'"),
        ("!a", 1, "use 'not'"),
        ("1 < 2 < 3", 7, "do not chain"),
        ("(a", 3, "expected ')'"),
        ("[1, 2", 6, "expected ',' or ']'"),
        ("'abc", 1, "no closing quote"),
        ("${a", 1, "written ${name}"),
        ("${a b}", 1, "written ${name}"),
        ("a.", 1, "ends in a dot"),
        ("12abc", 1, "not a number"),
        ("len a", 1, "len(x)"),
        ("upper(a)", 1, "is no function"),
        ("a + 1", 3, "unexpected '+'"),
        ("a and", 6, "expected a value"),
        ("in a", 1, "expected a value, found 'in'"),
        ("a == ${b}.c", 10, "written ${name.part}"),
        ("9" * 60, 1, "at most 40 digits"),
        ("1e999", 1, "too large"),
    ],
)
def test_a_syntax_error_says_what_and_where(text: str, column: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.column == column
    assert message in caught.value.message


def test_the_caret_stands_under_the_column() -> None:
    text = "${ready} == "
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    shown, caret = caught.value.caret(text).split("\n")
    assert shown == f"  {text}"
    assert caret.index("^") - 2 == caught.value.column - 1


@pytest.mark.parametrize(
    "text", ["(" * 500 + "a" + ")" * 500, "not " * 400 + "a", "[" * 300 + "]" * 300, "a or " * 900 + "a"]
)
def test_depth_and_length_are_limited(text: str) -> None:
    with pytest.raises(ExpressionError, match=r"nested deeper|at most"):
        parse(text)


def test_a_long_flat_expression_is_fine() -> None:
    assert parse(" or ".join(["missing"] * 150 + ["ready"])).evaluate(VALUES) is True


def test_a_value_that_contains_itself_is_compared_in_bounded_time() -> None:
    cyclic: list[Any] = []
    cyclic += [cyclic, cyclic]
    other: list[Any] = []
    other += [other, other]
    assert parse("a == b").evaluate({"a": cyclic, "b": other}) is False


WORDS = """a ${a} ${a.b} b.c and or not in len ( ) [ ] , == != < <= > >= 1 -2.5 'x' "y" true null ${ } $ . ' é 1e9"""
TOKENS = st.sampled_from([*WORDS.split(), "\\", "\x00", " "])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(st.text() | st.lists(TOKENS).map(" ".join) | st.lists(TOKENS).map("".join))
def test_no_text_raises_anything_but_an_expression_error(text: str) -> None:
    try:
        parse(text)
    except ExpressionError as raised:
        error = raised
    else:
        return
    assert 1 <= error.column <= len(text) + 1
    error.caret(text)


@given(st.lists(TOKENS, min_size=1, max_size=12).map(" ".join), st.dictionaries(st.sampled_from("abc"), JSON))
def test_no_values_make_evaluation_raise(text: str, values: dict[str, Any]) -> None:
    try:
        expression = parse(text)
    except ExpressionError:
        return
    expression.evaluate(values)
    expression.is_true(values)


@given(
    st.text()
    | st.sampled_from(["' or true or '", '" or true or "', "${other}", "true", "other == 1", "__import__('os')"])
)
def test_a_stored_value_never_changes_what_an_expression_means(stored: str) -> None:
    expression = parse("${a} == 'secret' and ${other} == 1")
    assert expression.evaluate({"a": stored, "other": 1}) is (stored == "secret")
    assert parse("a").evaluate({"a": stored, "other": 1}) == stored
    assert parse("[a, a.b]").evaluate({"a": stored}) == [stored, None]


@given(JSON, JSON)
def test_not_equal_is_the_opposite_of_equal(left: Any, right: Any) -> None:
    values = {"a": left, "b": right}
    assert parse("a == b").evaluate(values) is not parse("a != b").evaluate(values)


@given(st.floats() | st.integers(), st.floats() | st.integers())
def test_numbers_compare_as_numbers(left: float, right: float) -> None:
    values = {"a": left, "b": right}
    assert parse("a < b").evaluate(values) is (left < right)
    assert parse("a == b").evaluate(values) is (left == right and not math.isnan(left))


@given(st.text(st.characters(exclude_characters="'\\", exclude_categories=["Cs"]), max_size=100))
def test_a_quoted_text_is_itself(text: str) -> None:
    assert parse(f"'{text}'").evaluate({}) == text
