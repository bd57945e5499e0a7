"""Which rule of a script plays, and what becomes of its placeholders."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openai import BadRequestError

from mozaiks_local.demo_model import DemoModel, parse_script
from mozaiks_local.demo_model.errors import ScriptError
from unit.demo_model.messages import answered, called, offered

Ask = Callable[..., Any]
Give = Callable[..., None]
ELSE = {"say": "else"}


def text(completion: Any) -> str:
    return str(completion.choices[0].message.content)


def test_the_first_rule_whose_conditions_hold_replies(ask: Ask, script: Give) -> None:
    script({"user_matches": "tea", "say": "first"}, {"user_matches": "green tea", "say": "second"}, ELSE)
    assert text(ask("Green TEA please")) == "first"
    assert text(ask("coffee")) == "else"


def test_the_same_request_gets_the_same_reply_whatever_came_between(ask: Ask, script: Give) -> None:
    script({"step": 0, "say": "hello"}, {"step": 1, "say": "again"}, ELSE)
    said = {"role": "assistant", "content": "hello"}
    assert [text(ask("a")), text(ask("a", said, "b")), text(ask("a")), text(ask("a", said, "b"))] == [
        "hello",
        "again",
        "hello",
        "again",
    ]


def test_after_tells_a_tools_answer_from_the_users_words(ask: Ask, script: Give) -> None:
    script({"after": "tool", "say": "from tool"}, {"after": "user", "say": "from user"})
    assert text(ask("hi")) == "from user"
    assert text(ask("hi", called("f"), answered("ok"))) == "from tool"


def test_a_tool_condition_holds_only_right_after_that_tool(ask: Ask, script: Give) -> None:
    script({"tool": "f", "say": "f answered"}, ELSE)
    assert text(ask("hi", called("f"), answered("ok"))) == "f answered"
    assert text(ask("hi", called("g"), answered("ok"))) == "else"
    assert text(ask("hi", called("f"), answered("ok"), {"role": "assistant", "content": "x"}, "hi")) == "else"


def test_result_matches_looks_at_the_named_tools_answer(ask: Ask, script: Give) -> None:
    script({"tool": "f", "result_matches": "found.*false", "say": "missing"}, {"tool": "f", "say": "there"})
    assert text(ask("hi", called("f"), answered({"found": False}))) == "missing"
    assert text(ask("hi", called("f"), answered({"found": True}))) == "there"


def test_min_step_holds_from_that_step_on(ask: Ask, script: Give) -> None:
    script({"min_step": 1, "say": "later"}, ELSE)
    said = {"role": "assistant", "content": "x"}
    assert text(ask("a")) == "else"
    assert text(ask("a", said, "b", said, "c")) == "later"


def test_offers_holds_when_the_tool_is_offered(ask: Ask, script: Give) -> None:
    script({"offers": "transfer_to_user", "say": "may leave"}, ELSE)
    assert text(ask("hi")) == "else"
    reason = {"type": "string"}
    assert text(ask("hi", tools=[offered("transfer_to_user", reason=reason)])) == "may leave"


def test_the_users_last_words_are_found_among_transcript_lines(ask: Ask, script: Give) -> None:
    script({"user_matches": "router", "say": "{user}"}, ELSE)
    assert text(ask("[user]: my router\nis slow\n[Frontline]: Passing you on, bye")) == "my router\nis slow"
    parts = [{"type": "text", "text": "[user]: the router"}, {"type": "text", "text": "[Frontline]: Hm"}]
    assert text(ask({"role": "user", "content": parts})) == "the router"
    assert text(ask("[Frontline]: the router")) == "else"


def test_conversation_matches_hears_everybody_and_takes_the_latest(ask: Ask, script: Give) -> None:
    script({"conversation_matches": r"ORD-(?P<n>\d+)", "say": "order {match.n}"}, ELSE)
    assert (
        text(ask("ORD-1 then ORD-2", {"role": "assistant", "content": "ok"}, "[Other]: it is ORD-3\n[user]: yes"))
        == "order 3"
    )


def test_placeholders_take_plain_values_from_results_and_matches(ask: Ask, script: Give) -> None:
    script({"tool": "f", "say": "{tool.cities.1.name}, {tool.n}, {result.f.n}, {tool.gone.x}, {json}, {agent}"})
    result = {"cities": [{"name": "A"}, {"name": "B"}], "n": 3}
    assert text(ask("hi", called("f"), answered(result))) == "B, 3, 3, unknown, {json}, Clerk"


def test_a_placeholder_reaches_no_attribute_and_user_text_is_not_filled_again(ask: Ask, script: Give) -> None:
    script({"say": "{user.__class__} {user}"})
    assert text(ask("{workflow}")) == "unknown {workflow}"


def test_arguments_keep_the_type_of_a_value_that_stands_alone(ask: Ask, script: Give) -> None:
    script({"tool": "f", "call": {"tool": "g", "arguments": {"n": "{tool.n}", "s": "n={tool.n}", "l": ["{user}"]}}})
    call = ask("hi", called("f"), answered({"n": 3})).choices[0].message.tool_calls[0]
    assert json.loads(call.function.arguments) == {"n": 3, "s": "n=3", "l": ["hi"]}


def test_rules_of_the_star_are_for_agents_without_their_own(ask: Ask, model: DemoModel) -> None:
    model.scripts.set("Shop", {"agents": {"Other": [{"say": "no"}], "*": [{"say": "star"}]}})
    assert text(ask("hi")) == "star"


def test_without_a_script_the_reply_is_honest_and_echoes_the_user(ask: Ask) -> None:
    reply = text(ask("where is my parcel?"))
    assert "demo model" in reply
    assert "where is my parcel?" in reply


def test_a_script_file_is_found_whatever_the_case_and_read_again_when_it_changed(ask: Ask, workflows: Path) -> None:
    file = workflows / "shop" / "demo" / "script.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("agents: {clerk: [{say: one}]}", encoding="utf-8")
    assert text(ask("hi")) == "one"
    file.write_text("agents: {clerk: [{say: two}]}", encoding="utf-8")
    os.utime(file, (1, 1))
    assert text(ask("hi")) == "two"


def test_a_workflow_name_never_becomes_a_path(ask: Ask, workflows: Path) -> None:
    outside = workflows / "_hidden" / "demo" / "script.yaml"
    outside.parent.mkdir(parents=True)
    outside.write_text("agents: {'*': [{say: leaked}]}", encoding="utf-8")
    for name in ("_hidden", "../x/_hidden", str(workflows / "_hidden"), "."):
        assert "demo model" in text(ask("hi", extra_headers={"x-mozaiks-workflow": name}))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("agents: {clerk: [{say: hi, user_match: x}]}", "user_match"),
        ("agents: {clerk: [{user_matches: '('}]}", "regular expression"),
        ("agents: {clerk: [{after: user}]}", "needs a reply"),
        ("agents: {clerk: [{json: {a: 1}, say: x}]}", "whole reply"),
        ("agents: {clerk: [{fault: {kind: drop, times: 2}}]}", "counter"),
        ("agents: {clerk: [{fault: {kind: fire}}]}", "kind"),
        ("agents: [", "line 1"),
        ("- a", "script"),
    ],
)
def test_a_broken_script_file_is_a_400_that_names_file_and_place(
    ask: Ask, workflows: Path, content: str, said: str
) -> None:
    file = workflows / "Shop" / "demo" / "script.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(content, encoding="utf-8")
    with pytest.raises(BadRequestError, match=r"Shop/demo/script\.yaml") as caught:
        ask("hi")
    assert said in str(caught.value)


def test_everything_wrong_with_a_script_is_told_at_once() -> None:
    with pytest.raises(ScriptError) as caught:
        parse_script({"agents": {"A": [{"say": "x", "step": -1}, {"call": {"tool": "a b"}}]}}, "x")
    assert "A.0.step" in str(caught.value)
    assert "A.1.call" in str(caught.value)
