"""The context variables as code sees them: a dict that knows what was changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mozaiks.engine.variables import Variables


def changed_by(change: Callable[[Variables], object]) -> dict[str, Any]:
    before = {"a": 1, "items": [1, {"deep": [2]}]}
    variables = Variables(before)
    change(variables)
    assert before == {"a": 1, "items": [1, {"deep": [2]}]}, "the chat's own values were written to"
    return variables.changed


def ior(variables: Variables) -> None:
    variables |= {"b": 2}


def delete(variables: Variables) -> None:
    del variables["a"]


def delete_twice(variables: Variables) -> None:
    del variables["a"]
    with pytest.raises(KeyError):
        del variables["a"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda v: v.__setitem__("b", 2), {"b": 2}),
        (lambda v: v.set("b", 2), {"b": 2}),
        (lambda v: v.update({"b": 2}, c=3), {"b": 2, "c": 3}),
        (lambda v: v.update([("b", 2)]), {"b": 2}),
        (ior, {"b": 2}),
        (lambda v: v.setdefault("b", 2), {"b": 2}),
        (lambda v: v.setdefault("a", 2), {}),
        (lambda v: v.pop("a"), {"a": None}),
        (lambda v: v.pop("absent", 0), {}),
        (lambda v: v.popitem(), {"items": None}),
        (lambda v: v.clear(), {"a": None, "items": None}),
        (delete, {"a": None}),
        (delete_twice, {"a": None}),
        (lambda v: (v.pop("a"), v.set("a", 5)), {"a": 5}),
        (lambda v: v["items"].append(3), {"items": [1, {"deep": [2]}, 3]}),
        (lambda v: v["items"][1]["deep"].clear(), {"items": [1, {"deep": []}]}),
        (lambda v: v.setdefault("new", []).append(1), {"new": [1]}),
        (lambda v: v.set("a", 1), {"a": 1}),
        (lambda v: v.get("a"), {}),
    ],
)
def test_every_way_to_change_a_dict_is_seen(change: Callable[[Variables], object], expected: dict[str, Any]) -> None:
    assert changed_by(change) == expected


def test_setdefault_gives_the_value_that_is_there() -> None:
    assert Variables({"a": 1}).setdefault("a", 2) == 1


def test_a_missing_name_raises_as_in_any_dict() -> None:
    with pytest.raises(KeyError):
        Variables({}).pop("a")
    with pytest.raises(KeyError):
        Variables({})["a"]


def test_or_makes_a_plain_dict_and_changes_nothing() -> None:
    variables = Variables({"a": 1})
    assert variables | {"b": 2} == {"a": 1, "b": 2}
    assert variables.changed == {}


def test_one_copy_s_changes_do_not_show_in_another() -> None:
    values = {"items": [1]}
    first, second = Variables(values), Variables(values)
    first["items"].append(2)
    assert second.changed == {}
