"""Variables set by agents' texts and users' answers."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mozaiks.engine.context import response_triggers, text_triggers
from mozaiks.engine.text_matching import MAX_SEARCHED, Undecided, matches
from mozaiks.manifests.spec import TextMatch, WorkflowSpec

MakeSpec = Callable[..., WorkflowSpec]

ENDLESS = "(a+)+$"
ENDLESS_TEXT = "a" * 60 + "b"


def on_text(match: dict[str, str], agent: str = "Ada", **fields: Any) -> dict[str, Any]:
    return {"kind": "agent_text", "agent": agent, "match": match, **fields}


def on_answer(tool: str, key: str | None = None) -> dict[str, Any]:
    return {"kind": "ui_response", "tool": tool, "response_key": key}


@pytest.mark.parametrize(
    ("match", "text", "fires"),
    [
        ({"equals": "NEXT"}, " NEXT\n", True),
        ({"equals": "NEXT"}, "NEXT please", False),
        ({"equals": "NEXT"}, "next", False),
        ({"contains": "APPROVED"}, "It is APPROVED.", True),
        ({"contains": "APPROVED"}, "It is not.", False),
        ({"regex": r"score: [89]\d"}, "score: 91", True),
        ({"regex": r"score: [89]\d"}, "score: 71", False),
        ({"regex": "("}, "(", False),
    ],
)
def test_a_text_that_matches_sets_the_variable(make_spec: MakeSpec, match: Any, text: str, fires: bool) -> None:
    spec = make_spec(done={"type": "bool", "triggers": [on_text(match)]})
    assert text_triggers(spec, "Ada", text) == ({"done": True} if fires else {}, False)


def test_another_agents_text_sets_nothing(make_spec: MakeSpec) -> None:
    spec = make_spec(done={"triggers": [on_text({"equals": "NEXT"}, ui_hidden=True)]})
    assert text_triggers(spec, "Bob", "NEXT") == ({}, False)


def test_a_hidden_trigger_hides_the_text_it_matches(make_spec: MakeSpec) -> None:
    spec = make_spec(done={"triggers": [on_text({"equals": "NEXT"}, ui_hidden=True)]})
    assert text_triggers(spec, "Ada", "NEXT") == ({"done": True}, True)
    assert text_triggers(spec, "Ada", "Go on") == ({}, False)


def test_the_first_trigger_that_matches_gives_the_value(make_spec: MakeSpec) -> None:
    rules = [on_text({"contains": "NOT OK"}, value="no"), on_text({"contains": "OK"}, value="yes", ui_hidden=True)]
    spec = make_spec(verdict={"type": "str", "triggers": rules})
    assert text_triggers(spec, "Ada", "NOT OK") == ({"verdict": "no"}, True)
    assert text_triggers(spec, "Ada", "OK") == ({"verdict": "yes"}, True)


def test_a_pattern_that_comes_to_no_end_is_given_up() -> None:
    with pytest.raises(Undecided, match="CPU"):
        matches(TextMatch(regex=ENDLESS), ENDLESS_TEXT)


def test_an_undecided_trigger_sets_nothing_and_hides_what_it_might_have_to(make_spec: MakeSpec) -> None:
    open_ = make_spec(done={"triggers": [on_text({"regex": ENDLESS})]})
    hidden = make_spec(done={"triggers": [on_text({"regex": ENDLESS}, ui_hidden=True)]})
    assert text_triggers(open_, "Ada", ENDLESS_TEXT) == ({}, False)
    assert text_triggers(hidden, "Ada", ENDLESS_TEXT) == ({}, True)


def test_the_timer_leaves_no_trace() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGVTALRM, lambda number, _: seen.append(number))
    try:
        with pytest.raises(Undecided):
            matches(TextMatch(regex=ENDLESS), ENDLESS_TEXT)
        assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
        signal.raise_signal(signal.SIGVTALRM)
        assert seen == [signal.SIGVTALRM]
    finally:
        signal.signal(signal.SIGVTALRM, before)


def test_patterns_work_off_the_main_thread_too() -> None:
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(matches(TextMatch(regex="b$"), "ab")))
    thread.start()
    thread.join()
    assert found == [True]


def test_a_pattern_is_searched_in_the_beginning_of_a_long_text() -> None:
    assert matches(TextMatch(regex="x"), " " * (MAX_SEARCHED - 1) + "x")
    assert not matches(TextMatch(regex="x"), " " * MAX_SEARCHED + "x")


@pytest.mark.parametrize(
    ("key", "response", "expected"),
    [
        (None, {"a": 1}, {"v": {"a": 1}}),
        (None, "yes", {"v": "yes"}),
        ("choice", {"choice": "B"}, {"v": "B"}),
        ("choice", {"choice": None}, {"v": None}),
        ("form.city", {"form": {"city": "Bern"}}, {"v": "Bern"}),
        ("form.city", {"form.city": "Bern"}, {"v": "Bern"}),
        ("rows.1.n", {"rows": [{"n": 1}, {"n": 2}]}, {"v": 2}),
        ("rows.2", {"rows": [1]}, {}),
        ("choice", {}, {}),
        ("choice", "B", {}),
        ("choice.length", {"choice": "B"}, {}),
        ("rows.-1", {"rows": [1]}, {}),
    ],
)
def test_an_answer_sets_what_its_key_finds(make_spec: MakeSpec, key: str | None, response: Any, expected: Any) -> None:
    spec = make_spec(v={"triggers": [on_answer("pick", key)]})
    assert response_triggers(spec, "pick", response) == expected


def test_the_answer_to_another_tool_sets_nothing(make_spec: MakeSpec) -> None:
    assert response_triggers(make_spec(v={"triggers": [on_answer("pick")]}), "other", 1) == {}


def test_the_first_key_that_is_there_gives_the_value(make_spec: MakeSpec) -> None:
    spec = make_spec(v={"triggers": [on_answer("pick", "new"), on_answer("pick", "old")]})
    assert response_triggers(spec, "pick", {"old": 1}) == {"v": 1}
    assert response_triggers(spec, "pick", {"old": 1, "new": 2}) == {"v": 2}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(key=st.none() | st.text(".0²a", max_size=5) | st.text(max_size=5), response=json_values)
def test_answers_never_raise(make_spec: MakeSpec, key: str | None, response: Any) -> None:
    changes = response_triggers(make_spec(v={"triggers": [on_answer("pick", key)]}), "pick", response)
    assert set(changes) <= {"v"}


@given(
    pattern=st.text("ab()[]*+?|\\^$.{}1,", max_size=8),
    kind=st.sampled_from(["equals", "contains", "regex"]),
    text=st.text("ab1\ud800\n ", max_size=20),
)
def test_texts_never_raise(make_spec: MakeSpec, pattern: str, kind: str, text: str) -> None:
    changes, hidden = text_triggers(make_spec(v={"triggers": [on_text({kind: pattern})]}), "Ada", text)
    assert set(changes) <= {"v"}
    assert hidden is False
