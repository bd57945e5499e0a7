"""What becomes of a journey whose member does not complete, or whose user wants no more of it."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from mozaiks.access.principal import Principal
from mozaiks.chats.states import ChatStatus
from mozaiks.errors import MozaiksError
from mozaiks.journeys.states import Journey, JourneyStatus, MemberStatus
from mozaiks.web.app import create_app

from .conftest import ANN, Drive, World

ENDS = [ChatStatus.FAILED, ChatStatus.CANCELLED, ChatStatus.TIMED_OUT]


def blocked(world: World, status: ChatStatus = ChatStatus.FAILED) -> tuple[Journey, Drive, str, str]:
    """A run whose group of two is blocked by its first member."""
    journey = world.start()
    drive = world.through(journey, 1)
    left, right = drive.open(1)
    world.end(left, status)
    world.end(right)
    assert drive.close(1) == "blocked"
    return world.get(journey), drive, left, right


@pytest.mark.parametrize("status", ENDS)
def test_a_member_that_does_not_complete_blocks_the_journey_when_the_others_have_ended(
    world: World, status: ChatStatus
) -> None:
    journey = world.start()
    drive = world.through(journey, 1)
    left, right = drive.open(1)
    world.end(left, status)
    assert drive.close(1) == "again"
    assert world.get(journey).status is JourneyStatus.RUNNING
    world.end(right)
    assert drive.close(1) == "blocked"
    assert world.get(journey).status is JourneyStatus.BLOCKED
    assert world.told(right, "chat.journey_progress")[-1]["status"] == "blocked"
    with pytest.raises(MozaiksError, match="there is no chat"):
        world.chat(journey.members[-1].chat_id)


@pytest.mark.parametrize("status", [ChatStatus.FAILED, ChatStatus.TIMED_OUT])
def test_a_retry_of_the_chat_restarts_that_member_alone_and_the_journey_goes_on(
    world: World, status: ChatStatus
) -> None:
    journey, _, left, right = blocked(world, status)
    chat = world.parts.journeys.retry_chat(ANN, world.chat(left))
    assert (chat.status, chat.run_no) == (ChatStatus.RUNNING, 2)
    assert world.chat(right).run_no == 0
    again = world.get(journey)
    assert (again.status, again.execution_no) == (JourneyStatus.RUNNING, 2)
    drive = world.drive(again)
    assert drive.given["groups"] == [1, 2]
    assert drive.open(1) == [left]
    world.end(left)
    assert drive.close(1) == "next"
    (last,) = drive.open(2)
    world.end(last)
    assert drive.close(2) == "next"
    assert world.get(journey).status is JourneyStatus.COMPLETED


def test_a_member_that_was_cancelled_is_replaced_by_another_chat(world: World) -> None:
    journey, _, left, _ = blocked(world, ChatStatus.CANCELLED)
    world.parts.journeys.retry(ANN, journey.journey_run_id)
    member = world.get(journey).members_of(1)[0]
    assert (member.chat_id, member.attempt) == (f"{left}-2", 2)
    assert world.chat(member.chat_id).status is ChatStatus.RUNNING
    drive = world.drive(journey)
    assert drive.open(1) == [member.chat_id]
    world.end(member.chat_id)
    assert drive.close(1) == "next"


def test_a_member_may_be_tried_again_while_others_still_run(world: World) -> None:
    journey = world.start()
    drive = world.through(journey, 1)
    left, right = drive.open(1)
    world.end(left, ChatStatus.FAILED)
    world.parts.journeys.retry_chat(ANN, world.chat(left))
    assert world.get(journey).execution_no == 1
    world.end(right)
    assert drive.close(1) == "again"
    assert drive.open(1) == [left]
    world.end(left)
    assert drive.close(1) == "next"


def test_a_retry_that_its_execution_carries_out_is_carried_out_once(world: World) -> None:
    journey, _, left, _ = blocked(world)
    world.aws.step_functions_down = True
    with pytest.raises(MozaiksError) as lost:
        world.parts.journeys.retry(ANN, journey.journey_run_id)
    assert lost.value.code == "RUN_START_FAILED"
    world.aws.step_functions_down = False
    world.ahead = 120
    assert world.parts.journey_repairs.run()["lost_journeys"] == 1
    drive = world.drive(journey)
    assert drive.open(1) == drive.open(1) == [left]
    assert world.chat(left).run_no == 2


def test_a_chat_made_good_behind_the_journeys_back_lets_it_go_on(world: World) -> None:
    journey, _, left, _ = blocked(world)
    world.parts.service.retry(ANN, left)
    world.end(left)
    assert world.get(journey).status is JourneyStatus.RUNNING
    assert world.drive(journey).given["groups"] == [1, 2]


def test_nothing_is_tried_again_where_nothing_failed(world: World) -> None:
    journey = world.start()
    with pytest.raises(MozaiksError) as refused:
        world.parts.journeys.retry(ANN, journey.journey_run_id)
    assert refused.value.code == "NOT_RETRYABLE"


def test_a_cancelled_journey_reaches_all_its_chats_and_opens_no_other(world: World) -> None:
    journey = world.start()
    drive = world.through(journey, 1)
    left, right = drive.open(1)
    for _ in range(2):
        world.parts.journeys.cancel(ANN, journey.journey_run_id)
    assert world.chat(right).status is ChatStatus.CANCELLED
    assert world.chat(left).cancel_requested
    world.end(left, ChatStatus.CANCELLED)
    assert drive.close(1) == "over"
    assert drive.open(1) == drive.open(2) == []
    found = world.get(journey)
    assert (found.status, found.stopping) == (JourneyStatus.CANCELLED, False)
    assert world.told(right, "chat.journey_progress")[-1]["status"] == "cancelled"


def test_a_cancel_that_comes_while_a_group_is_opened_reaches_it(world: World) -> None:
    journey = world.start()
    drive = world.through(journey, 1)
    store = world.parts.journeys.journeys
    opened = world.parts.journeys.members.chats.open

    def cancelled_in_between(*given: Any, **more: Any) -> Any:
        store.change(ANN.tenant, journey.journey_run_id, lambda found: _cancelled(found, world))
        return opened(*given, **more)

    object.__setattr__(world.parts.journeys.members, "chats", _Chats(world.parts.service, cancelled_in_between))
    chats = drive.do("open_group", 1)["chats"]
    assert {world.chat(chat_id).status for chat_id in chats} == {ChatStatus.CANCELLED}


def _cancelled(found: Journey, world: World) -> Journey:
    from mozaiks.journeys import decisions

    return decisions.cancel(found, world.now())


class _Chats:
    """The chat service, with something that happens before each opening."""

    def __init__(self, service: Any, opening: Any) -> None:
        self._service, self.open = service, opening

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)


def test_a_workflow_that_is_broken_by_then_fails_its_member(world: World, workflows: Any) -> None:
    journey = world.start()
    (workflows / "Left" / "agents.yaml").write_text("{")
    drive = world.through(journey, 1)
    (right,) = drive.open(1)
    world.end(right)
    assert drive.close(1) == "blocked"
    member = world.get(journey).members_of(1)[0]
    assert (member.status, member.error) == (MemberStatus.FAILED, "WORKFLOW_INVALID")
    (workflows / "Left" / "agents.yaml").write_text("Host:\n  system_message: Be kind.\n")
    world.parts.journeys.retry(ANN, journey.journey_run_id)
    assert world.get(journey).members_of(1)[0].status is MemberStatus.OPEN


def test_the_routes_show_try_again_and_cancel(world: World) -> None:
    journey, _, left, right = blocked(world)
    api = TestClient(create_app(world.parts))
    base = f"/api/journeys/acme/{journey.journey_run_id}"
    answer = api.get(base, params={"user_id": "ann"})
    unchanged = api.get(base, params={"user_id": "ann"}, headers={"if-none-match": answer.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    shown = answer.json()
    assert (shown["status"], shown["group"], shown["completed"]) == ("blocked", 1, 2)
    members = shown["groups"][1]["members"]
    assert [each["status"] for each in members] == ["failed", "completed"]
    assert [each["chat_id"] for each in members] == [left, right]
    assert shown["groups"][2]["members"][0]["chat_id"] is None
    answer = api.post(f"{base}/retry", json={"user_id": "ann"})
    assert (answer.status_code, answer.json()["status"]) == (202, "running")
    assert answer.json()["groups"][1]["members"][0]["chat_status"] == "running"
    assert api.post(f"{base}/retry", json={"user_id": "ann"}).json()["code"] == "NOT_RETRYABLE"
    assert api.post(f"{base}/cancel", json={"user_id": "ann"}).json()["status"] == "cancelled"
    listed = api.get("/api/journeys/acme", params={"user_id": "ann"}).json()
    assert [each["journey_run_id"] for each in listed["journeys"]] == [journey.journey_run_id]


@pytest.mark.parametrize("stranger", [Principal("acme", "bob"), Principal("other", "ann")], ids=str)
@pytest.mark.parametrize("method", ["get", "cancel", "retry"])
def test_anothers_run_is_as_absent_as_one_that_is_not_there(world: World, stranger: Principal, method: str) -> None:
    journey, _, _, _ = blocked(world)
    ask = getattr(world.parts.journeys, method)
    before = world.get(journey)
    said = []
    for run_id in (journey.journey_run_id, "f" * 32):
        with pytest.raises(MozaiksError) as refused:
            ask(stranger, run_id)
        said.append((refused.value.code, refused.value.message.replace(run_id, "…"), refused.value.details))
    assert said[0] == said[1]
    assert world.get(journey) == before
