"""Journeys over the whole stack: killed workers, lost executions, a member that fails, and what the command shows."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from mozaiks.access.principal import Tenant
from mozaiks.journeys.decisions import OWED_GRACE
from mozaiks_local.client import ChatClient, call_api
from mozaiks_local.demo_model import Fault

from .conftest import House

ROOT = Path(__file__).parents[2]
ENDING: dict[str, Any] = {"termination_conditions": {"text": {"equals": "Thank you."}}}
WHO = ("--app", "acme", "--user", "ann")
INSTANT: dict[str, Any] = {"human_in_the_loop": False, "startup_mode": "BackendOnly"}


@pytest.fixture
def pack(house: House) -> Iterator[dict[str, Any]]:
    """The journeys of a test beside those of the examples."""
    path = house.workflows / "_pack" / "workflow_graph.json"
    before = path.read_text()
    graph = json.loads(before)

    class Journeys(dict[str, Any]):
        def __setitem__(self, name: str, steps: Any) -> None:
            graph["journeys"].append({"id": name, "steps": steps})
            path.write_text(json.dumps(graph))

    yield Journeys()
    path.write_text(before)


async def start(house: House, journey: str) -> dict[str, Any]:
    answer: dict[str, Any] = await call_api(
        house.stack.http_url, "POST", f"/api/journeys/acme/{journey}/start", body={"user_id": "ann"}
    )
    return answer


def run_of(house: House, run_id: str) -> dict[str, Any]:
    path = f"/api/journeys/acme/{run_id}?user_id=ann"
    found: dict[str, Any] = asyncio.run(call_api(house.stack.http_url, "GET", path))
    return found


def ends(house: House, run_id: str, status: str) -> dict[str, Any]:
    found = house.eventually(lambda: run if (run := run_of(house, run_id))["status"] == status else None, 40)
    return dict(found)


def execution(house: House, run_id: str, no: int = 1) -> str | None:
    """The state of a journey's execution."""
    name = f"{run_id}-e{no}"
    return next((each["status"] for each in house.stack.executions() if each["name"] == name), None)


def test_a_member_that_fails_blocks_until_its_chat_is_tried_again(house: House, pack: Any) -> None:
    for name in ("Alpha", "Beta", "Gamma"):
        house.workflow(name, {"Host": [{"say": f"{name} is done."}]}, **INSTANT)
    pack["alphabet"] = ["Alpha", ["Beta"], "Gamma"]
    house.demo.faults.add(Fault("server_error", workflow="Beta", times="forever"))
    started = asyncio.run(start(house, "alphabet"))
    run_id = started["journey_run_id"]
    blocked = ends(house, run_id, "blocked")
    assert [[each["status"] for each in group["members"]] for group in blocked["groups"]] == [
        ["completed"],
        ["failed"],
        ["pending"],
    ]
    assert house.eventually(lambda: execution(house, run_id) == "FAILED")
    house.demo.faults.clear()
    chat_id = blocked["groups"][1]["members"][0]["chat_id"]
    path = f"/api/chats/acme/Beta/{chat_id}/retry"
    asyncio.run(call_api(house.stack.http_url, "POST", path, body={"user_id": "ann"}))
    run = ends(house, run_id, "completed")
    assert run["groups"][0]["members"] == blocked["groups"][0]["members"]
    assert house.eventually(lambda: execution(house, run_id, 2) == "SUCCEEDED")


def test_workers_killed_over_and_over_cost_a_journey_nothing(house: House, pack: Any) -> None:
    for name in ("One", "Two", "Three"):
        house.workflow(name, {"Host": [{"say": f"{name}."}]}, **INSTANT)
    pack["killed"] = ["One", ["Two", "Three"]]
    house.demo.faults.add(Fault("slow", workflow="Two", delay_ms=1000, times=1))
    run_id = asyncio.run(start(house, "killed"))["journey_run_id"]
    for _ in range(3):
        house.stack.kill_workers("OrchestrateFunction")
        asyncio.run(asyncio.sleep(0.3))
    run = ends(house, run_id, "completed")
    for group in run["groups"]:
        for member in group["members"]:
            log = house.log(member["chat_id"])
            assert sum(event.type == "chat.run_complete" for event in log) == 1
            assert sum(event.type == "chat.text" and event.data["agent"] == "Host" for event in log) == 1


def test_a_journey_whose_execution_is_gone_is_opened_anew_and_ends(house: House, pack: Any) -> None:
    house.workflow("Asks", {"Host": [{"say": "Thank you."}]}, startup_mode="UserDriven", **ENDING)
    house.workflow("Closes", {"Host": [{"say": "Closed."}]}, **INSTANT)
    pack["lost"] = ["Asks", "Closes"]
    started = asyncio.run(start(house, "lost"))
    run_id, chat_id = started["journey_run_id"], started["chat_id"]
    sessions, journeys = house.parts.database["chat_sessions"], house.parts.database["journeys"]
    house.eventually(lambda: (sessions.find_one({"_id": chat_id}) or {})["join"]["token"])
    # As after a restart of the local stack: the token belongs to an execution nobody knows.
    sessions.update_one({"_id": chat_id}, {"$set": {"join.token": str(uuid4())}})

    async def say() -> None:
        async with ChatClient(started["websocket_url"]) as chat:
            await chat.send("Here I am")
            await chat.read_until("chat.run_complete", within=30)

    asyncio.run(say())
    owed = house.eventually(lambda: (journeys.find_one({"_id": run_id}) or {}).get("owed_since"))
    journeys.update_one({"_id": run_id}, {"$set": {"owed_since": owed - 2 * OWED_GRACE}})
    repaired = [house.parts.journeys.journeys.get(Tenant("acme"), run_id).execution_no]
    house.stack.tick("ReconcileFunction")
    house.stack.tick("ReconcileFunction")
    ends(house, run_id, "completed")
    repaired.append(house.parts.journeys.journeys.get(Tenant("acme"), run_id).execution_no)
    assert repaired == [1, 2]


def test_the_command_shows_each_step_and_each_chat(house: House, pack: Any) -> None:
    house.workflow("Solo", {"Host": [{"say": "Done."}]}, **INSTANT)
    pack["short"] = ["Solo"]
    run_id = asyncio.run(start(house, "short"))["journey_run_id"]
    ends(house, run_id, "completed")

    def command(*words: str) -> str:
        options = [*WHO, "--url", house.stack.http_url]
        return subprocess.run(
            [sys.executable, "-m", "mozaiks_local.cli", "journeys", *words, *options],
            env={
                **os.environ,
                "PYTHONPATH": f"{ROOT / 'local'}{os.pathsep}{ROOT / 'layers/runtime'}",
                "COLUMNS": "200",
            },
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    shown = command("show", run_id)
    assert "short is completed, 1 of 1 completed" in shown
    assert f"{run_id}-g0m0" in shown
    assert "Solo" in shown
    assert run_id in command("list")
    assert json.loads(command("show", run_id, "--json"))["status"] == "completed"


def test_the_terminal_says_where_a_journey_goes_on(house: House, pack: Any) -> None:
    house.workflow("Opens", {"Host": [{"say": "Thank you."}]}, startup_mode="UserDriven", **ENDING)
    house.workflow("Follows", {"Host": [{"say": "Done."}]}, **INSTANT)
    pack["told"] = ["Opens", "Follows"]
    done = subprocess.run(
        [sys.executable, "-m", "mozaiks_local.cli", "chat", "Opens", *WHO, "--url", house.stack.http_url],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'local'}{os.pathsep}{ROOT / 'layers/runtime'}", "COLUMNS": "200"},
        input="Hello\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "the journey goes on: mozaiks chat Follows --chat " in done.stdout + done.stderr
