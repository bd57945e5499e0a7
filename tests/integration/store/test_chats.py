"""The transaction that changes a chat: all or nothing, in order, once, and only for its tenant."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from mozaiks.access.principal import Tenant
from mozaiks.bootstrap import now
from mozaiks.chats.changes import Change, CommandRecord, HistoryEntry
from mozaiks.chats.decisions import user_text
from mozaiks.chats.positions import Position
from mozaiks.chats.states import Chat, ChatStatus, Lease
from mozaiks.errors import MozaiksError
from mozaiks.store.chats import MongoChats
from mozaiks.store.events import MongoEventLog
from mozaiks.store.histories import MongoHistories

NewChat = Callable[..., Chat]
Documents = Database[dict[str, Any]]


def say(text: str, message_id: str = "m") -> Change:
    return Change(events=(user_text(text, message_id),), says=0)


def test_a_chat_is_read_back_as_it_was_stored(chats: MongoChats, new_chat: NewChat, ann: Tenant) -> None:
    stored = new_chat(state={"a": {"$set": 1, "x.y": "\x00", "big": 2**80, "half": "\ud800"}})
    assert chats.get(ann, stored.chat_id) == stored


def test_events_take_the_next_places_of_the_log(
    chats: MongoChats, database: Documents, new_chat: NewChat, ann: Tenant
) -> None:
    chat = new_chat()
    chats.transact(ann, chat.chat_id, lambda _: Change(events=(user_text("a", "1"), user_text("b", "2"))))
    after = chats.transact(ann, chat.chat_id, lambda _: say("c")).chat
    log = MongoEventLog(database).after(ann, chat.chat_id, 0, 10)
    assert [(event.seq, event.data["content"]) for event in log] == [(1, "a"), (2, "b"), (3, "c")]
    assert (after.last_seq, after.inbox_seq) == (3, 3)


def test_many_writers_leave_no_gap_and_no_repeat(
    chats: MongoChats, database: Documents, new_chat: NewChat, ann: Tenant
) -> None:
    chat = new_chat()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: chats.transact(ann, chat.chat_id, lambda _: say(str(n))), range(64)))
    log = MongoEventLog(database).after(ann, chat.chat_id, 0, 100)
    assert [event.seq for event in log] == list(range(1, 65))
    assert sorted(int(event.data["content"]) for event in log) == list(range(64))


def test_a_writer_whose_chat_another_one_holds_gives_up_in_time_and_may_try_again(
    chats: MongoChats, database: Documents, new_chat: NewChat, ann: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = new_chat()
    with database.client.start_session() as session, session.start_transaction(), monkeypatch.context() as patch:
        patch.setattr("mozaiks.store.chats.TRANSACTION_SECONDS", 0.3)
        held = {"_id": chat.chat_id, "app_id": chat.app_id}
        database["chat_sessions"].update_one(held, {"$set": {"run_no": 7}}, session=session)
        with pytest.raises(MozaiksError) as refused:
            chats.transact(ann, chat.chat_id, lambda _: say("kept out"))
        session.abort_transaction()
    assert (refused.value.code, refused.value.retryable) == ("DATABASE_UNAVAILABLE", True)
    assert [event.seq for event in chats.transact(ann, chat.chat_id, lambda _: say("through")).events] == [1]


def test_a_change_that_cannot_be_decided_writes_nothing(
    chats: MongoChats, database: Documents, new_chat: NewChat, ann: Tenant
) -> None:
    chat = new_chat()

    def refuse(_: Chat) -> Change:
        raise MozaiksError("CHAT_BUSY", "no")

    with pytest.raises(MozaiksError):
        chats.transact(ann, chat.chat_id, refuse)
    assert chats.get(ann, chat.chat_id) == chat


def test_a_change_that_fails_half_way_writes_nothing(
    chats: MongoChats, database: Documents, new_chat: NewChat, ann: Tenant
) -> None:
    chat = new_chat()
    entry = HistoryEntry("A", 0, {"kind": "request", "text": "x"})
    chats.transact(ann, chat.chat_id, lambda _: Change(history=(entry,)))
    before = chats.get(ann, chat.chat_id)
    with pytest.raises(Exception, match="duplicate key"):
        chats.transact(ann, chat.chat_id, lambda _: Change(events=(user_text("lost", "1"),), history=(entry,)))
    assert chats.get(ann, chat.chat_id) == before
    assert MongoEventLog(database).after(ann, chat.chat_id, 0, 10) == []


def test_histories_keep_their_order(chats: MongoChats, database: Documents, new_chat: NewChat, ann: Tenant) -> None:
    chat = new_chat()
    entries = tuple(HistoryEntry("A", n, {"kind": "request", "text": str(n)}) for n in range(3))
    chats.transact(ann, chat.chat_id, lambda _: Change(history=entries))
    stored = MongoHistories(database).read(Tenant("acme"), chat.chat_id, "A", 10)
    assert [entry["text"] for entry in stored] == ["0", "1", "2"]


def test_a_repeated_command_gets_the_first_answer_and_is_not_decided_again(
    chats: MongoChats, new_chat: NewChat, ann: Tenant
) -> None:
    chat = new_chat()

    def take(_: Chat) -> Change:
        return Change(events=(user_text("hi", "m1"),), command=CommandRecord("say", {"n": 1}))

    def never(_: Chat) -> Change:
        raise AssertionError("decided twice")

    first = chats.transact(ann, chat.chat_id, take, command_ids=["m1"])
    again = chats.transact(ann, chat.chat_id, never, command_ids=["m1"])
    assert first.answer == again.answer == {"n": 1}
    assert again.chat.last_seq == 1


def test_a_command_that_comes_eight_times_at_once_takes_effect_once(
    chats: MongoChats, database: Documents, new_chat: NewChat, ann: Tenant
) -> None:
    chat = new_chat()

    def take(at: Chat) -> Change:
        return Change(events=(user_text("hi", "m1"),), command=CommandRecord("say", {"seq": at.last_seq + 1}))

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: chats.transact(ann, chat.chat_id, take, command_ids=["m1"]).answer["seq"], range(8))
        )
    assert answers == [1] * 8
    assert len(MongoEventLog(database).after(ann, chat.chat_id, 0, 10)) == 1


def test_one_request_makes_one_chat_however_often_it_comes_at_once(new_chat: NewChat) -> None:
    def start(n: int) -> str:
        try:
            return new_chat(chat_id=f"race{n}", client_request_id="r1").chat_id
        except MozaiksError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(start, range(8)))
    assert sorted(outcomes)[:7] == ["IDEMPOTENCY_MISMATCH"] * 7


def test_the_same_request_id_of_another_user_is_another_request(new_chat: NewChat) -> None:
    new_chat(client_request_id="r1")
    assert new_chat(client_request_id="r1", user_id="bob").user_id == "bob"


def lease(token: str, seconds: float) -> Lease:
    return Lease(token, now() + timedelta(seconds=seconds))


def test_a_held_chat_is_not_given_to_another_worker(chats: MongoChats, new_chat: NewChat, ann: Tenant) -> None:
    chat = new_chat()
    first = chats.acquire(ann, chat.chat_id, 1, lease("a", 30), now())
    assert first is not None
    assert first.run_started
    assert chats.acquire(ann, chat.chat_id, 1, lease("b", 30), now()) is None


def test_an_expired_lease_is_given_to_another_worker(chats: MongoChats, new_chat: NewChat, ann: Tenant) -> None:
    chat = new_chat()
    assert chats.acquire(ann, chat.chat_id, 1, lease("a", -1), now()) is not None
    assert chats.acquire(ann, chat.chat_id, 1, lease("b", 30), now()) is not None
    assert chats.renew(ann, chat.chat_id, lease("a", 30)) is None


def test_of_eight_workers_one_gets_the_chat(chats: MongoChats, new_chat: NewChat, ann: Tenant) -> None:
    chat = new_chat()
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda n: chats.acquire(ann, chat.chat_id, 1, lease(str(n), 30), now()), range(8)))
    assert sum(each is not None for each in got) == 1


def test_a_trigger_of_an_earlier_run_gets_nothing(chats: MongoChats, new_chat: NewChat, ann: Tenant) -> None:
    chat = new_chat(run_no=2)
    assert chats.acquire(ann, chat.chat_id, 1, lease("a", 30), now()) is None


@pytest.mark.parametrize("other", [Tenant("evil", "ann"), Tenant("acme", "bob"), Tenant("evil")])
def test_for_another_tenant_a_chat_is_exactly_as_if_it_were_missing(
    chats: MongoChats, database: Documents, new_chat: NewChat, other: Tenant
) -> None:
    chat = new_chat(client_request_id="r1")

    def never(_: Chat) -> Change:
        raise AssertionError("another tenant's chat was shown")

    def answer(chat_id: str) -> list[object]:
        outcomes: list[object] = []
        for call in (lambda: chats.get(other, chat_id), lambda: chats.transact(other, chat_id, never)):
            with pytest.raises(MozaiksError) as caught:
                call()
            outcomes.append((caught.value.code, caught.value.message.replace(chat_id, "ID")))
        outcomes.append(chats.acquire(other, chat_id, 1, lease("x", 30), now()))
        outcomes.append(chats.renew(other, chat_id, lease("x", 30)))
        outcomes.append(MongoEventLog(database).after(other, chat_id, 0, 10))
        return outcomes

    assert answer(chat.chat_id) == answer("missing")
    assert chats.started_by(other, "W", "r1") is None
    assert chats.page(other, "W", limit=10, before=None, status=None) == []
    assert chats.get(Tenant("acme", "ann"), chat.chat_id) == chat


def test_pages_go_from_the_newest_to_the_oldest(chats: MongoChats, new_chat: NewChat, ann: Tenant) -> None:
    made = [new_chat().chat_id for _ in range(5)]
    first = chats.page(ann, "W", limit=2, before=None, status=None)
    second = chats.page(ann, "W", limit=2, before=Position.after(first[-1]), status=None)
    third = chats.page(ann, "W", limit=2, before=Position.after(second[-1]), status=None)
    assert [chat.chat_id for page in (first, second, third) for chat in page] == made[::-1]


def test_an_unreachable_database_is_said_so() -> None:
    from mozaiks.settings import Settings
    from mozaiks.store.client import connect

    gone = connect(
        Settings(mongodb_uri="mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200", mongodb_timeout_seconds=0.3)  # type: ignore[arg-type]
    )
    with pytest.raises(MozaiksError) as caught:
        MongoChats(gone, now).get(Tenant("acme"), "c1")
    assert caught.value.code == "DATABASE_UNAVAILABLE"
    assert "127.0.0.1" not in caught.value.message


def test_chats_that_ended_are_not_untouched(chats: MongoChats, new_chat: NewChat, ann: Tenant) -> None:
    new_chat(status=ChatStatus.COMPLETED)
    untouched = new_chat(status=ChatStatus.CREATED, run_no=0)
    found = chats.untouched(ann, "W")
    assert found is not None
    assert found.chat_id == untouched.chat_id
