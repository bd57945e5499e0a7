"""Models that fail, stall, loop and answer nonsense, and tools that misbehave: a documented error, a truthful state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mozaiks.chats.states import ChatStatus
from mozaiks_local.demo_model import Fault

Bench = Any
OneAgent = Callable[..., str]


@pytest.mark.parametrize(
    ("kind", "code", "fields"),
    [
        ("rate_limit", "MODEL_UNAVAILABLE", {"retry_after": 0}),
        ("server_error", "MODEL_UNAVAILABLE", {}),
        ("stall", "MODEL_UNAVAILABLE", {}),
        ("stall", "MODEL_UNAVAILABLE", {"after_tokens": 3}),
        ("drop", "MODEL_UNAVAILABLE", {"after_tokens": 2}),
        ("empty", "MODEL_INVALID_RESPONSE", {}),
        ("garbage", "MODEL_INVALID_RESPONSE", {}),
    ],
)
def test_a_model_that_fails_once_is_asked_again_later(
    bench: Bench, one_agent: OneAgent, kind: Any, code: str, fields: dict[str, Any]
) -> None:
    chat_id = one_agent({"say": "A good answer after all."})
    bench.demo.faults.add(Fault(kind, **fields))
    outcome = bench.slice(chat_id)
    assert outcome["outcome"] == "backoff"
    assert 1 <= outcome["wait_seconds"] <= 60
    assert bench.errors(chat_id) == [("warning", code)]
    assert bench.chat(chat_id).status is ChatStatus.RUNNING
    assert bench.slice(chat_id)["outcome"] == "waiting"
    assert bench.said(chat_id)[-1] == ("Host", "A good answer after all.")


def test_pauses_grow_and_after_its_attempts_the_chat_fails(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "never"})
    bench.demo.faults.add(Fault("server_error", times="forever"))
    outcomes = [bench.slice(chat_id) for _ in range(4)]
    assert [outcome["outcome"] for outcome in outcomes] == ["backoff", "backoff", "backoff", "failed"]
    assert [outcome["wait_seconds"] for outcome in outcomes[:3]] == [2, 4, 8]
    assert bench.errors(chat_id)[-1] == ("error", "MODEL_UNAVAILABLE")
    assert bench.chat(chat_id).status is ChatStatus.FAILED
    assert bench.said(chat_id) == [(None, "hello")]


def test_a_refused_request_is_not_repeated(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "never"})
    bench.configure(demo_model_url=f"{bench.demo.url}/nowhere")
    assert bench.slice(chat_id)["outcome"] == "failed"
    assert bench.errors(chat_id) == [("error", "MODEL_REJECTED")]


def test_a_model_that_calls_tools_for_ever_is_stopped(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(
        {"say": "never"},
        tools="tools:\n  - {name: spin, file: tools/code.py, function: spin, description: Spins.}\n",
        code="def spin() -> str:\n    return 'round'\n",
    )
    bench.configure(turn_max_model_calls=5)
    bench.demo.faults.add(Fault("tool_loop"))
    assert bench.run(chat_id)["outcome"] == "failed"
    assert bench.errors(chat_id) == [("error", "TOOL_LOOP")]
    assert bench.types(chat_id).count("tool_call") == bench.types(chat_id).count("tool_response") == 5


def test_broken_tool_arguments_poison_neither_this_call_nor_the_history(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(
        {"after": "tool", "say": "I will ask differently."},
        {"say": "Sure."},
        tools="tools:\n  - {name: need, file: tools/code.py, function: need, description: Needs.}\n",
        code="def need(key: str) -> str:\n    return key\n",
    )
    bench.demo.faults.add(Fault("malformed_tool_call"))
    assert bench.run(chat_id)["outcome"] == "waiting"
    result = next(event for event in bench.log(chat_id) if event.type == "chat.tool_response")
    assert result.data["status"] == "error"
    assert "key" in result.data["content"]
    bench.say(chat_id, "go on")
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert all(request.status == 200 for request in bench.demo.requests)


TOOL = "tools:\n  - {name: act, file: tools/code.py, function: act, description: Acts., timeout: 0.2}\n"
CALL = ({"after": "user", "call": {"tool": "act", "arguments": {}}}, {"after": "tool", "say": "Carried on."})


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("def act():\n    raise ValueError('no such order')", "error", "ValueError: no such order"),
        ("def act():\n    return object()", "error", "which is no JSON"),
        ("def act():\n    return float('nan')", "error", "which is no JSON"),
        ("def act():\n    return 'x' * 600_000", "error", "more than"),
        ("def act(context_variables):\n    context_variables['x'] = object()", "error", "no JSON"),
        ("import asyncio\nasync def act():\n    await asyncio.sleep(5)", "timeout", "longer than 0.2 s"),
        ("import time\ndef act():\n    time.sleep(0.5)", "timeout", "longer than 0.2 s"),
    ],
)
def test_a_tool_that_misbehaves_gives_the_model_a_short_error(
    bench: Bench, one_agent: OneAgent, code: str, status: str, words: str
) -> None:
    chat_id = one_agent(*CALL, tools=TOOL, code=code)
    assert bench.run(chat_id)["outcome"] == "waiting"
    (result,) = (event.data for event in bench.log(chat_id) if event.type == "chat.tool_response")
    assert (result["success"], result["status"]) == (False, status)
    assert words in result["content"]
    told = next(message["content"] for message in bench.told("Host") if message["role"] == "tool")
    assert words in told
    assert "Traceback" not in told
    assert len(told) < 400
    assert bench.said(chat_id)[-1] == ("Host", "Carried on.")


def test_a_tool_gets_what_it_asks_for_and_the_model_never_sees_it(bench: Bench, one_agent: OneAgent) -> None:
    code = """
async def act(chat_id, app_id: str, user_id, workflow_name, agent_name, context_variables, turn_idempotency_key,
              progress, depth: int = 1):
    await progress(50, "half way")
    context_variables["seen"] = depth
    return [app_id, user_id, workflow_name, agent_name, turn_idempotency_key.startswith(chat_id)]
"""
    chat_id = one_agent(*CALL, tools=TOOL, code=code)
    assert bench.run(chat_id)["outcome"] == "waiting"
    (result,) = (event.data for event in bench.log(chat_id) if event.type == "chat.tool_response")
    assert result["content"] == ["acme", "ann", "Play", "Host", True]
    (offered,) = bench.demo.requests[0].body["tools"]
    assert list(offered["function"]["parameters"]["properties"]) == ["depth"]
    assert bench.chat(chat_id).state["context"]["seen"] == 1


def test_a_tool_file_that_cannot_be_imported_fails_the_chat_by_name(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "never"}, tools=TOOL, code="import nothing_of_this_name\ndef act(): ...\n")
    assert bench.run(chat_id)["outcome"] == "failed"
    assert bench.errors(chat_id) == [("error", "TOOL_LOAD_FAILED")]


def test_without_any_model_configured_the_chat_fails_and_says_so(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "never"})
    bench.configure(demo_model_url=None, openai_api_key=None)
    assert bench.run(chat_id)["outcome"] == "failed"
    assert bench.errors(chat_id) == [("error", "MODEL_NOT_CONFIGURED")]
