"""A journey outlives the whole local stack: restarted, that knows no execution and has no worker, and it goes on."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from mozaiks_local.demo_model import Fault

from .conftest import House
from .families import Family
from .restarts import Restart, long_ago, reconcile, restarted

__all__ = ["restarted"]

STEPS = ["Opens", ["Asks", "Works"], "Closes"]


def begin(house: House) -> str:
    """Start a run of a journey of which one member waits for its user; the others are done at once."""
    for name in ("Opens", "Works", "Closes"):
        house.workflow(
            name, {"Host": [{"say": f"{name} is done."}]}, human_in_the_loop=False, startup_mode="BackendOnly"
        )
    ending = {"termination_conditions": {"text": {"equals": "Thank you."}}}
    house.workflow("Asks", {"Host": [{"say": "Thank you."}]}, startup_mode="UserDriven", **ending)
    (house.workflows / "_pack").mkdir()
    pack = {"journeys": [{"id": "tour", "steps": STEPS}]}
    (house.workflows / "_pack" / "workflow_graph.json").write_text(json.dumps(pack))
    answer = httpx2.post(f"{house.stack.http_url}/api/journeys/acme/tour/start", json={"user_id": "ann"}, timeout=30)
    return str(answer.raise_for_status().json()["journey_run_id"])


def members(house: House, run_id: str) -> dict[str, dict[str, Any]]:
    """The members of the run by workflow, over HTTP."""
    answer = httpx2.get(f"{house.stack.http_url}/api/journeys/acme/{run_id}", params={"user_id": "ann"}, timeout=30)
    groups = answer.raise_for_status().json()["groups"]
    return {member["workflow_name"]: member for group in groups for member in group["members"]}


def until(house: House, run_id: str, **statuses: str) -> dict[str, dict[str, Any]]:
    def reached() -> Any:
        found = members(house, run_id)
        return found if statuses.items() <= {name: each["status"] for name, each in found.items()}.items() else None

    return dict(house.eventually(reached, 60))


def until_waited_for(house: House, chat_id: str) -> None:
    """Wait until an execution waits for the chat's end, with a token that a restart makes worthless."""
    sessions = house.parts.database["chat_sessions"]
    house.eventually(lambda: (sessions.find_one({"_id": chat_id}) or {})["join"]["token"])


def until_owed(house: House, run_id: str) -> None:
    """Wait until a step of the execution is due."""
    house.eventually(lambda: "owed_since" in (house.parts.database["journeys"].find_one({"_id": run_id}) or {}))


def minutes_pass(house: House) -> None:
    """What was due is overdue, and leases are over."""
    long_ago(house)
    moment = datetime.now(UTC) - timedelta(minutes=2)
    database = house.parts.database
    database["journeys"].update_many({"owed_since": {"$exists": True}}, {"$set": {"owed_since": moment}})
    database["chat_sessions"].update_many({"lease": {"$ne": None}}, {"$set": {"lease.until": moment}})


def executions(house: House, run_id: str) -> list[str]:
    return [each["name"] for each in house.stack.executions() if each["name"].startswith(f"{run_id}-e")]


def assert_each_chat_ran_once(house: House, found: dict[str, dict[str, Any]]) -> None:
    assert house.parts.database["chat_sessions"].count_documents({}) == len(found) == 4
    for member in found.values():
        types = [event.type for event in house.log(member["chat_id"])]
        assert types.count("chat.run_complete") == 1
        assert [agent for agent, _ in house.said(member["chat_id"])].count("Host") == 1


def test_a_journey_whose_member_waited_through_a_restart_goes_on_when_its_user_answers(restarted: Restart) -> None:
    house = restarted()
    run_id = begin(house)
    chat_id = until(house, run_id, Opens="completed", Works="completed", Asks="open")["Asks"]["chat_id"]
    Family(house).until(chat_id, "waiting")
    until_waited_for(house, chat_id)

    house = restarted()
    minutes_pass(house)
    assert reconcile(house)["lost_journeys"] == 0, "nothing is due while the user is waited for"
    assert executions(house, run_id) == []
    Family(house).ask(chat_id, "messages", text="Here I am").raise_for_status()
    until(house, run_id, Asks="completed", Closes="pending")
    until_owed(house, run_id)
    minutes_pass(house)
    with ThreadPoolExecutor(2) as pool:
        repaired = list(pool.map(lambda _: reconcile(house), range(2)))
    assert sorted(each["lost_journeys"] for each in repaired) == [0, 1]
    assert_each_chat_ran_once(house, until(house, run_id, Closes="completed"))
    assert executions(house, run_id) == [f"{run_id}-e2"]


@pytest.mark.parametrize("workflow", ["Opens", "Closes"])
def test_a_journey_goes_on_whose_member_was_cut_off_in_its_run(restarted: Restart, workflow: str) -> None:
    house = restarted()
    house.demo.faults.add(Fault("slow", workflow=workflow, delay_ms=5000, times=1))
    run_id = begin(house)
    if workflow == "Closes":
        chat_id = until(house, run_id, Works="completed", Asks="open")["Asks"]["chat_id"]
        Family(house).ask(chat_id, "messages", text="Here I am").raise_for_status()
    house.eventually(lambda: [each for each in house.demo.requests if each.workflow == workflow])
    chat_id = members(house, run_id)[workflow]["chat_id"]
    until_waited_for(house, chat_id)

    house = restarted()
    assert Family(house).status(chat_id) == "running", "nobody runs it"
    minutes_pass(house)
    assert reconcile(house)["stalled_runs"] == 1
    Family(house).until(chat_id, "completed")
    until_owed(house, run_id)
    minutes_pass(house)
    assert reconcile(house)["lost_journeys"] == 1
    if workflow == "Opens":
        chat_id = until(house, run_id, Works="completed", Asks="open")["Asks"]["chat_id"]
        Family(house).ask(chat_id, "messages", text="Here I am").raise_for_status()
    assert_each_chat_ran_once(house, until(house, run_id, Closes="completed"))
    assert executions(house, run_id) == [f"{run_id}-e2"]
