"""Parents whose execution is gone: after a restart of the local stack, which forgets executions, they go on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from .families import Family
from .restarts import Restart, long_ago, reconcile, restarted
from .test_children import spawn, waiter

__all__ = ["restarted"]


def test_a_parent_whose_execution_is_gone_gets_one_other_and_goes_on(restarted: Restart) -> None:
    house = restarted()
    family = Family(house)
    family.child("Sooner", startup_mode="BackendOnly")
    waiter(family, "Later")
    family.parent("Patient", "Sooner", "Later", startup_mode="BackendOnly")
    chat_id = spawn(house, "Patient")
    sooner, later = house.eventually(lambda: family.children(chat_id))
    family.until(later["chat_id"], "waiting")
    house.eventually(lambda: family.of_type(chat_id, "workflow_child_completed"))
    long_ago(house)
    assert reconcile(house)["lost_parents"] == 0, "its execution is there"

    house = restarted()
    family = Family(house)
    long_ago(house)
    with ThreadPoolExecutor(2) as pool:
        repaired = list(pool.map(lambda _: reconcile(house), range(2)))
    assert sorted(each["lost_parents"] for each in repaired) == [0, 1]
    assert [each["name"] for each in house.stack.executions()] == [f"{chat_id}-r2"]
    family.ask(later["chat_id"], "cancel").raise_for_status()
    family.until(chat_id, "completed")
    assert [each["status"] for each in family.results(chat_id)] == ["completed", "cancelled"]
    assert len(family.of_type(chat_id, "workflow_child_completed")) == 2
    assert [each["run_no"] for each in family.of_type(chat_id, "run_start")] == [1, 2], "the run was taken over"
    assert len([each for each in house.demo.requests if each.chat == sooner["chat_id"]]) == 1, "no child runs twice"


def test_children_that_ended_while_nothing_ran_are_joined_afterwards(restarted: Restart) -> None:
    house = restarted()
    family = Family(house)
    waiter(family, "Idle")
    family.parent("Sleeper", "Idle", startup_mode="BackendOnly")
    chat_id = spawn(house, "Sleeper")
    (idle,) = house.eventually(lambda: family.children(chat_id))
    family.until(idle["chat_id"], "waiting")

    house = restarted()
    family = Family(house)
    family.ask(idle["chat_id"], "cancel").raise_for_status()
    assert family.status(chat_id) == "waiting", "the task that was answered is gone"
    long_ago(house)
    assert reconcile(house)["lost_parents"] == 1
    family.until(chat_id, "completed")


def test_a_deadline_is_kept_though_the_execution_is_gone(restarted: Restart) -> None:
    house = restarted()
    family = Family(house)
    waiter(family, "Dawdler")
    family.parent("Clock", "Dawdler", nested={"timeout_seconds": 3600}, startup_mode="BackendOnly")
    chat_id = spawn(house, "Clock")
    (dawdler,) = house.eventually(lambda: family.children(chat_id))
    family.until(dawdler["chat_id"], "waiting")

    house = restarted()
    family = Family(house)
    past = datetime.now(UTC) - timedelta(minutes=1)
    house.parts.database["chat_sessions"].update_one({"_id": chat_id}, {"$set": {"batch.deadline": past}})
    long_ago(house)
    repaired = reconcile(house)
    assert repaired["late_children"] == 1
    long_ago(house)
    reconcile(house)
    family.until(chat_id, "completed")
    assert [each["status"] for each in family.results(chat_id)] == ["timed_out"]
    assert family.status(dawdler["chat_id"]) == "cancelled"
