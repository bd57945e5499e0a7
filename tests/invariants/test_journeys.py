"""Journeys under the delivery promise: killed workers, lost executions, tasks answered twice, ends that come at once.

- Each member of a journey has one chat, runs once, and acts once.
- Groups follow each other: no chat of a group is older than the end of the last one of the group before.
- A journey completes once, whatever happened on its way, and each of its chats keeps the promise of chats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mozaiks.access.principal import Tenant
from mozaiks.chats.states import ChatStatus
from mozaiks.journeys.states import Journey, JourneyStatus
from mozaiks.store.indexes import ensure_indexes
from mozaiks_local.demo_model import run_in_thread
from session_mongod import DatabaseServer

from .journeys import STEPS, Director, Lost, write_journey
from .pace import some
from .promise import broken
from .runtime import ANN
from .test_kill import chosen
from .theatre import AWS, Theatre, Workers

EVERY = 5
"""One of so many points is met in each test run, all by ``make soak``."""


@pytest.fixture
def theatre(
    tmp_path: Path, mongod: DatabaseServer, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Theatre]:
    for name, value in AWS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "workflows").mkdir()
    with run_in_thread(tmp_path / "workflows") as demo:
        made = Theatre(STEPS[0], tmp_path, mongod, database_name, demo)
        write_journey(tmp_path / "workflows", demo.scripts.set)
        ensure_indexes(made.runtime.parts.database)
        yield made
        made.close()


def complaints(theatre: Theatre, director: Director, run_id: str) -> list[str]:
    """What of the promise is not kept by a run that should have completed."""
    journey = director.get(run_id)
    found = [] if journey.status is JourneyStatus.COMPLETED else [f"the journey is {journey.status}: {journey}"]
    sessions = list(theatre.runtime.parts.database["chat_sessions"].find({"join.id": run_id}))
    if sorted(each["_id"] for each in sessions) != sorted(member.chat_id for member in journey.members):
        found.append(f"the chats are {[each['_id'] for each in sessions]}")
    for member in journey.members:
        history = theatre.history(member.chat_id, {})
        found += [f"{member.workflow_name}: {words}" for words in broken(history)]
        if len(theatre.effects(member.chat_id)) < 1:
            found.append(f"{member.workflow_name} never acted")
        ends = [each for each in history.events if each["type"] == "chat.run_complete"]
        if len(ends) != 1:
            found.append(f"{member.workflow_name} ended {len(ends)} times")
        told = [each["data"] for each in history.events if each["type"] == "chat.journey_progress"]
        if [each["completed"] for each in told] != sorted(each["completed"] for each in told):
            found.append(f"{member.workflow_name} was told of a step back: {told}")
        if any(not each.get("join", {}).get("settled") for each in sessions):
            found.append("somebody was not told of an end")
    return found + out_of_order(journey)


def out_of_order(journey: Journey) -> list[str]:
    found = []
    for group in range(1, journey.groups):
        begun = min(member.opened_at for member in journey.members_of(group) if member.opened_at)
        over = max(member.ended_at for member in journey.members_of(group - 1) if member.ended_at)
        if begun < over:
            found.append(f"group {group} opened at {begun}, before {over}")
    return found


def test_a_worker_killed_next_to_a_write_of_a_journey_costs_nothing(
    theatre: Theatre, workers: Workers, covered: Callable[[str, int], None]
) -> None:
    director = Director(theatre.runtime)

    def perform(run_id: str, point: Any) -> Any:
        return workers.run(
            theatre.place, "", theatre.play, ahead=theatre.runtime.ahead, point=point, journey_run_id=run_id
        )

    run_id = director.start()
    whole = perform(run_id, None)
    assert complaints(theatre, director, run_id) == []
    points = some(chosen(whole.met), EVERY)
    found = list[str]()
    for point in points:
        run_id = director.start()
        ended = perform(run_id, point)
        if not ended.killed:
            continue
        theatre.forget(ended.sessions)
        director.perform(run_id)
        found += [f"{point}: {words}" for words in complaints(theatre, director, run_id)]
    assert found == []
    covered("kills", len(points))


@pytest.mark.parametrize("steps", range(0, 12, 3))
def test_an_execution_that_is_lost_is_replaced_by_one_other(theatre: Theatre, steps: int) -> None:
    director = Director(theatre.runtime, last_step=steps)
    run_id = director.start()
    with pytest.raises(Lost):
        director.perform(run_id)
    director.last_step = None
    director.lose(run_id)
    for member in director.get(run_id).members:
        if member.opened_at is not None:
            theatre.runtime.drive(member.chat_id)
    theatre.runtime.ahead += 61
    with ThreadPoolExecutor(2) as pool:
        repaired = sum(pool.map(lambda _: director.runtime.parts.journey_repairs.run()["lost_journeys"], range(2)))
    assert repaired <= 1
    director.perform(run_id)
    assert complaints(theatre, director, run_id) == []
    assert director.get(run_id).execution_no == 2


def test_members_that_end_in_the_same_millisecond_lead_to_one_next_group(theatre: Theatre) -> None:
    director = Director(theatre.runtime)
    parts = theatre.runtime.parts
    for _ in range(8):
        journey = parts.journeys.start(ANN, "trip").journey
        moved, _ = parts.journeys.journeys.change(
            ANN.tenant, journey.journey_run_id, lambda found: _at_the_pair(found, theatre)
        )
        first = moved.members[0].chat_id
        parts.database["chat_sessions"].update_one({"_id": first}, {"$set": {"status": ChatStatus.COMPLETED}})
        parts.journey_tasks.open_group(ANN.tenant, journey.journey_run_id, 1, 1)
        both = [member.chat_id for member in moved.members_of(1)]
        for chat_id in both:
            token = f"task-{chat_id}"
            parts.journey_tasks.open_member(Tenant("acme"), journey.journey_run_id, 1, chat_id, token)
            parts.database["chat_sessions"].update_one({"_id": chat_id}, {"$set": {"status": ChatStatus.COMPLETED}})
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda chat_id: parts.service.settle(parts.service.get(ANN, chat_id)), both * 2))
            closed = list(
                pool.map(
                    lambda _, run_id=journey.journey_run_id: parts.journey_tasks.close_group(ANN.tenant, run_id, 1, 1),
                    range(2),
                )
            )
        assert closed == ["next", "next"]
        found = director.get(journey.journey_run_id)
        assert (found.group, [member.status for member in found.members_of(1)]) == (2, ["completed", "completed"])


def _at_the_pair(found: Journey, theatre: Theatre) -> Journey:
    from dataclasses import replace

    from mozaiks.journeys.states import MemberStatus

    now = theatre.runtime.now()
    first = replace(found.members[0], status=MemberStatus.COMPLETED, ended_at=now)
    return replace(found, members=(first, *found.members[1:]), group=1)
