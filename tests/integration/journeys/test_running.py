"""A journey's run from its start to its end, and what its user hears of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mozaiks.access.principal import Principal
from mozaiks.chats.states import ChatStatus
from mozaiks.errors import MozaiksError
from mozaiks.journeys.states import JourneyStatus, MemberStatus

from .conftest import ANN, World

Connect = Callable[[str, str], None]


def test_the_chats_of_the_first_group_are_there_when_the_start_is_answered(world: World) -> None:
    started = world.parts.journeys.start(ANN, "PAIR")
    assert [chat.workflow_name for chat in started.chats] == ["Left", "Right"]
    assert [world.chat(chat.chat_id).status for chat in started.chats] == [ChatStatus.CREATED, ChatStatus.WAITING]
    assert world.aws.executions[f"{started.journey.journey_run_id}-e1"] == {
        "app_id": "acme",
        "journey_run_id": started.journey.journey_run_id,
        "execution_no": 1,
        "groups": [0],
    }


def test_the_same_request_starts_one_run(world: World) -> None:
    one, two = (world.parts.journeys.start(ANN, "trip", client_request_id="r1") for _ in range(2))
    assert (one.journey.journey_run_id, one.reused, two.reused) == (two.journey.journey_run_id, False, True)
    other = world.parts.journeys.start(Principal("acme", "bob"), "trip", client_request_id="r1")
    assert other.journey.journey_run_id != one.journey.journey_run_id


def test_a_workflow_of_the_first_group_starts_the_journey(world: World) -> None:
    started = world.parts.opening.open(ANN, "first", initial_message="To the sea")
    (journey,) = world.parts.journeys.page(ANN, 10, None)
    assert started.chat.chat_id == journey.members[0].chat_id
    assert [e["content"] for e in world.told(started.chat.chat_id, "chat.text")] == ["Where to?", "To the sea"]


def test_a_page_that_mounts_twice_starts_one_journey(world: World) -> None:
    one, two = (world.parts.opening.open(ANN, "First") for _ in range(2))
    assert (one.chat.chat_id, one.reused, two.reused) == (two.chat.chat_id, False, True)
    assert len(world.parts.journeys.page(ANN, 10, None)) == 1


def test_a_lead_that_begins_with_its_agent_waits_for_its_first_client(world: World) -> None:
    lead = world.parts.opening.open(ANN, "Left").chat
    (journey,) = world.parts.journeys.page(ANN, 10, None)
    world.drive(journey).open(0)
    assert world.chat(lead.chat_id).status is ChatStatus.CREATED
    world.parts.opening.begin(ANN, world.chat(lead.chat_id))
    assert world.chat(lead.chat_id).status is ChatStatus.RUNNING


def test_groups_open_in_order_and_members_begin_as_their_workflows_say(world: World) -> None:
    journey = world.start()
    drive = world.drive(journey)
    assert drive.open(1) == []
    (first,) = drive.open(0)
    assert drive.close(0) == "again"
    world.end(first)
    assert drive.close(0) == "next"
    left, right = drive.open(1)
    assert (world.chat(left).status, world.chat(right).status) == (ChatStatus.RUNNING, ChatStatus.WAITING)
    assert f"{left}-r1" in world.aws.executions
    world.end(right)
    assert drive.close(1) == "again"
    world.end(left)
    assert drive.close(1) == "next"
    (last,) = drive.open(2)
    assert world.chat(last).status is ChatStatus.RUNNING
    world.end(last)
    assert drive.close(2) == "next"
    assert world.get(journey).status is JourneyStatus.COMPLETED


def test_every_token_is_answered_with_the_end_of_its_chat(world: World) -> None:
    journey = world.start("pair")
    drive = world.drive(journey)
    left, right = drive.open(0)
    world.end(left)
    world.end(right, ChatStatus.FAILED)
    assert world.aws.answers == [
        (drive.token(left), {"outcome": "completed", "chat_id": left}),
        (drive.token(right), {"outcome": "failed", "chat_id": right}),
    ]


def test_each_step_may_be_repeated(world: World) -> None:
    journey = world.start()
    drive = world.drive(journey)
    (first,) = drive.open(0)
    assert drive.open(0) == [first]
    world.end(first)
    assert [drive.close(0), drive.close(0)] == ["next", "next"]
    for _ in range(2):
        left, right = drive.open(1)
    world.end(left)
    world.end(right)
    drive.close(1)
    drive.close(1)
    assert len(world.told(first, "chat.context_switched")) == 1
    assert [each["completed"] for each in world.told(left, "chat.journey_progress")] == [1, 2]


def test_a_socket_is_carried_along_and_told_where_to(world: World, connect: Connect) -> None:
    journey = world.start()
    connect(journey.members[0].chat_id, "socket")
    world.through(journey, 1).open(1)
    frames = world.aws.frames["socket"]
    switched = next(each for each in frames if each["type"] == "chat.context_switched")
    left, right = (member.chat_id for member in journey.members_of(1))
    assert (switched["data"]["to_chat_id"], switched["data"]["workflow_name"]) == (left, "Left")
    assert [each["chat_id"] for each in switched["data"]["chats"]] == [left, right]
    assert {each["chat_id"] for each in frames if each["type"] == "chat.input_request"} == {right}


def test_progress_reaches_a_socket_that_hears_of_another_member_only(world: World, connect: Connect) -> None:
    journey = world.start("pair")
    left, right = world.drive(journey).open(0)
    connect(left, "at-left")
    connect(right, "at-right")
    world.end(left)
    for connection in ("at-left", "at-right"):
        told = [each for each in world.aws.frames[connection] if each["type"] == "chat.journey_progress"]
        assert [each["data"]["completed"] for each in told] == [1]
    assert [each["completed"] for each in world.told(right, "chat.journey_progress")] == [0, 1]


def test_a_greeting_says_where_the_journey_stands(world: World) -> None:
    journey = world.start()
    world.through(journey, 1)
    meta = next(iter(world.parts.service.replay(ANN, journey.members[0].chat_id, 0)))
    assert (meta["data"]["journey"]["group"], meta["data"]["journey"]["completed"]) == (1, 1)


def test_members_that_end_in_the_same_moment_are_all_noted(world: World) -> None:
    from concurrent.futures import ThreadPoolExecutor

    journey = world.start("pair")
    drive = world.drive(journey)
    chats = drive.open(0)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(world.end, chats * 2))
    assert {member.status for member in world.get(journey).members} == {MemberStatus.COMPLETED}
    assert world.get(journey).owed_since is not None
    assert len(world.aws.answers) == 2
    assert drive.close(0) == "next"


def test_a_later_workflow_does_not_open_out_of_turn(world: World) -> None:
    world.parts.journeys.start(ANN, "trip")
    with pytest.raises(MozaiksError) as refused:
        world.parts.opening.open(ANN, "Last")
    assert refused.value.code == "PREREQUISITES_MISSING"
    missing = [each["workflow_name"] for each in refused.value.details["missing"]]
    assert missing == ["First", "Left", "Right"]


def test_an_unknown_journey_is_not_found(world: World) -> None:
    with pytest.raises(MozaiksError) as refused:
        world.start("nowhere")
    assert refused.value.code == "JOURNEY_NOT_FOUND"


def test_no_task_token_is_told(world: World, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    from fastapi.testclient import TestClient

    from mozaiks.web.app import create_app

    journey = world.start()
    connect(journey.members[0].chat_id, "socket")
    world.through(journey, 1).open(1)
    api = TestClient(create_app(world.parts))
    answers = [
        api.get(f"/api/journeys/acme/{journey.journey_run_id}?user_id=ann").text,
        api.get("/api/journeys/acme?user_id=ann").text,
        *(
            api.get(f"/api/chats/meta/acme/{member.workflow_name}/{member.chat_id}?user_id=ann").text
            for member in journey.members
        ),
    ]
    logs = [str(world.log(member.chat_id)) for member in world.get(journey).members if member.opened_at]
    told = [*answers, *logs, str(world.aws.frames), caplog.text, repr(world.chat(journey.members[1].chat_id))]
    assert all("canary" not in each for each in told)


def test_a_frame_starts_a_journey_too_and_its_socket_goes_along(world: World, connect: Connect) -> None:
    import json

    elsewhere = world.start("pair").members[1].chat_id
    connect(elsewhere, "socket")
    frame = {"type": "chat.start_workflow", "workflow_name": "First", "client_request_id": "r1"}
    world.parts.sockets.take("socket", json.dumps(frame))
    started = next(each for each in world.aws.frames["socket"] if each["type"] == "chat.workflow_started")
    journey = next(each for each in world.parts.journeys.page(ANN, 10, None) if each.journey_id == "trip")
    assert started["data"]["chat_id"] == journey.members[0].chat_id
    world.through(journey, 1).open(1)
    heard = {each["chat_id"] for each in world.aws.frames["socket"]}
    assert {member.chat_id for member in journey.members_of(1)} <= heard


def test_a_large_group_is_noted_member_by_member(world: World) -> None:
    from concurrent.futures import ThreadPoolExecutor
    from dataclasses import replace

    from mozaiks.journeys import decisions
    from mozaiks.journeys.states import planned

    now = world.now()
    store = world.parts.journeys.journeys
    names = [f"W{number}" for number in range(40)]
    journey = replace(world.start("pair"), journey_run_id="wide", members=planned("wide", [names], None, now))
    store.create(journey)

    def end(place: int) -> None:
        member = decisions.ended_member(journey.members[place], MemberStatus.COMPLETED, now)
        assert store.set_member(ANN.tenant, "wide", place, member) is not None

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(end, range(40)))
    found = store.get(ANN.tenant, "wide")
    assert {member.status for member in found.members} == {MemberStatus.COMPLETED}
    assert found.version == journey.version + 40
