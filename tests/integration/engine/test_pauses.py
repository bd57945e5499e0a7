"""Tools that wait for people: nothing is held meanwhile, answers come in any order, siblings ran once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from mozaiks.chats.states import ChatStatus
from mozaiks_local.demo_model import Fault

Bench = Any
OneAgent = Callable[..., str]

FORM = (
    "tools:\n"
    "  - name: pick_date\n"
    "    tool_type: UI_Tool\n"
    "    agent: Host\n"
    "    description: Lets the user pick a date.\n"
    "    parameters: {type: object, properties: {title: {type: string}}, required: [title]}\n"
    "    ui: {component: DatePicker, mode: inline}\n"
    "  - {name: look_up, file: tools/code.py, function: look_up, agent: Host, description: Looks up.}\n"
)
CODE = """
calls = []

def look_up(key: str, chat_id: str) -> dict:
    calls.append(chat_id)
    return {"times": calls.count(chat_id)}
"""
BOTH = {
    "after": "user",
    "call": [
        {"tool": "look_up", "arguments": {"key": "slots"}},
        {"tool": "pick_date", "arguments": {"title": "When?"}},
    ],
}
BOOKED = {"after": "tool", "say": "Booked for {tool.date}."}


def open_requests(bench: Bench, chat_id: str) -> list[Any]:
    return list(bench.chat(chat_id).pending)


def test_a_component_s_answer_becomes_the_tool_s_result_beside_siblings_that_ran_once(
    bench: Bench, one_agent: OneAgent
) -> None:
    chat_id = one_agent(BOTH, BOOKED, tools=FORM, code=CODE)
    assert bench.run(chat_id)["outcome"] == "waiting"
    chat = bench.chat(chat_id)
    assert (chat.status, chat.waiting_for, chat.lease) == (ChatStatus.WAITING, "ui_tool", None)
    (request,) = open_requests(bench, chat_id)
    asked = next(e for e in bench.log(chat_id) if e.type == "chat.tool_call" and e.data["awaiting_response"])
    assert asked.event_id == request["request_id"]
    assert (asked.data["component_type"], asked.data["payload"]) == ("DatePicker", {"title": "When?"})

    bench.parts.service.answer(bench.ann, chat_id, request["request_id"], {"date": "2026-12-24"})
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert bench.said(chat_id)[-1] == ("Host", "Booked for 2026-12-24.")
    results = [message["content"] for message in bench.told("Host") if message["role"] == "tool"]
    assert results == ['{"times": 1}', '{"date": "2026-12-24"}']
    assert all(each.status == 200 for each in bench.demo.requests)


def test_an_answer_given_twice_counts_once(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(BOTH, BOOKED, tools=FORM, code=CODE)
    bench.run(chat_id)
    (request,) = open_requests(bench, chat_id)
    first = bench.parts.service.answer(bench.ann, chat_id, request["request_id"], {"date": "one"})
    again = bench.parts.service.answer(bench.ann, chat_id, request["request_id"], {"date": "two"})
    assert first == again
    bench.run(chat_id)
    assert bench.said(chat_id)[-1] == ("Host", "Booked for one.")


def test_a_plain_message_does_not_restart_a_run_that_waits_for_a_component(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(BOTH, BOOKED, tools=FORM, code=CODE)
    bench.run(chat_id)
    bench.say(chat_id, "hurry up")
    assert bench.chat(chat_id).status is ChatStatus.WAITING
    (request,) = open_requests(bench, chat_id)
    bench.parts.service.answer(bench.ann, chat_id, request["request_id"], {"date": "now"})
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert (None, "hurry up") in bench.said(chat_id)
    assert bench.types(chat_id).count("select_speaker") == 2


def test_several_requests_are_answered_in_any_order(bench: Bench, one_agent: OneAgent) -> None:
    two = [{"tool": "pick_date", "arguments": {"title": title}} for title in ("From", "To")]
    chat_id = one_agent({"after": "user", "call": two}, {"after": "tool", "say": "Thanks."}, tools=FORM, code=CODE)
    bench.run(chat_id)
    first, second = open_requests(bench, chat_id)
    bench.parts.service.answer(bench.ann, chat_id, second["request_id"], {"date": "b"})
    assert bench.chat(chat_id).status is ChatStatus.WAITING
    bench.parts.service.answer(bench.ann, chat_id, first["request_id"], {"date": "a"})
    assert bench.run(chat_id)["outcome"] == "waiting"
    results = [message["content"] for message in bench.told("Host") if message["role"] == "tool"]
    assert results == ['{"date": "a"}', '{"date": "b"}']


def test_a_component_s_function_makes_the_payload_and_reads_the_answer(bench: Bench, one_agent: OneAgent) -> None:
    tools = (
        "tools:\n  - {name: plan, tool_type: UI_Tool, agent: Host, file: tools/code.py, function: plan,"
        " description: Plans., ui: {component: Plan, mode: artifact}}\n"
    )
    code = (
        "def plan(topic: str, ui_response=None):\n"
        "    if ui_response is None:\n"
        "        return {'steps': [topic, 'rest']}\n"
        "    return f\"accepted {len(ui_response['steps'])}\"\n"
    )
    chat_id = one_agent(
        {"after": "user", "call": {"tool": "plan", "arguments": {"topic": "run"}}},
        {"after": "tool", "say": "Done."},
        tools=tools,
        code=code,
    )
    bench.run(chat_id)
    (request,) = open_requests(bench, chat_id)
    assert (request["payload"], request["mode"]) == ({"steps": ["run", "rest"]}, "artifact")
    artifact = bench.chat(chat_id).last_artifact
    assert artifact is not None
    assert artifact["tool_name"] == "plan"
    bench.parts.service.answer(bench.ann, chat_id, request["request_id"], {"steps": ["a", "b", "c"]})
    bench.run(chat_id)
    assert next(m["content"] for m in bench.told("Host") if m["role"] == "tool") == "accepted 3"


def test_a_component_that_is_only_shown_does_not_hold_up_the_run(bench: Bench, one_agent: OneAgent) -> None:
    tools = (
        "tools:\n  - {name: show, tool_type: UI_Tool, agent: Host, description: Shows.,"
        " ui: {component: Card, awaits_response: false}}\n"
    )
    chat_id = one_agent(
        {"after": "user", "call": {"tool": "show", "arguments": {"text": "hi"}}},
        {"after": "tool", "say": "There you see."},
        tools=tools,
    )
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert bench.chat(chat_id).waiting_for == "input"
    shown = next(e.data for e in bench.log(chat_id) if e.type == "chat.tool_call")
    assert (shown["component_type"], shown["awaiting_response"], shown["payload"]) == ("Card", False, {"text": "hi"})


WIRE = (
    "tools:\n  - {name: wire, file: tools/code.py, function: wire, agent: Host, description: Wires money.,"
    " requires_approval: true}\n"
)
WIRE_CODE = """
sent = []

def wire(amount: int, chat_id: str) -> str:
    sent.append(chat_id)
    return f"sent {amount}, {sent.count(chat_id)} times"
"""
PAY = (
    {"after": "user", "call": {"tool": "wire", "arguments": {"amount": 5}}},
    {"after": "tool", "say": "Result: {tool}"},
)


@pytest.mark.parametrize(
    ("approved", "told"),
    [(True, "sent 5, 1 times"), (False, "Error: the user did not approve this call: too much")],
)
def test_a_tool_that_needs_leave_runs_only_with_it(
    bench: Bench, one_agent: OneAgent, approved: bool, told: str
) -> None:
    chat_id = one_agent(*PAY, tools=WIRE, code=WIRE_CODE)
    bench.run(chat_id)
    (request,) = open_requests(bench, chat_id)
    assert (request["kind"], request["payload"]) == ("approval", {"amount": 5})
    bench.parts.service.approve(bench.ann, chat_id, request["request_id"], approved=approved, reason="too much")
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert next(message["content"] for message in bench.told("Host") if message["role"] == "tool") == told


def test_a_tool_asks_the_user_and_does_not_run_again(bench: Bench, one_agent: OneAgent) -> None:
    code = (
        "from mozaiks.authoring import ask_user\n\nran = []\n\n"
        "def choose(chat_id):\n"
        "    ran.append(chat_id)\n"
        "    return ask_user(f'Which? ({ran.count(chat_id)})', schema={'type': 'string', 'enum': ['red', 'blue']})\n"
    )
    chat_id = one_agent(
        {"after": "user", "call": {"tool": "choose", "arguments": {}}},
        {"after": "tool", "say": "Chosen."},
        tools="tools:\n  - {name: choose, file: tools/code.py, function: choose, description: Chooses.}\n",
        code=code,
    )
    bench.run(chat_id)
    (request,) = open_requests(bench, chat_id)
    assert (request["kind"], request["prompt"]) == ("input", "Which? (1)")
    bench.parts.service.answer(bench.ann, chat_id, request["request_id"], "blue")
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert next(message["content"] for message in bench.told("Host") if message["role"] == "tool") == "blue"


def test_an_interruption_stops_the_turn_and_the_user_is_heard(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "I am going on and on about: {user}"})
    bench.demo.faults.add(Fault("slow", delay_ms=400))

    async def interrupt() -> Any:
        task = asyncio.create_task(bench.slice_async(chat_id))
        while not any(request.tokens for request in bench.demo.requests):
            await asyncio.sleep(0.005)
        await asyncio.to_thread(bench.say, chat_id, "stop", on_busy="interrupt")
        return await task

    assert bench.loop.run(interrupt())["outcome"] == "continue"
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert bench.said(chat_id) == [(None, "hello"), (None, "stop"), ("Host", "I am going on and on about: stop")]
    assert bench.demo.requests[0].disconnected


def test_a_failed_chat_is_retried_from_its_last_safe_point(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({**BOTH, "call": BOTH["call"][:1]}, {"after": "tool", "say": "Fine."}, tools=FORM, code=CODE)
    bench.configure(model_attempts=1)
    bench.demo.faults.add(Fault("server_error", skip=1))
    assert bench.run(chat_id)["outcome"] == "failed"
    bench.parts.service.retry(bench.ann, chat_id)
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert bench.said(chat_id)[-1] == ("Host", "Fine.")
    results = [message["content"] for message in bench.told("Host") if message["role"] == "tool"]
    assert results == ['{"times": 1}']


def test_an_agent_s_call_carries_no_more_of_its_history_than_is_declared(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "Heard."})
    bench.configure(history_max_entries=10)
    bench.run(chat_id)
    for number in range(12):
        bench.say(chat_id, f"message {number}")
        bench.run(chat_id)
    told = bench.told("Host")
    assert len(told) <= 11
    assert told[1]["role"] == "user"
    assert told[-1]["content"] == "message 11"
    assert len(bench.said(chat_id)) == 26
