"""Nothing of an agent that is not shown reaches a client, whatever the agent does."""

from __future__ import annotations

import itertools
import json
from typing import Any, Final
from urllib.request import urlopen

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mozaiks_local.client import ChatClient, Event

from .conftest import House, turn

SECRET: Final = "xyzzy"
"""Stands in everything that the hidden agent says, calls and is called."""
GHOST: Final = f"Ghost_{SECRET}"
ACTS: Final[dict[str, dict[str, Any]]] = {
    "says something beside a call": {"say": f"I say {SECRET}.", "call": {"tool": f"note_{SECRET}", "arguments": {}}},
    "calls a tool": {"call": {"tool": f"note_{SECRET}", "arguments": {"text": SECRET}}},
    "calls a tool that fails": {"call": {"tool": f"fail_{SECRET}", "arguments": {"text": SECRET}}},
    "calls a tool that is not there": {"call": {"tool": f"none_{SECRET}", "arguments": {"text": SECRET}}},
    "shows a component": {"call": {"tool": f"show_{SECRET}", "arguments": {"text": SECRET}}},
    "calls two tools": {
        "call": [{"tool": f"note_{SECRET}", "arguments": {}}, {"tool": f"show_{SECRET}", "arguments": {}}]
    },
}
ENDS: Final[dict[str, dict[str, Any]]] = {
    "ends with words": {"say": f"The end of {SECRET}."},
    "hands over": {"call": {"tool": "transfer_to_Host", "arguments": {"reason": SECRET}}},
    "asks for leave": {"call": {"tool": f"ask_{SECRET}", "arguments": {"text": SECRET}}},
    "waits for a component": {"call": {"tool": f"form_{SECRET}", "arguments": {"text": SECRET}}},
    "fails for good": {"fault": {"kind": "empty"}},
    "comes to no end": {"call": {"tool": f"note_{SECRET}", "arguments": {"text": SECRET}}},
}
TOOLS: Final = {
    "tools": [
        {"name": f"note_{SECRET}", "file": "tools/code.py", "function": "note", "agent": GHOST},
        {"name": f"fail_{SECRET}", "file": "tools/code.py", "function": "fail", "agent": GHOST},
        {"name": f"show_{SECRET}", "agent": GHOST, "ui": {"mode": "artifact", "awaits_response": False}},
        {"name": f"form_{SECRET}", "agent": GHOST, "ui": {"mode": "modal"}},
        {
            "name": f"ask_{SECRET}",
            "file": "tools/code.py",
            "function": "note",
            "agent": GHOST,
            "requires_approval": True,
        },
    ]
}
CODE: Final = """
async def note(progress, text: str = ""):
    await progress(50, text)
    return {"noted": text}

def fail(text: str):
    raise ValueError(text)
"""
_numbers = itertools.count()


def haunted(house: House, acts: list[str], end: str) -> str:
    """A workflow whose Host hands over to a hidden agent, which does what is asked; its name."""
    name = f"Haunted{next(_numbers)}"
    rules = [{"step": step, **ACTS[act]} for step, act in enumerate(acts)]
    leave = {"tool": f"transfer_to_{GHOST}", "arguments": {"reason": "go"}}
    house.workflow(
        name,
        {
            "Host": [{"offers": leave["tool"], "step": 0, "call": leave}, {"say": "Here I am."}],
            GHOST: [*rules, ENDS[end]],
        },
        tools=yaml.safe_dump(TOOLS),
        code=CODE,
        visual_agents=["Host"],
    )
    rules_of = [{"from_agent": "Host", "to_agent": GHOST, "condition": "Always."}]
    rules_of += [{"from_agent": GHOST, "to_agent": "Host", "condition": "When done."}]
    (house.workflows / name / "handoffs.yaml").write_text(yaml.safe_dump({"handoffs": rules_of}))
    return name


def fetched(house: House, path: str) -> str:
    with urlopen(f"{house.stack.http_url}{path}", timeout=20) as answer:  # noqa: S310 - our own stack
        return str(answer.read().decode())


@pytest.mark.timeout(300)
@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(acts=st.lists(st.sampled_from(sorted(ACTS)), max_size=3), end=st.sampled_from(sorted(ENDS)))
def test_nothing_a_hidden_agent_does_reaches_a_client(house: House, play: Any, acts: list[str], end: str) -> None:
    workflow = haunted(house, acts, end)

    async def scenario() -> tuple[str, list[Event], list[Event]]:
        started = await house.start(workflow)
        async with ChatClient(started.websocket_url) as live:
            seen = await turn(live)
        async with ChatClient(started.websocket_url) as late:
            return started.chat_id, seen, await late.read_until("chat.resume_boundary", within=10)

    chat_id, live, late = play(scenario())
    for event in [*live, *late]:
        assert SECRET not in json.dumps(event.data), event
    for page in (f"acme/{workflow}/{chat_id}/events", f"meta/acme/{workflow}/{chat_id}"):
        assert SECRET not in fetched(house, f"/api/chats/{page}?user_id=ann"), page
    assert SECRET not in fetched(house, f"/api/workflows/{workflow}/tools")
    assert SECRET in json.dumps([event.data for event in house.log(chat_id)]), "it is stored all the same"
    assert {event.data["agent"] for event in live if event.type == "chat.select_speaker"} == {"Host", None}
