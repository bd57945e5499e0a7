"""Components set variables: only those the manifest lets clients set, and only values of their type."""

from __future__ import annotations

from typing import Any

import pytest

from mozaiks.chats.commands import ComponentAction
from mozaiks.chats.components import component_action
from mozaiks.chats.states import FINAL, Chat, ChatStatus, Greeting
from mozaiks.errors import MozaiksError

from .chats import chat

WRITABLE = {"size": "str", "count": "int", "tags": "list", "anything": "any"}


def with_variables(status: ChatStatus = ChatStatus.RUNNING, **fields: Any) -> Chat:
    return chat(status, greeting=Greeting("AgentDriven", "Host", writable=WRITABLE), **fields)


def action(**values: Any) -> ComponentAction:
    return ComponentAction(type="chat.component_action", component_id="picker", action_type="select", set=values)


def test_values_become_their_variables_type_and_are_told() -> None:
    change = component_action(with_variables(), action(count="7", size="L"))
    assert dict(change.fields) == {"context_inbox": {"count": 7, "size": "L"}}
    assert [(event.type, event.data) for event in change.events] == [
        ("context_update", {"variable": "count", "value": 7}),
        ("context_update", {"variable": "size", "value": "L"}),
    ]
    assert change.command is not None
    assert change.command.answer["applied"] == {"count": 7, "size": "L"}


def test_what_was_set_before_and_not_merged_yet_stays() -> None:
    before = with_variables(context_inbox={"size": "S", "count": 1})
    assert component_action(before, action(count=2)).fields["context_inbox"] == {"size": "S", "count": 2}


@pytest.mark.parametrize("name", ["secret", "__class__", "$set", "size.x", "app_id", ""])
def test_a_variable_that_clients_may_not_set_is_refused_by_name_and_nothing_is_set(name: str) -> None:
    with pytest.raises(MozaiksError) as caught:
        component_action(with_variables(), action(size="L", **{name: 1}))
    assert (caught.value.code, caught.value.details["variable"]) == ("FORBIDDEN_VARIABLE", name)


@pytest.mark.parametrize("values", [{"count": "many"}, {"count": True}, {"tags": {}}, {"size": ["L"]}])
def test_a_value_of_another_type_is_refused_with_its_place(values: dict[str, Any]) -> None:
    with pytest.raises(MozaiksError) as caught:
        component_action(with_variables(), action(**values))
    assert (caught.value.code, caught.value.details["field"]) == ("VALIDATION", f"set.{next(iter(values))}")


@pytest.mark.parametrize("status", [status for status in ChatStatus if status not in FINAL])
def test_setting_a_variable_starts_no_run(status: ChatStatus) -> None:
    assert set(component_action(with_variables(status), action(size="L")).fields) == {"context_inbox"}


def test_an_action_without_values_is_acknowledged_and_changes_nothing() -> None:
    change = component_action(with_variables(), action())
    assert (dict(change.fields), change.events) == ({}, ())


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_chat_that_ended_takes_no_action(status: ChatStatus) -> None:
    with pytest.raises(MozaiksError) as caught:
        component_action(with_variables(status), action(size="L"))
    assert caught.value.code == "CHAT_ENDED"
