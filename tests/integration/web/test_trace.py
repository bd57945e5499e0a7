"""The trace of a chat over HTTP: read from its log, for its own user."""

from __future__ import annotations

from datetime import datetime

from fastapi.testclient import TestClient

from mozaiks.access.principal import Tenant
from mozaiks.bootstrap import Parts
from mozaiks.chats.changes import Change
from mozaiks.chats.events import NewEvent
from mozaiks.chats.states import ChatStatus
from mozaiks.usage.slices import SliceNote

from .conftest import Start


def test_a_chat_is_traced_part_by_part(api: TestClient, parts: Parts, start: Start) -> None:
    chat_id = start()["chat_id"]
    spoken = [NewEvent("chat.select_speaker", {"agent": name}, agent=name) for name in ("Host", "Aide", "Host")]
    parts.chats.transact(Tenant("acme"), chat_id, lambda _: Change(events=tuple(spoken)))
    path = f"/api/chats/acme/greeter/{chat_id}/trace"
    first = api.get(path, params={"user_id": "ann", "limit": 4}).json()
    assert [turn["agent"] for turn in first["turns"]] == ["Host", "Aide"]
    assert (first["workflow_name"], first["status"], first["has_more"]) == ("Greeter", "waiting", True)
    assert [(wait["kind"], wait["outcome"]) for wait in first["waits"]] == [("input", None)]
    assert first["not_known"]
    second = api.get(path, params={"user_id": "ann", "after": first["next_after"]}).json()
    assert ([turn["agent"] for turn in second["turns"]], second["has_more"]) == (["Host"], False)


def test_a_trace_of_a_chat_that_is_not_there(api: TestClient, start: Start) -> None:
    chat_id = start()["chat_id"]
    for user, id_ in (("bob", chat_id), ("ann", "c" * 32)):
        answer = api.get(f"/api/chats/acme/Greeter/{id_}/trace", params={"user_id": user})
        assert (answer.status_code, answer.json()["code"]) == (404, "CHAT_NOT_FOUND")


def test_a_slice_is_told_with_the_part_of_the_log_in_whose_time_it_began(
    api: TestClient, parts: Parts, start: Start
) -> None:
    chat_id = start()["chat_id"]

    def slice_(no: int, began_at: datetime) -> None:
        spoken = NewEvent("chat.select_speaker", {"agent": "Host"}, agent="Host")
        change = Change({"status": ChatStatus.RUNNING}, (spoken,), slice_=SliceNote(no, began_at, 1, 20, "continue"))
        parts.chats.transact(Tenant("acme"), chat_id, lambda _: change)

    parts.chats.transact(Tenant("acme"), chat_id, lambda _: Change({"status": ChatStatus.RUNNING}))
    slice_(1, parts.service.clock())
    path = f"/api/chats/acme/greeter/{chat_id}/trace"
    first = api.get(path, params={"user_id": "ann"}).json()
    slice_(2, parts.service.clock())
    whole = api.get(path, params={"user_id": "ann"}).json()
    assert [(each["number"], each["outcome"], each["model_ms"]) for each in whole["slices"]] == [
        (1, "continue", 20),
        (2, "continue", 20),
    ]
    before = whole["next_after"] - 1
    older = api.get(path, params={"user_id": "ann", "limit": before}).json()
    newer = api.get(path, params={"user_id": "ann", "after": before}).json()
    assert [each["number"] for each in older["slices"] + newer["slices"]] == [1, 2]
    assert [each["number"] for each in first["slices"]] == [1]
    at_the_end = api.get(path, params={"user_id": "ann", "after": before + 1}).json()
    assert at_the_end["slices"] == []
