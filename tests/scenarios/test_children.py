"""Chats that spawn children, over the whole local stack."""

from __future__ import annotations

import asyncio
from typing import Any

from mozaiks.access.principal import Principal

from .conftest import House
from .families import Family, family

__all__ = ["family"]


def begin(house: House, workflow: str, **options: Any) -> str:
    """A chat of the workflow whose run was started by a first message; its id."""
    return asyncio.run(house.start(workflow, **options)).chat_id


def spawn(house: House, workflow: str) -> str:
    """A chat of a BackendOnly workflow: it runs at once."""
    return begin(house, workflow)


def test_a_parent_waits_for_its_children_and_goes_on_with_their_results(house: House, family: Family) -> None:
    family.child("DrawKite", {"say": "A red kite."}, startup_mode="BackendOnly")
    family.child("NameKite", {"say": "Call it Rosso."}, startup_mode="BackendOnly")
    family.parent("MakeKite", "DrawKite", "NameKite", startup_mode="BackendOnly")
    chat_id = spawn(house, "MakeKite")
    family.until(chat_id, "completed")

    children = family.children(chat_id)
    assert [each["workflow_name"] for each in children] == ["DrawKite", "NameKite"]
    ended = family.of_type(chat_id, "workflow_child_completed")
    assert sorted((each["chat_id"], each["status"]) for each in ended) == sorted(
        (each["chat_id"], "completed") for each in children
    )
    assert [(each["ended"], each["total"]) for each in ended] == [(1, 2), (2, 2)]
    (resumed,) = family.of_type(chat_id, "workflow_resumed")
    assert (resumed["completed"], resumed["total"]) == (2, 2)
    assert house.said(chat_id)[-1] == ("Merger", "Merged.")
    assert [(each["workflow_name"], each["status"], each["text"]) for each in family.results(chat_id)] == [
        ("DrawKite", "completed", "A red kite."),
        ("NameKite", "completed", "Call it Rosso."),
    ]
    (asked,) = [each for each in house.demo.requests if each.chat == chat_id and each.agent == "Merger"]
    assert "Call it Rosso." in str(asked.body["messages"][0])
    assert house.eventually(lambda: house.execution(chat_id, 1) == "SUCCEEDED")


def waiter(family: Family, name: str) -> None:
    """A workflow that says something and waits for the user."""
    family.child(name, {"say": "Well?"}, startup_mode="BackendOnly", human_in_the_loop=True)


def test_a_child_begins_with_what_its_parent_tells_it_and_names_its_parent(house: House, family: Family) -> None:
    family.child("Echo1", {"say": "I heard {user}."}, startup_mode="AgentDriven")
    family.child("Echo2", {"say": "I heard {user}."}, startup_mode="UserDriven", human_in_the_loop=True)
    asked = [{"name": name, "initial_message": f"word for {name}"} for name in ("Echo1", "Echo2")]
    family.parent("Tells", *asked, startup_mode="BackendOnly")
    chat_id = spawn(house, "Tells")
    first, second = house.eventually(lambda: family.children(chat_id))
    family.until(first["chat_id"], "completed")
    family.until(second["chat_id"], "waiting")
    assert house.said(first["chat_id"])[-1] == ("Worker", "I heard word for Echo1.")
    assert house.said(second["chat_id"])[-1] == ("Worker", "I heard word for Echo2.")
    meta = next(iter(house.parts.service.replay(ann(), first["chat_id"], 0)))
    assert meta["data"]["parent_chat_id"] == chat_id
    family.ask(second["chat_id"], "cancel").raise_for_status()
    family.until(chat_id, "completed")
    assert [each["status"] for each in family.results(chat_id)] == ["completed", "cancelled"]


def test_unknown_and_circling_workflows_are_refused_by_name(house: House, family: Family) -> None:
    family.child("Sound", startup_mode="BackendOnly")
    family.parent("Circle", "Nowhere", "Circle", "sound", startup_mode="BackendOnly")
    chat_id = spawn(house, "Circle")
    family.until(chat_id, "completed")
    (batch,) = family.of_type(chat_id, "workflow_batch_started")
    assert [(each["workflow_name"], each["code"]) for each in batch["skipped"]] == [
        ("Nowhere", "WORKFLOW_NOT_FOUND"),
        ("Circle", "CHILD_REFUSED"),
    ]
    assert "Circle -> Circle" in batch["skipped"][1]["message"]
    assert [(each["workflow_name"], each["status"]) for each in family.results(chat_id)] == [
        ("Sound", "completed"),
        ("Nowhere", "skipped"),
        ("Circle", "skipped"),
    ]


def test_a_chat_whose_every_child_is_refused_goes_on_at_once(house: House, family: Family) -> None:
    family.parent("Lonely", "Nobody", startup_mode="BackendOnly")
    chat_id = spawn(house, "Lonely")
    family.until(chat_id, "completed")
    assert house.said(chat_id)[-1] == ("Merger", "Merged.")
    assert [each["status"] for each in family.results(chat_id)] == ["skipped"]


def test_families_reach_three_levels_below_their_root_and_no_further(house: House, family: Family) -> None:
    for level in range(5):
        family.parent(f"Level{level}", f"Level{level + 1}", startup_mode="BackendOnly")
    family.child("Level5", startup_mode="BackendOnly")
    chat_id = root = spawn(house, "Level0")
    for level in (1, 2, 3):
        (child,) = house.eventually(lambda chat_id=chat_id: family.children(chat_id))
        chat_id = child["chat_id"]
        chat = house.eventually(lambda chat_id=chat_id: family.status(chat_id) != "absent") and house.parts.service.get(
            ann(), chat_id
        )
        assert (chat.depth, chat.root_chat_id) == (level, root)
    family.until(root, "completed")
    (batch,) = family.of_type(chat_id, "workflow_batch_started")
    assert (batch["children"], batch["skipped"][0]["code"]) == ([], "CHILD_REFUSED")


def test_more_children_than_allowed_are_refused(house: House, family: Family) -> None:
    family.child("Many", startup_mode="BackendOnly")
    family.parent("Few", "Many", "Many", "Many", nested={"max_children": 2}, startup_mode="BackendOnly")
    chat_id = spawn(house, "Few")
    family.until(chat_id, "completed")
    assert [each["status"] for each in family.results(chat_id)] == ["completed", "completed", "skipped"]


def test_with_what_is_there_the_parent_goes_on_though_a_child_failed(house: House, family: Family) -> None:
    family.child("Good", startup_mode="BackendOnly")
    bad(house, family, "Bad")
    family.parent("Forgiving", "Good", "Bad", startup_mode="BackendOnly")
    chat_id = spawn(house, "Forgiving")
    family.until(chat_id, "completed")
    assert [(each["status"], each["error"]) for each in family.results(chat_id)] == [
        ("completed", None),
        ("failed", "SCHEMA_VALIDATION_FAILED"),
    ]


def bad(house: House, family: Family, name: str) -> None:
    """A workflow whose agent never says what it must."""
    family.child(name, {"say": "no JSON"}, startup_mode="BackendOnly")
    (house.workflows / name / "structured_outputs.yaml").write_text(
        "models:\n  Plan: {fields: {title: {type: str}}}\nregistry: {Worker: Plan}\n"
    )


def test_a_parent_that_needs_all_fails_and_its_retry_begins_the_failed_children_anew(
    house: House, family: Family
) -> None:
    family.child("Firm", startup_mode="BackendOnly")
    bad(house, family, "Shaky")
    family.parent("Strict", "Firm", "Shaky", nested={"on_partial_failure": "fail_all"}, startup_mode="BackendOnly")
    chat_id = spawn(house, "Strict")
    family.until(chat_id, "failed")
    errors = family.of_type(chat_id, "error")
    assert errors[-1]["code"] == "CHILDREN_FAILED"
    firm, shaky = family.children(chat_id)

    house.demo.scripts.set("Shaky", {"agents": {"Worker": [{"json": {"title": "done"}}]}})
    family.ask(chat_id, "retry").raise_for_status()
    family.until(chat_id, "completed")
    again = family.children(chat_id)
    assert again[0] == {**firm, "status": "completed"}
    assert again[1]["chat_id"] != shaky["chat_id"]
    assert [each["status"] for each in family.results(chat_id)] == ["completed", "completed"]
    assert len([each for each in house.demo.requests if each.chat == firm["chat_id"]]) == 1, "it ran once"


def test_children_past_their_time_are_cancelled_and_told_as_timed_out(house: House, family: Family) -> None:
    family.child("Quick", startup_mode="BackendOnly")
    waiter(family, "Slow")
    family.parent("Hasty", "Quick", "Slow", nested={"timeout_seconds": 2}, startup_mode="BackendOnly")
    chat_id = spawn(house, "Hasty")
    family.until(chat_id, "completed")
    assert [each["status"] for each in family.results(chat_id)] == ["completed", "timed_out"]
    assert family.status(family.children(chat_id)[1]["chat_id"]) == "cancelled"


def test_cancelling_a_parent_reaches_its_grandchildren(house: House, family: Family) -> None:
    waiter(family, "Leaf")
    family.parent("Branch", "Leaf", "Leaf", startup_mode="BackendOnly")
    family.parent("Trunk", "Branch", "Leaf", startup_mode="BackendOnly")
    chat_id = spawn(house, "Trunk")
    branch, leaf = house.eventually(lambda: family.children(chat_id))
    leaves = house.eventually(lambda: family.children(branch["chat_id"]))
    everybody = [leaf["chat_id"], *(each["chat_id"] for each in leaves)]
    for each in everybody:
        family.until(each, "waiting")
    for _ in range(2):
        family.ask(chat_id, "cancel").raise_for_status()
    assert {family.until(each, "cancelled") for each in (chat_id, branch["chat_id"], *everybody)} == {"cancelled"}
    assert house.eventually(lambda: house.execution(chat_id, 1) == "SUCCEEDED")
    assert house.eventually(lambda: house.execution(branch["chat_id"], 1) == "SUCCEEDED")


def test_a_message_to_a_waiting_parent_is_queued_and_heard_afterwards(house: House, family: Family) -> None:
    waiter(family, "Thinker")
    family.parent("Listener", "Thinker", startup_mode="UserDriven", human_in_the_loop=True)
    chat_id = begin(house, "Listener", initial_message="Start.")
    (child,) = house.eventually(lambda: family.children(chat_id))
    family.until(child["chat_id"], "waiting")
    assert family.ask(chat_id, "messages", text="Hurry up.").json()["queued"] is True
    assert family.ask(chat_id, "messages", text="Now!", on_busy="reject").json()["code"] == "CHAT_BUSY"
    family.ask(child["chat_id"], "cancel").raise_for_status()
    house.eventually(lambda: house.said(chat_id)[-1][0] == "Merger")
    (asked,) = [each for each in house.demo.requests if each.chat == chat_id and each.agent == "Merger"]
    assert "Hurry up." in str(asked.body["messages"][1:])


def test_an_interruption_stops_the_children_and_the_parent_goes_on_with_those_that_ended(
    house: House, family: Family
) -> None:
    family.child("Ready", startup_mode="BackendOnly")
    waiter(family, "Unready")
    nested = {"on_partial_failure": "fail_all"}
    family.parent("Impatient", "Ready", "Unready", nested=nested, startup_mode="UserDriven", human_in_the_loop=True)
    chat_id = begin(house, "Impatient", initial_message="Start.")
    ready, unready = house.eventually(lambda: family.children(chat_id))
    family.until(ready["chat_id"], "completed")
    family.until(unready["chat_id"], "waiting")
    house.eventually(lambda: family.of_type(chat_id, "workflow_child_completed"))
    family.ask(chat_id, "messages", text="That will do.", on_busy="interrupt").raise_for_status()
    house.eventually(lambda: house.said(chat_id)[-1][0] == "Merger")
    assert [each["status"] for each in family.results(chat_id)] == ["completed", "cancelled"]
    assert family.status(unready["chat_id"]) == "cancelled"


def ann() -> Any:
    return Principal("acme", "ann")
