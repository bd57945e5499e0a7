"""Reconcile on what is stored: each thing that was left half done is repaired, and counted, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from mozaiks.access.kms import KmsCipher
from mozaiks.access.principal import Principal, Tenant
from mozaiks.access.secrets import Secrets
from mozaiks.bootstrap import now
from mozaiks.chats.changes import Change
from mozaiks.chats.decisions import IDLE_GRACE, LEASE_GRACE, START_GRACE
from mozaiks.chats.endings import Endings
from mozaiks.chats.erasure import Eraser
from mozaiks.chats.reconcile import Reconciler
from mozaiks.chats.service import ChatService
from mozaiks.chats.states import Chat, ChatStatus, Lease, PendingInput, pending_input
from mozaiks.chats.stuck import STUCK_AFTER, StuckChats
from mozaiks.errors import MozaiksError
from mozaiks.journeys.standing import JourneyStanding
from mozaiks.push.closing import SocketCloser
from mozaiks.push.connections import Connection
from mozaiks.push.gateway import ApiGateway
from mozaiks.store.chats import MongoChats
from mozaiks.store.connections import MongoConnections
from mozaiks.store.drafts import MongoDrafts
from mozaiks.store.erasures import MongoErasures
from mozaiks.store.events import MongoEventLog
from mozaiks.store.journeys import MongoJourneys
from mozaiks.store.secrets import MongoSecrets
from mozaiks.store.tool_results import MongoToolResults
from mozaiks.store.unfinished import MongoUnfinished

NewChat = Callable[..., Chat]
Documents = Database[dict[str, Any]]
ACME = Tenant("acme")
SECOND = timedelta(seconds=1)
NOTHING = {
    "stalled_runs": 0,
    "lost_starts": 0,
    "expired_requests": 0,
    "untold_ends": 0,
    "expired_connections": 0,
    "erasures": 0,
    "failed": 0,
}


class Starts:
    """Keeps what is started; refuses while ``down``."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, int]] = []
        self.answered: list[tuple[str, Mapping[str, str]]] = []
        self.down = False

    def start(self, _app_id: str, chat_id: str, run_no: int) -> None:
        if self.down:
            raise MozaiksError("RUN_START_FAILED", "down")
        self.runs.append((chat_id, run_no))

    def succeed(self, token: str, outcome: Mapping[str, str]) -> bool:
        if self.down:
            raise MozaiksError("RUN_START_FAILED", "down")
        self.answered.append((token, outcome))
        return True

    def publish(self, _chat: Chat, events: Any) -> None: ...


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead


@pytest.fixture
def starts() -> Starts:
    return Starts()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chats(database: Documents, clock: Clock) -> MongoChats:
    return MongoChats(database, clock)


@pytest.fixture
def reconciler(chats: MongoChats, database: Documents, starts: Starts, clock: Clock) -> Reconciler:
    service = ChatService(
        chats=chats,
        events=MongoEventLog(database),
        secrets=Secrets(MongoSecrets(database), KmsCipher(None), clock),
        drafts=MongoDrafts(database),
        outbox=starts,
        runs=starts,
        endings=Endings(chats, starts, {}),
        journeys=JourneyStanding(lambda: MongoJourneys(database, clock)),
        clock=clock,
    )
    connections = MongoConnections(database)
    eraser = Eraser(
        chats=chats,
        erasures=MongoErasures(database, clock),
        outbox=starts,
        endings=service.endings,
        sockets=SocketCloser(connections, ApiGateway(None, 1.0), clock),
        stop_journeys=lambda _tenant: None,
        clock=clock,
    )
    return Reconciler(MongoUnfinished(database), service, starts, connections, eraser, clock)


def twice_at_once(reconciler: Reconciler) -> dict[str, int]:
    """What two reconcilers that run at the same time did together."""
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(lambda _: reconciler.run(), range(2))
    return {kind: one[kind] + two[kind] for kind in one}


def form(request_id: str, **fields: Any) -> PendingInput:
    return pending_input(
        "ui_tool", request_id=request_id, tool_name="pick", tool_call_id=f"call_{request_id}", **fields
    )


def waiting(new_chat: NewChat, *requests: PendingInput) -> Chat:
    return new_chat(status=ChatStatus.WAITING, waiting_for="ui_tool", pending=requests)


def test_where_nothing_is_left_half_done_nothing_is_done(
    reconciler: Reconciler, new_chat: NewChat, starts: Starts
) -> None:
    moment = now()
    new_chat(run_claimed_at=moment)
    new_chat(run_claimed_at=moment - timedelta(days=1), run_started=True, lease_left_at=moment)
    waiting(new_chat, form("f"), form("g", expires_at=moment + timedelta(hours=1)))
    new_chat(status=ChatStatus.COMPLETED, run_claimed_at=moment - timedelta(days=1))
    assert reconciler.run() == NOTHING
    assert starts.runs == []


def test_a_lost_start_is_repeated_by_one_of_two(reconciler: Reconciler, new_chat: NewChat, starts: Starts) -> None:
    lost = [new_chat(run_claimed_at=now() - timedelta(minutes=2)) for _ in range(10)]
    assert twice_at_once(reconciler) == {**NOTHING, "lost_starts": 10}
    assert sorted(starts.runs) == sorted((chat.chat_id, 1) for chat in lost)


def test_a_start_that_fails_is_repeated_later(
    reconciler: Reconciler, new_chat: NewChat, starts: Starts, clock: Clock
) -> None:
    new_chat(run_claimed_at=now() - timedelta(minutes=2))
    starts.down = True
    assert reconciler.run() == {**NOTHING, "failed": 1}
    starts.down = False
    assert reconciler.run() == NOTHING, "not at once"
    clock.ahead = timedelta(minutes=1)
    assert reconciler.run() == {**NOTHING, "lost_starts": 1}


def dead_worker(new_chat: NewChat, database: Documents, since: timedelta = LEASE_GRACE + SECOND) -> Chat:
    chat = new_chat(run_claimed_at=now() - timedelta(hours=1), run_started=True)
    lease = {"token": "dead", "until": now() - since}
    database["chat_sessions"].update_one({"_id": chat.chat_id}, {"$set": {"lease": lease}})
    return chat


def test_the_run_of_a_dead_worker_goes_to_a_new_execution_by_one_of_two(
    reconciler: Reconciler, chats: MongoChats, database: Documents, new_chat: NewChat, starts: Starts
) -> None:
    dead = [dead_worker(new_chat, database) for _ in range(10)]
    assert twice_at_once(reconciler) == {**NOTHING, "stalled_runs": 10}
    assert sorted(starts.runs) == sorted((chat.chat_id, 2) for chat in dead)
    assert {chats.get(ACME, chat.chat_id).run_no for chat in dead} == {2}
    assert reconciler.run() == NOTHING


def test_a_chat_is_stuck_when_nothing_is_done_for_ten_minutes(
    database: Documents, new_chat: NewChat, clock: Clock
) -> None:
    stuck = StuckChats(MongoUnfinished(database), clock)
    dead_worker(new_chat, database)
    waiting(new_chat, form("f", expires_at=now() + SECOND))
    new_chat(run_claimed_at=now(), run_started=True, lease_left_at=now())
    clock.ahead = STUCK_AFTER
    assert stuck.count() == 1, "the dead worker's"
    clock.ahead = STUCK_AFTER + 2 * SECOND
    assert stuck.count() == 2, "and the request that is over"


def test_a_worker_that_comes_back_too_late_finds_its_run_gone(
    reconciler: Reconciler, chats: MongoChats, database: Documents, new_chat: NewChat
) -> None:
    chat = dead_worker(new_chat, database)
    reconciler.run()
    assert chats.renew(ACME, chat.chat_id, Lease("dead", now() + SECOND)) is None
    assert chats.acquire(ACME, chat.chat_id, 1, Lease("late", now() + SECOND), now()) is None
    assert chats.acquire(ACME, chat.chat_id, 2, Lease("new", now() + SECOND), now()) is not None


def test_a_worker_that_is_only_slow_keeps_its_run(
    reconciler: Reconciler, database: Documents, new_chat: NewChat
) -> None:
    dead_worker(new_chat, database, since=LEASE_GRACE - timedelta(seconds=30))
    assert reconciler.run() == NOTHING


def test_a_run_between_two_slices_whose_execution_is_gone_goes_on(
    reconciler: Reconciler, chats: MongoChats, new_chat: NewChat, starts: Starts, clock: Clock
) -> None:
    chat = new_chat(run_claimed_at=now())
    chats.acquire(ACME, chat.chat_id, 1, Lease("t", now() + SECOND), now())
    chats.transact(ACME, chat.chat_id, lambda _: Change({"lease": None}))
    clock.ahead = IDLE_GRACE - timedelta(seconds=10)
    assert reconciler.run() == NOTHING
    clock.ahead = IDLE_GRACE + SECOND
    assert reconciler.run() == {**NOTHING, "stalled_runs": 1}
    assert starts.runs == [(chat.chat_id, 2)]


def test_an_execution_that_died_before_its_first_slice_is_replaced(
    reconciler: Reconciler, new_chat: NewChat, starts: Starts
) -> None:
    chat = new_chat(run_claimed_at=now() - START_GRACE - SECOND)
    done = reconciler.run()
    assert (done["stalled_runs"], done["lost_starts"]) == (1, 0)
    assert starts.runs == [(chat.chat_id, 2)]


def test_a_dead_run_that_was_to_be_cancelled_is(
    reconciler: Reconciler, chats: MongoChats, database: Documents, new_chat: NewChat, starts: Starts
) -> None:
    chat = dead_worker(new_chat, database)
    database["chat_sessions"].update_one({"_id": chat.chat_id}, {"$set": {"cancel_requested": True}})
    assert twice_at_once(reconciler) == {**NOTHING, "stalled_runs": 1}
    assert chats.get(ACME, chat.chat_id).status is ChatStatus.CANCELLED
    assert starts.runs == []


def test_what_nobody_answered_in_time_expires_by_one_of_two(
    reconciler: Reconciler, chats: MongoChats, database: Documents, new_chat: NewChat, starts: Starts
) -> None:
    due = {"expires_at": now() - SECOND, "on_timeout": "default", "default": {"size": "S"}}
    made = [waiting(new_chat, form("f", **due), form("g", **due)) for _ in range(5)]
    assert twice_at_once(reconciler) == {**NOTHING, "expired_requests": 10}
    assert sorted(starts.runs) == sorted((chat.chat_id, 2) for chat in made)
    kept = MongoToolResults(database).read(ACME, made[0].chat_id, ["call_f:answer", "call_g:answer"])
    assert list(kept.values()) == [{"response": {"size": "S"}, "timed_out": True}] * 2
    assert {chats.get(ACME, chat.chat_id).last_seq for chat in made} == {4}


def test_silence_ends_a_chat_that_must_be_answered_and_a_late_answer_hears_so(
    reconciler: Reconciler, chats: MongoChats, database: Documents, new_chat: NewChat
) -> None:
    chat = waiting(new_chat, form("f", expires_at=now() - SECOND), form("g"))
    assert twice_at_once(reconciler) == {**NOTHING, "expired_requests": 1}
    assert chats.get(ACME, chat.chat_id).status is ChatStatus.TIMED_OUT
    log = [event.type for event in MongoEventLog(database).after(ACME, chat.chat_id, 0, 10)]
    assert log[0] == "chat.input_timeout"
    assert log[-1] == "chat.run_complete"


def test_days_of_patience_end_at_their_deadline(
    reconciler: Reconciler, chats: MongoChats, new_chat: NewChat, clock: Clock
) -> None:
    chat = waiting(new_chat, form("f", expires_at=now() + timedelta(days=3), on_timeout="default"))
    clock.ahead = timedelta(days=2, hours=23)
    assert reconciler.run() == NOTHING
    clock.ahead = timedelta(days=3, seconds=1)
    assert reconciler.run() == {**NOTHING, "expired_requests": 1}
    assert chats.get(ACME, chat.chat_id).status is ChatStatus.RUNNING


def test_an_answer_and_an_expiry_at_once_come_to_one_end(
    reconciler: Reconciler, chats: MongoChats, database: Documents, new_chat: NewChat
) -> None:
    for _ in range(10):
        chat = waiting(new_chat, form("f", expires_at=now() - SECOND, on_timeout="default", default="none"))

        def answer(chat: Chat = chat) -> str:
            try:
                return str(reconciler.service.answer(Principal("acme", "ann"), chat.chat_id, "f", "mine")["status"])
            except MozaiksError as error:
                return error.code

        with ThreadPoolExecutor(2) as pool:
            answered = pool.submit(answer)
            expired = pool.submit(reconciler.service.expire_due, chat)
            outcome = (answered.result(), expired.result())
        (kept,) = MongoToolResults(database).read(ACME, chat.chat_id, ["call_f:answer"]).values()
        won = {"mine": ("completed", 0), "none": ("REQUEST_NOT_OPEN", 1)}
        assert outcome == won[kept["response"]]
        assert chats.get(ACME, chat.chat_id).run_no == 2


def test_connections_past_their_life_are_removed_once(reconciler: Reconciler, database: Documents) -> None:
    connections = MongoConnections(database)
    for n in range(20):
        expires = now() + timedelta(minutes=10 if n % 2 else -10)
        connections.add(Connection(str(n), "acme", "ann", "c1", frozenset(), now(), expires))
    # The server's own janitor may come between: what it took is nobody's to count.
    assert twice_at_once(reconciler)["expired_connections"] <= 10
    assert database["connections"].count_documents({}) == 10


def test_a_batch_is_bounded_and_the_rest_is_found_the_next_time(
    chats: MongoChats, database: Documents, new_chat: NewChat
) -> None:
    for _ in range(3):
        waiting(new_chat, form("f", expires_at=now() - SECOND))
    unfinished = MongoUnfinished(database)
    assert len(unfinished.due_requests(now(), 2)) == 2
    assert len(unfinished.due_requests(now(), 10)) == 3


def test_one_repair_that_fails_stops_no_other(
    reconciler: Reconciler, database: Documents, new_chat: NewChat, starts: Starts
) -> None:
    dead_worker(new_chat, database)
    starts.down = True
    waiting(new_chat, form("f", expires_at=now() - SECOND))
    done = reconciler.run()
    assert (done["failed"], done["expired_requests"]) == (1, 1)
