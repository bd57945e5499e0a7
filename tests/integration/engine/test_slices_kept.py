"""Which slices a run went in is kept, and how long its models were waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from mozaiks.access.principal import Tenant
from mozaiks.chats.changes import Change
from mozaiks.store.slices import MongoSlices
from mozaiks.usage.slices import MAX_SLICES, TracedSlice

from .conftest import Bench

OneAgent = Callable[..., str]
TOOL = "tools:\n- name: look\n  file: tools/code.py\n  function: look\n"
CODE = 'def look() -> dict:\n    """Look."""\n    return {"seen": 1}\n'


def slices(bench: Bench, chat_id: str) -> Sequence[TracedSlice]:
    return MongoSlices(bench.parts.database).of_chat(Tenant("acme", "ann"), chat_id, None, 100)


def test_each_slice_is_kept_with_what_came_of_it(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(
        {"after": "user", "call": {"tool": "look", "arguments": {}}}, {"say": "Done"}, tools=TOOL, code=CODE
    )
    bench.configure(slice_max_model_calls=1)
    bench.run(chat_id)
    found = slices(bench, chat_id)
    assert [(each.run_no, each.number, each.outcome, each.model_calls) for each in found] == [
        (1, 1, "continue", 1),
        (1, 2, "waiting", 1),
    ]
    assert all(each.ended_at is not None and each.ended_at >= each.began_at for each in found)


def test_slices_are_counted_anew_in_each_run(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "Hi there"})
    bench.run(chat_id)
    bench.say(chat_id, "again")
    bench.run(chat_id)
    assert sorted((each.run_no, each.number) for each in slices(bench, chat_id)) == [(1, 1), (2, 1)]


def test_a_slice_whose_worker_died_is_lost_once_another_goes_on(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(
        {"after": "user", "call": {"tool": "look", "arguments": {}}}, {"say": "Done"}, tools=TOOL, code=CODE
    )
    bench.die_at_write(3)
    with pytest.raises(Exception, match="the worker is no more"):
        bench.slice(chat_id)
    (dead,) = slices(bench, chat_id)
    assert (dead.outcome, dead.ended_at) == (None, None)
    bench.revive(chat_id)
    bench.run(chat_id)
    assert [(each.number, each.outcome, each.ended_at is None) for each in slices(bench, chat_id)] == [
        (1, "lost", True),
        (2, "waiting", False),
    ]


def test_a_slice_that_lets_the_model_rest_says_so(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": " "})
    bench.configure(model_attempts=2)
    bench.run(chat_id)
    assert [each.outcome for each in slices(bench, chat_id)] == ["backoff", "failed"]


def test_a_model_call_tells_how_long_it_took(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "Hi there"})
    bench.run(chat_id)
    (told,) = [event.data for event in bench.log(chat_id) if event.type == "chat.usage_delta"]
    (kept,) = slices(bench, chat_id)
    assert kept.duration_ms is not None
    assert 0 < told["duration_ms"] == kept.model_ms <= kept.duration_ms


def test_no_more_than_the_newest_slices_of_a_run_are_kept(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(
        {"after": "user", "call": {"tool": "look", "arguments": {}}}, {"say": "Done"}, tools=TOOL, code=CODE
    )
    bench.configure(slice_max_model_calls=1)
    bench.slice(chat_id)
    # As if it were the last that is kept in full.
    bench.parts.database["run_usage"].update_one({"chat_id": chat_id}, {"$rename": {"slices.1": "slices.2"}})
    bench.configure(slice_max_model_calls=5)
    move_state_to(bench, chat_id, MAX_SLICES + 1)
    bench.slice(chat_id)
    assert [each.number for each in slices(bench, chat_id)] == [MAX_SLICES + 2]


def move_state_to(bench: Bench, chat_id: str, slice_no: int) -> None:
    """Let the chat have gone through so many slices of its run."""
    bench.parts.chats.transact(
        Tenant("acme"), chat_id, lambda chat: Change({"state": {**chat.state, "slice_no": slice_no}})
    )


def test_slices_are_told_to_their_own_tenant_only(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "Hi there"})
    bench.run(chat_id)
    kept = MongoSlices(bench.parts.database)
    assert kept.of_chat(Tenant("acme", "ann"), chat_id, None, 100)
    assert not kept.of_chat(Tenant("acme", "bob"), chat_id, None, 100)
    assert not kept.of_chat(Tenant("other", "ann"), chat_id, None, 100)
