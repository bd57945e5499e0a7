"""Answers as they are stored: once, whole, by whoever was first, and for their tenant alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from mozaiks.access.kms import KmsCipher
from mozaiks.access.principal import Principal, Tenant
from mozaiks.access.secrets import Secrets
from mozaiks.bootstrap import now
from mozaiks.chats.changes import Change, KeptResult
from mozaiks.chats.commands import ComponentAction, SubmitInput
from mozaiks.chats.endings import Endings
from mozaiks.chats.events import Event
from mozaiks.chats.requests import announce
from mozaiks.chats.service import ChatService
from mozaiks.chats.states import Chat, ChatStatus, Greeting, PendingInput, pending_input
from mozaiks.errors import MozaiksError
from mozaiks.journeys.standing import JourneyStanding
from mozaiks.store.chats import MongoChats
from mozaiks.store.drafts import MongoDrafts
from mozaiks.store.events import MongoEventLog
from mozaiks.store.journeys import MongoJourneys
from mozaiks.store.secrets import MongoSecrets
from mozaiks.store.tool_results import MongoToolResults

NewChat = Callable[..., Chat]
Documents = Database[dict[str, Any]]
ANN = Principal("acme", "ann")
ODD: Any = {"$set": {"a.b": None}, "\x00": "\ud800", "big": 2**80, "list": [[{}]]}


class Starts:
    """Takes the starts of runs and the events to push, and keeps them."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, int]] = []
        self.events: list[Event] = []

    def start(self, _app_id: str, chat_id: str, run_no: int) -> None:
        self.runs.append((chat_id, run_no))

    def succeed(self, token: str, outcome: Mapping[str, str]) -> bool:
        raise AssertionError("no execution waits for these chats")

    def publish(self, _chat: Chat, events: Any) -> None:
        self.events.extend(events)


@pytest.fixture
def starts() -> Starts:
    return Starts()


@pytest.fixture
def service(chats: MongoChats, database: Documents, starts: Starts) -> ChatService:
    return ChatService(
        chats=chats,
        events=MongoEventLog(database),
        secrets=Secrets(MongoSecrets(database), KmsCipher(None), now),
        drafts=MongoDrafts(database),
        outbox=starts,
        runs=starts,
        endings=Endings(chats, starts, {}),
        journeys=JourneyStanding(lambda: MongoJourneys(database, now)),
        clock=now,
    )


def form(request_id: str = "f1", **fields: Any) -> PendingInput:
    call = {"tool_name": "pick", "tool_call_id": f"call_{request_id}"}
    return pending_input("ui_tool", request_id=request_id, **{**call, **fields})


@pytest.fixture
def waiting(new_chat: NewChat) -> NewChat:
    def make(*requests: PendingInput, **fields: Any) -> Chat:
        return new_chat(
            **{"status": ChatStatus.WAITING, "waiting_for": requests[0]["kind"], "pending": requests, **fields}
        )

    return make


def test_a_request_is_read_back_as_it_was_stored(chats: MongoChats, waiting: NewChat, ann: Tenant) -> None:
    requests = (
        form(payload=ODD, schema=ODD, default=ODD, agent="A", component="C", mode="modal", on_timeout="default"),
        form("f2", expires_at=datetime(2030, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)),
        pending_input(prompt="\ud800\x00$"),
    )
    stored = waiting(*requests)
    assert chats.get(ann, stored.chat_id).pending == requests


def test_a_chat_with_everything_new_is_read_back_as_it_was_stored(
    chats: MongoChats, new_chat: NewChat, ann: Tenant
) -> None:
    stored = new_chat(
        greeting=Greeting("UserDriven", "Host", writable={"a.b": "str", "$x": "any"}),
        context_inbox={"$x": ODD},
        interrupt_requested=True,
        lease_left_at=datetime(2026, 1, 1, tzinfo=UTC),
        last_artifact={"event_id": "e", "tool_name": "t", "component": None, "seq": 3, "payload": ODD},
    )
    assert chats.get(ann, stored.chat_id) == stored


def test_a_chat_of_the_first_version_is_read(
    chats: MongoChats, database: Documents, new_chat: NewChat, ann: Tenant
) -> None:
    chat = new_chat(status=ChatStatus.WAITING)
    later = ["interrupt_requested", "lease_left_at", "context_inbox", "last_artifact", "greeting.writable"]
    asked = [{"request_id": "r", "kind": "input", "agent": "A", "prompt": "?"}]
    database["chat_sessions"].update_one(
        {"_id": chat.chat_id}, {"$unset": dict.fromkeys(later, ""), "$set": {"pending": asked}}
    )
    found = chats.get(ann, chat.chat_id)
    assert found.pending == (pending_input(request_id="r", agent="A", prompt="?"),)
    assert (found.context_inbox, found.greeting.writable, found.last_artifact) == ({}, {}, None)


def test_an_answer_is_kept_with_the_change_that_closes_its_request(
    service: ChatService, database: Documents, waiting: NewChat, starts: Starts
) -> None:
    chat = waiting(form())
    told = service.answer(ANN, chat.chat_id, "f1", ODD)
    assert (told["accepted"], told["status"], told["queued"]) == (True, "completed", False)
    kept = MongoToolResults(database).read(Tenant("acme"), chat.chat_id, ["call_f1:answer"])
    assert kept == {"call_f1:answer": {"response": ODD, "timed_out": False}}
    after = service.get(ANN, chat.chat_id)
    assert (after.status, after.run_no, after.pending) == (ChatStatus.RUNNING, 2, ())
    assert starts.runs == [(chat.chat_id, 2)]
    assert [event.type for event in starts.events] == ["chat.ui_tool_complete"]


def test_the_first_result_of_a_call_counts_in_a_change_too(
    chats: MongoChats, database: Documents, new_chat: NewChat, ann: Tenant
) -> None:
    chat = new_chat()
    for n in (1, 2):
        change = Change(results=(KeptResult("c", "t", {"n": n}),))
        chats.transact(ann, chat.chat_id, lambda _, change=change: change)
    assert MongoToolResults(database).read(Tenant("acme"), chat.chat_id, ["c"]) == {"c": {"n": 1}}


def test_a_repeated_answer_gets_the_first_ones_and_so_does_another_later_one(
    service: ChatService, database: Documents, waiting: NewChat, starts: Starts
) -> None:
    chat = waiting(form())
    first = service.answer(ANN, chat.chat_id, "f1", "S")
    assert service.answer(ANN, chat.chat_id, "f1", "S") == first
    assert service.answer(ANN, chat.chat_id, "f1", "L") == first
    kept = MongoToolResults(database).read(Tenant("acme"), chat.chat_id, ["call_f1:answer"])
    assert kept["call_f1:answer"]["response"] == "S"
    assert service.get(ANN, chat.chat_id).last_seq == 1
    assert set(starts.runs) == {(chat.chat_id, 2)}


def test_an_approval_is_answered_once_whatever_comes_later(service: ChatService, waiting: NewChat) -> None:
    chat = waiting(pending_input("approval", request_id="a1", tool_name="pay", tool_call_id="c1"))
    first = service.approve(ANN, chat.chat_id, "a1", approved=False, reason="no")
    assert service.approve(ANN, chat.chat_id, "a1", approved=True) == first
    assert first["status"] == "denied"


@pytest.mark.parametrize("request_id", [None, "q1"])
def test_what_a_message_answered_is_answered_for_every_other_way(
    service: ChatService, waiting: NewChat, request_id: str | None
) -> None:
    chat = waiting(pending_input(request_id="q1"))

    def say(text: str, message_id: str, request_id: str | None) -> Any:
        command = SubmitInput(type="user.input.submit", text=text, client_message_id=message_id, request_id=request_id)
        return service.submit(ANN, chat.chat_id, command)

    first = say("Ann", "m1", request_id)
    assert first["request_id"] == "q1"
    assert say("Ann", "m1", request_id) == first
    assert say("Bob", "m2", "q1") == first
    assert service.answer(ANN, chat.chat_id, "q1", "Cid") == first
    assert service.get(ANN, chat.chat_id).last_seq == 2


def test_of_eight_answers_at_once_one_counts_and_all_hear_it(
    service: ChatService, database: Documents, waiting: NewChat, starts: Starts
) -> None:
    chat = waiting(form())
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda n: service.answer(ANN, chat.chat_id, "f1", n), range(8)))
    assert all(each == told[0] for each in told)
    after = service.get(ANN, chat.chat_id)
    assert (after.run_no, after.last_seq) == (2, 1)
    assert set(starts.runs) == {(chat.chat_id, 2)}
    assert database["tool_results"].count_documents({"chat_id": chat.chat_id}) == 1


def test_of_eight_requests_answered_at_once_the_last_one_resumes_the_chat_once(
    service: ChatService, database: Documents, waiting: NewChat, starts: Starts
) -> None:
    ids = [f"f{n}" for n in range(8)]
    chat = waiting(*map(form, ids))
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda id_: service.answer(ANN, chat.chat_id, id_, id_), ids))
    assert sorted(each["queued"] for each in told) == [False] + [True] * 7
    after = service.get(ANN, chat.chat_id)
    assert (after.status, after.run_no, after.last_seq, after.pending) == (ChatStatus.RUNNING, 2, 8, ())
    assert set(starts.runs) == {(chat.chat_id, 2)}
    assert database["tool_results"].count_documents({"chat_id": chat.chat_id}) == 8


def test_a_refused_answer_changes_nothing(service: ChatService, waiting: NewChat) -> None:
    chat = waiting(form(schema={"type": "integer"}))
    with pytest.raises(MozaiksError):
        service.answer(ANN, chat.chat_id, "f1", "no number")
    assert service.get(ANN, chat.chat_id) == chat
    assert service.answer(ANN, chat.chat_id, "f1", 1)["accepted"] is True


@pytest.mark.parametrize("other", [Principal("evil", "ann"), Principal("acme", "bob")])
def test_another_tenants_or_users_chat_is_answered_like_a_missing_one(
    service: ChatService, waiting: NewChat, other: Principal
) -> None:
    chat = waiting(form())
    action = ComponentAction(type="chat.component_action", component_id="c", action_type="a")

    def told(chat_id: str) -> list[tuple[str, str]]:
        found = []
        for call in (
            lambda: service.answer(other, chat_id, "f1", 1),
            lambda: service.approve(other, chat_id, "f1", approved=True),
            lambda: service.retry(other, chat_id),
            lambda: service.component_action(other, chat_id, action),
        ):
            with pytest.raises(MozaiksError) as caught:
                call()
            found.append((caught.value.code, caught.value.message.replace(chat_id, "ID")))
        return found

    assert told(chat.chat_id) == told("missing")
    assert {code for code, _ in told(chat.chat_id)} == {"CHAT_NOT_FOUND"}
    assert service.get(ANN, chat.chat_id) == chat


def test_an_answer_recorded_for_one_chat_is_none_for_another(service: ChatService, waiting: NewChat) -> None:
    one, two = waiting(form()), waiting(form())
    service.answer(ANN, one.chat_id, "f1", 1)
    assert [each["request_id"] for each in service.get(ANN, two.chat_id).pending] == ["f1"]


def test_variables_that_clients_set_gather_until_the_engine_takes_them(service: ChatService, new_chat: NewChat) -> None:
    greeting = Greeting("UserDriven", "Host", writable=dict.fromkeys("abcdefgh", "any"))
    chat = new_chat(greeting=greeting)

    def set_one(name: str) -> Any:
        action = ComponentAction(type="chat.component_action", component_id="c", action_type="a", set={name: ODD})
        return service.component_action(ANN, chat.chat_id, action)

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(set_one, "abcdefgh"))
    assert told[0] == {"component_id": "c", "action_type": "a", "applied": {"a": ODD}}
    assert service.get(ANN, chat.chat_id).context_inbox == dict.fromkeys("abcdefgh", ODD)


def test_an_artifact_is_remembered_by_the_write_that_shows_it(
    chats: MongoChats, service: ChatService, new_chat: NewChat, ann: Tenant
) -> None:
    chat = new_chat()
    first, second = (announce(form(id_, mode="artifact", payload={"n": id_})) for id_ in ("f1", "f2"))
    inline = announce(form("f3", mode="inline"))
    chats.transact(ann, chat.chat_id, lambda _: Change(events=(first, second, inline)))
    (meta, *_) = service.replay(ANN, chat.chat_id, 0)
    assert meta["data"]["last_artifact"] == {
        "event_id": "f2",
        "tool_name": "pick",
        "component": None,
        "seq": 2,
        "payload": {"n": "f2"},
    }


def test_a_failed_chat_is_tried_again_once(service: ChatService, new_chat: NewChat, starts: Starts) -> None:
    chat = new_chat(status=ChatStatus.FAILED, run_no=3)

    def retry(_: int) -> str:
        try:
            return str(service.retry(ANN, chat.chat_id).run_no)
        except MozaiksError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(retry, range(8)))
    assert sorted(told) == ["4"] + ["NOT_RETRYABLE"] * 7
    assert set(starts.runs) == {(chat.chat_id, 4)}
