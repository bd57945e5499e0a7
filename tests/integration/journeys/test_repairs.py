"""Journeys whose execution is gone go on; each is repaired once, however many try."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from mozaiks.chats.states import ChatStatus
from mozaiks.errors import MozaiksError
from mozaiks.journeys import decisions
from mozaiks.journeys.states import JourneyStatus

from .conftest import ANN, World


def twice_at_once(world: World) -> dict[str, int]:
    """What two reconcilers that run at the same time did together."""
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(lambda _: world.parts.journey_repairs.run(), range(2))
    return {kind: one[kind] + two[kind] for kind in one}


def test_a_lost_start_is_made_good_once(world: World) -> None:
    world.aws.step_functions_down = True
    with pytest.raises(MozaiksError) as lost:
        world.parts.journeys.start(ANN, "trip", client_request_id="r1")
    assert lost.value.code == "RUN_START_FAILED"
    (journey,) = world.parts.journeys.page(ANN, 10, None)
    assert world.chat(journey.members[0].chat_id).status is ChatStatus.WAITING
    world.aws.step_functions_down = False
    assert twice_at_once(world)["lost_journeys"] == 0
    world.ahead = 61
    assert twice_at_once(world) == {"lost_journeys": 1, "half_stopped_journeys": 0, "failed": 0}
    assert world.drive(journey).open(0) == [journey.members[0].chat_id]


def test_a_repeated_request_makes_a_lost_start_good(world: World) -> None:
    world.aws.step_functions_down = True
    with pytest.raises(MozaiksError):
        world.parts.opening.open(ANN, "First", client_request_id="r1")
    world.aws.step_functions_down = False
    chat = world.parts.opening.open(ANN, "First", client_request_id="r1").chat
    (journey,) = world.parts.journeys.page(ANN, 10, None)
    assert journey.members[0].chat_id == chat.chat_id
    assert f"{journey.journey_run_id}-e1" in world.aws.executions


def test_an_execution_that_is_lost_while_chats_run_is_replaced_when_they_have_ended(world: World) -> None:
    journey = world.start()
    drive = world.through(journey, 1)
    left, right = drive.open(1)
    world.aws.unknown_tokens |= {drive.token(left), drive.token(right)}
    world.end(left)
    world.ahead = 3600
    assert twice_at_once(world)["lost_journeys"] == 0
    world.end(right)
    assert twice_at_once(world)["lost_journeys"] == 0
    world.ahead += 61
    assert twice_at_once(world)["lost_journeys"] == 1
    following = world.drive(journey)
    assert following.given == {**drive.given, "execution_no": 2, "groups": [1, 2]}
    assert following.open(1) == []
    assert following.close(1) == "next"
    (last,) = following.open(2)
    world.end(last)
    assert following.close(2) == "next"
    assert world.get(journey).status is JourneyStatus.COMPLETED


def test_an_execution_that_is_lost_between_two_groups_is_replaced(world: World) -> None:
    journey = world.start()
    world.through(journey, 1)
    world.ahead = 61
    assert twice_at_once(world)["lost_journeys"] == 1
    assert world.drive(journey).open(1) == [member.chat_id for member in journey.members_of(1)]


def test_an_execution_that_was_given_up_does_nothing_any_more(world: World) -> None:
    journey = world.start()
    old = world.drive(journey)
    world.ahead = 61
    world.parts.journey_repairs.run()
    new = world.drive(journey)
    assert old.open(0) == []
    (first,) = new.open(0)
    old.do("open_member", 0, chat_id=first, token="old-task")
    assert ("old-task", {"outcome": "over", "chat_id": first}) in world.aws.answers
    world.end(first)
    assert old.close(0) == "over"
    assert new.close(0) == "next"


def test_a_duplicated_answer_of_a_token_changes_nothing(world: World) -> None:
    journey = world.start()
    drive = world.drive(journey)
    (first,) = drive.open(0)
    chat = world.end(first)
    before = world.get(journey), world.log(first)
    world.parts.database["chat_sessions"].update_one(
        {"_id": first}, {"$set": {"join.settled": False, "join.token": drive.token(first)}}
    )
    assert world.parts.service.settle(chat)
    assert len(world.aws.answers) == 1
    assert (world.get(journey), world.log(first)) == before


def test_a_chat_whose_end_was_not_told_is_told_by_reconcile(world: World) -> None:
    journey = world.start()
    drive = world.drive(journey)
    (first,) = drive.open(0)
    world.aws.step_functions_down = True
    with pytest.raises(MozaiksError):
        world.end(first)
    world.aws.step_functions_down = False
    world.ahead = 31
    assert world.parts.reconciler.run()["untold_ends"] == 1
    assert world.aws.answers == [(drive.token(first), {"outcome": "completed", "chat_id": first})]
    assert drive.close(0) == "next"


def test_a_cancel_that_broke_off_is_carried_to_its_end(world: World) -> None:
    journey = world.start("pair")
    world.drive(journey).open(0)
    world.parts.journeys.journeys.change(
        ANN.tenant, journey.journey_run_id, lambda found: decisions.cancel(found, world.now())
    )
    world.ahead = 61
    assert sum(twice_at_once(world).values()) >= 1
    right = journey.members[1].chat_id
    assert world.chat(right).status is ChatStatus.CANCELLED
    assert not world.get(journey).stopping


def test_a_journey_whose_user_was_erased_stops_nobody(world: World) -> None:
    journey = world.start()
    (first,) = world.drive(journey).open(0)
    world.parts.database["journeys"].delete_many({})
    world.end(first)
    assert world.chat(first).join is not None
    assert world.chat(first).join.settled  # type: ignore[union-attr]
