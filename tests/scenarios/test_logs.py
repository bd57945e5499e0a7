"""What the functions log while people chat: a line for each slice with its ids, and nothing anybody said."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from mozaiks_local.client import ChatClient

from .conftest import House, turn

Play = Callable[[Awaitable[Any]], Any]

SAID, ANSWERED, ARGUMENT = "canary-of-ann", "canary-of-host", "canary-of-call"
CODE = """
def look(word: str) -> dict:
    raise ValueError(word)
"""
TOOLS = "tools:\n- {name: look, file: tools/code.py, function: look, agent: Host}\n"
HOST = [
    {"after": "user", "user_matches": "canary", "call": {"tool": "look", "arguments": {"word": ARGUMENT}}},
    {"say": f"{ANSWERED} is well"},
]


def records(folder: Path) -> list[dict[str, Any]]:
    lines = [line for path in folder.rglob("*.log") for line in path.read_text(errors="replace").splitlines()]
    return [json.loads(line) for line in lines if line.startswith("{") and '"message"' in line]


def test_a_slice_is_logged_with_its_ids_and_nothing_of_what_was_said(house: House, play: Play) -> None:
    house.workflow("Logged", {"Host": HOST}, tools=TOOLS, code=CODE)

    async def chat() -> str:
        started = await house.start("Logged")
        async with ChatClient(started.websocket_url) as client:
            await turn(client)
            await turn(client, f"Look after my {SAID}")
        return started.chat_id

    chat_id = play(chat())
    logs = house.stack.config.data_dir / "logs"

    def slices() -> list[dict[str, Any]]:
        found = records(logs)
        return [each for each in found if each["message"] == "Slice done" and each.get("chat_id") == chat_id]

    house.eventually(lambda: len(slices()) >= 2)
    last = slices()[-1]
    assert (last["app_id"], last["workflow_name"], last["run_no"], last["outcome"]) == ("acme", "Logged", 2, "waiting")
    assert last["slice"].startswith(f"{chat_id}-r2-s")
    assert last["function_request_id"]
    assert last["model_calls"] == 2
    assert last["cost_usd"] > 0
    said = (SAID, ANSWERED, ARGUMENT)
    lines = [line for path in logs.rglob("*.log") for line in path.read_text(errors="replace").splitlines()]
    assert [line for line in lines if any(word in line for word in said)] == []
