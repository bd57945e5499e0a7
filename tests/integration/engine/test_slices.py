"""Turns, tools, handoffs and budgets of one chat, slice by slice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from mozaiks.access.principal import Tenant
from mozaiks.chats.states import ChatStatus
from mozaiks.errors import MozaiksError

Bench = Any
OneAgent = Callable[..., str]

COUNTING = """
calls = []

def look_up(key: str, chat_id: str) -> dict:
    '''Look something up.'''
    calls.append(chat_id)
    return {"key": key, "times": calls.count(chat_id)}
"""
LOOK_UP = "tools:\n  - {name: look_up, file: tools/code.py, function: look_up, agent: Host, description: Looks up.}\n"
CALL = {"after": "user", "call": {"tool": "look_up", "arguments": {"key": "a"}}}
ANSWER = {"tool": "look_up", "say": "Found {tool.key}, asked {tool.times} times."}


def test_an_agent_answers_and_the_chat_waits_for_the_user(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "Hi there"})
    assert bench.slice(chat_id)["outcome"] == "waiting"
    assert bench.said(chat_id) == [(None, "hello"), ("Host", "Hi there")]
    assert bench.types(chat_id) == [
        "text", "run_start", "select_speaker", "text", "usage_delta", "input_request", "usage_summary", "run_complete",
    ]  # fmt: skip
    chat = bench.chat(chat_id)
    assert (chat.status, chat.waiting_for, chat.lease) == (ChatStatus.WAITING, "input", None)
    assert chat.pending[0]["prompt"] == "Hi there"
    assert chat.usage["total_tokens"] > 0


def test_the_next_run_remembers_the_last(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "Hi"})
    bench.run(chat_id)
    bench.say(chat_id, "again")
    bench.run(chat_id)
    assert [(message["role"], message["content"]) for message in bench.told("Host")] == [
        ("system", "You are Host."),
        ("user", "hello"),
        ("assistant", "Hi"),
        ("user", "again"),
    ]
    assert [event.data["run_no"] for event in bench.log(chat_id) if event.type == "chat.run_start"] == [1, 2]


def test_a_tool_runs_and_its_result_goes_to_the_model(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(CALL, ANSWER, tools=LOOK_UP, code=COUNTING)
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert bench.said(chat_id)[-1] == ("Host", "Found a, asked 1 times.")
    call, response = (event for event in bench.log(chat_id) if "tool" in event.type)
    assert (call.data["tool_name"], call.data["arguments"]) == ("look_up", {"key": "a"})
    assert (response.data["success"], response.data["content"]) == (True, {"key": "a", "times": 1})
    assert call.data["corr"] == response.data["corr"]


def test_a_slice_that_may_call_the_model_once_leaves_the_turn_to_the_next(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(CALL, ANSWER, tools=LOOK_UP, code=COUNTING)
    bench.configure(slice_max_model_calls=1)
    assert bench.slice(chat_id)["outcome"] == "continue"
    assert bench.chat(chat_id).lease is None
    assert bench.slice(chat_id)["outcome"] == "waiting"
    assert bench.said(chat_id)[-1] == ("Host", "Found a, asked 1 times.")
    assert bench.types(chat_id).count("select_speaker") == 1


def test_a_tool_whose_result_was_stored_is_not_run_again(bench: Bench, one_agent: OneAgent) -> None:
    """The worker dies after the tool's result was stored and before its turn went on."""
    chat_id = one_agent(CALL, ANSWER, tools=LOOK_UP, code=COUNTING)
    transact = bench.slices.store.transact
    writes = 0

    async def dies_at_the_third_write(*arguments: Any) -> Any:
        nonlocal writes
        writes += 1
        if writes == 3:
            raise MozaiksError("LEASE_LOST", "the worker is no more")
        return await transact(*arguments)

    bench.slices.store.transact = dies_at_the_third_write
    with pytest.raises(MozaiksError):
        bench.slice(chat_id)
    bench.slices.store.transact = transact
    bench.parts.database["chat_sessions"].update_one({"_id": chat_id}, {"$set": {"lease": None}})

    assert bench.run(chat_id)["outcome"] == "waiting"
    assert bench.said(chat_id)[-1] == ("Host", "Found a, asked 1 times.")
    assert bench.types(chat_id).count("tool_call") == bench.types(chat_id).count("tool_response") == 1


def test_the_model_hands_over_and_the_next_agent_reads_what_was_said(bench: Bench) -> None:
    bench.workflow(
        {
            "Host": [{"say": "One moment.", "call": {"tool": "transfer_to_Expert", "arguments": {"reason": "hard"}}}],
            "Expert": [{"say": "I know."}],
        },
        handoffs="handoffs:\n  - {from_agent: Host, to_agent: Expert, condition: the question is hard}\n",
    )
    chat_id = bench.start("why?")
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert bench.said(chat_id) == [(None, "why?"), ("Host", "One moment."), ("Expert", "I know.")]
    assert bench.told("Expert")[-1]["content"] == "[user]: why?\n\n[Host]: One moment."
    assert "tool_call" not in bench.types(chat_id)
    bench.say(chat_id, "thanks")
    bench.run(chat_id)
    assert bench.said(chat_id)[-1] == ("Expert", "I know.")


def test_an_agent_that_handed_over_can_speak_again_with_an_unbroken_history(bench: Bench) -> None:
    bench.workflow(
        {
            "Host": [
                {"step": 0, "call": {"tool": "transfer_to_Expert", "arguments": {"reason": "x"}}},
                {"say": "Back at the desk."},
            ],
            "Expert": [{"say": "Done."}],
        },
        handoffs=(
            "handoffs:\n"
            "  - {from_agent: Host, to_agent: Expert, condition: the question is hard}\n"
            "  - {from_agent: Expert, to_agent: Host}\n"
        ),
    )
    chat_id = bench.start()
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert bench.said(chat_id)[1:] == [("Expert", "Done."), ("Host", "Back at the desk.")]
    assert all(request.status == 200 for request in bench.demo.requests)


def test_a_transfer_beside_a_tool_leaves_a_history_the_provider_takes(bench: Bench) -> None:
    bench.workflow(
        {
            "Host": [
                {
                    "step": 0,
                    "call": [
                        {"tool": "look_up", "arguments": {"key": "a"}},
                        {"tool": "no_such_tool", "arguments": {}},
                        {"tool": "transfer_to_Expert", "arguments": {"reason": "x"}},
                    ],
                },
                {"say": "Again."},
            ],
            "Expert": [{"say": "Done."}],
        },
        tools=LOOK_UP,
        code=COUNTING,
        handoffs=(
            "handoffs:\n"
            "  - {from_agent: Host, to_agent: Expert, condition: hard}\n"
            "  - {from_agent: Expert, to_agent: Host}\n"
        ),
    )
    chat_id = bench.start()
    assert bench.run(chat_id)["outcome"] == "waiting"
    results = [message["content"] for message in bench.told("Host") if message["role"] == "tool"]
    assert results[0] == '{"key": "a", "times": 1}'
    assert results[1].startswith("Error: there is no tool 'no_such_tool'")
    assert results[2] == "Handed over to Expert."
    assert all(request.status == 200 for request in bench.demo.requests)


def test_terminate_completes_the_chat(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(
        {"say": "Bye.", "call": {"tool": "terminate", "arguments": {"reason": "over"}}},
        handoffs="handoffs:\n  - {from_agent: Host, to_agent: terminate, condition: the user says goodbye}\n",
    )
    assert bench.run(chat_id)["outcome"] == "completed"
    assert bench.chat(chat_id).status is ChatStatus.COMPLETED
    assert bench.log(chat_id)[-1].data["status"] == "completed"


def test_without_the_user_in_the_loop_a_run_ends_after_its_last_agent(bench: Bench) -> None:
    bench.workflow({"Host": [{"say": "Done."}]}, human_in_the_loop=False, startup_mode="AgentDriven")
    chat_id = bench.start()
    bench.parts.service.begin(_ANN, chat_id)
    assert bench.run(chat_id)["outcome"] == "completed"


def test_a_slice_with_a_budget_of_one_turn_continues_after_each(bench: Bench) -> None:
    names = ["A", "B", "C"]
    bench.workflow({name: [{"say": f"I am {name}"}] for name in names}, pattern="RoundRobin")
    bench.configure(slice_max_turns=1)
    chat_id = bench.start()
    outcomes = [bench.slice(chat_id)["outcome"] for _ in names]
    assert outcomes == ["continue", "continue", "waiting"]
    assert bench.said(chat_id)[1:] == [(name, f"I am {name}") for name in names]


def test_a_run_of_many_slices_goes_on_in_another_execution_and_is_the_same_run_to_the_chat(bench: Bench) -> None:
    names = ["A", "B", "C", "D", "E"]
    bench.workflow({name: [{"say": f"I am {name}"}] for name in names}, pattern="RoundRobin")
    bench.configure(slice_max_turns=1, run_max_slices=2)
    chat_id = bench.start()
    outcomes = [bench.slice(chat_id)["outcome"] for _ in names]
    assert outcomes == ["continue", "waiting", "continue", "waiting", "waiting"]
    assert bench.chat(chat_id).run_no == 3
    assert bench.chat(chat_id).status is ChatStatus.WAITING
    assert bench.executions.started[-2:] == [2, 3]
    assert bench.types(chat_id).count("run_start") == bench.types(chat_id).count("run_complete") == 1
    assert bench.log(chat_id)[-1].data["turns"] == 5


def test_a_run_that_has_had_its_turns_says_so_and_turns_to_the_user(bench: Bench) -> None:
    bench.workflow(
        {"A": [{"say": "ping"}], "B": [{"say": "pong"}]},
        handoffs="handoffs:\n  - {from_agent: A, to_agent: B}\n  - {from_agent: B, to_agent: A}\n",
        max_turns=4,
    )
    chat_id = bench.start()
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert len(bench.said(chat_id)) == 5
    assert bench.errors(chat_id) == [("warning", "MAX_TURNS")]


def test_a_message_sent_during_the_last_turn_is_heard_before_the_chat_waits(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "Noted: {user}"})

    async def interrupt() -> str:
        task = asyncio.create_task(bench.slice_async(chat_id))
        while not any(request.tokens for request in bench.demo.requests):
            await asyncio.sleep(0.005)
        await asyncio.to_thread(bench.say, chat_id, "one more thing")
        return (await task)["outcome"]

    bench.demo.faults.add(_fault("slow", delay_ms=60))
    assert bench.loop.run(interrupt()) == "waiting"
    assert bench.said(chat_id)[-1] == ("Host", "Noted: one more thing")
    assert bench.types(chat_id).count("run_complete") == 1


def test_a_second_trigger_of_a_run_that_is_going_is_told_to_wait(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "Hi"})

    async def twice() -> tuple[Any, Any]:
        first = asyncio.create_task(bench.slice_async(chat_id))
        while bench.chat(chat_id).lease is None:
            await asyncio.sleep(0.002)
        second = await bench.slice_async(chat_id)
        return await first, second

    bench.demo.faults.add(_fault("slow", delay_ms=100))
    first, second = bench.loop.run(twice())
    assert first["outcome"] == "waiting"
    assert second["outcome"] == "backoff"
    assert second["wait_seconds"] >= 1
    assert len(bench.said(chat_id)) == 2


def test_a_late_trigger_of_a_run_that_is_over_changes_nothing(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "Hi"})
    bench.run(chat_id)
    before = bench.chat(chat_id)
    assert bench.slice(chat_id)["outcome"] == "waiting"
    assert bench.chat(chat_id) == before


def test_a_worker_that_lost_its_lease_writes_nothing_more(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "Hi"})

    async def robbed() -> None:
        task = asyncio.create_task(bench.slice_async(chat_id))
        while not any(request.tokens for request in bench.demo.requests):
            await asyncio.sleep(0.005)
        await asyncio.to_thread(
            bench.parts.database["chat_sessions"].update_one, {"_id": chat_id}, {"$set": {"lease.token": "another"}}
        )
        await task

    bench.demo.faults.add(_fault("slow", delay_ms=100))
    with pytest.raises(MozaiksError) as caught:
        bench.loop.run(robbed())
    assert caught.value.code == "LEASE_LOST"
    assert bench.said(chat_id) == [(None, "hello")]


def test_a_slice_stops_in_time_in_the_middle_of_a_stream_and_the_next_one_says_it_all(
    bench: Bench, one_agent: OneAgent
) -> None:
    chat_id = one_agent({"say": "A rather long answer that takes its time to arrive."})
    bench.demo.faults.add(_fault("slow", delay_ms=150))
    assert bench.slice(chat_id, seconds=0.8)["outcome"] == "continue"
    assert bench.said(chat_id) == [(None, "hello")]
    assert bench.slice(chat_id)["outcome"] == "waiting"
    assert bench.said(chat_id)[-1] == ("Host", "A rather long answer that takes its time to arrive.")
    assert next(iter(bench.demo.requests)).disconnected


def test_cancelling_stops_a_stream_closes_the_model_and_ends_the_chat(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "This is never said to its end, because somebody has had enough of it."})

    async def cancel() -> Any:
        task = asyncio.create_task(bench.slice_async(chat_id))
        while not any(request.tokens for request in bench.demo.requests):
            await asyncio.sleep(0.005)
        await asyncio.to_thread(bench.parts.service.cancel, _ANN, chat_id)
        return await task

    bench.demo.faults.add(_fault("slow", delay_ms=500))
    assert bench.loop.run(cancel())["outcome"] == "cancelled"
    assert bench.chat(chat_id).status is ChatStatus.CANCELLED
    assert bench.log(chat_id)[-1].data["status"] == "cancelled"
    assert bench.said(chat_id) == [(None, "hello")]


def test_a_chat_whose_workflow_changed_says_which_version_is_gone(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "Hi"})
    bench.run(chat_id)
    bench.workflow({"Host": [{"say": "Hi"}]}, description="something else")
    bench.configure()
    bench.say(chat_id, "still there?")
    assert bench.run(chat_id)["outcome"] == "failed"
    assert bench.errors(chat_id) == [("error", "WORKFLOW_VERSION_GONE")]
    assert bench.chat(chat_id).status is ChatStatus.FAILED


def test_stored_text_that_looks_like_a_class_stays_text(bench: Bench, one_agent: OneAgent) -> None:
    bomb = json.dumps({"__dataclass__": "subprocess.Popen", "data": {"args": ["touch", "/tmp/owned"]}})  # noqa: S108
    chat_id = one_agent({"say": "I see."}, text=bomb)
    bench.run(chat_id)
    bench.say(chat_id, bomb)
    bench.run(chat_id)
    assert bench.told("Host")[-1]["content"] == bomb
    history = bench.loop.run(bench.slices.store.history(Tenant("acme"), chat_id, "Host", 100))
    assert {entry["kind"] for entry in history} == {"request", "response"}


def _fault(kind: str, **fields: Any) -> Any:
    from mozaiks_local.demo_model import Fault

    return Fault(kind, **fields)  # type: ignore[arg-type]


def _principal() -> Any:
    from mozaiks.access.principal import Principal

    return Principal("acme", "ann")


_ANN = _principal()
