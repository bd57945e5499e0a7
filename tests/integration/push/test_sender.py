"""What a worker says reaches every connection: in order, gathered, and without waiting for the slow ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pymongo.database import Database

from mozaiks.access.principal import Tenant
from mozaiks.bootstrap import now
from mozaiks.chats.events import Event
from mozaiks.metrics import TALLY, Metric
from mozaiks.push.connections import Connection
from mozaiks.push.delivery import MAX_FRAME_BYTES
from mozaiks.push.sender import ChatSender
from mozaiks.store.connections import MongoConnections
from mozaiks.store.drafts import MongoDrafts

Join = Callable[..., Connection]


def event(seq: int, content: str = "", *, agent: str | None = "Host", message_id: str = "m") -> Event:
    return Event(
        "c1", seq, f"e{seq}", "chat.text", now(), {"agent": agent, "content": content, "message_id": message_id}, agent
    )


def say(sender: ChatSender, text: str, *, message_id: str = "m1", agent: str = "Host") -> None:
    for offset, letter in enumerate(text):
        sender.delta(agent, message_id, offset, letter)


def merged(frames: list[dict[str, Any]]) -> str:
    text = ""
    for frame in frames:
        if frame["type"] == "chat.print":
            assert frame["data"]["offset"] == len(text)
            text += frame["data"]["content"]
    return text


def test_every_connection_gets_every_event_in_order(sender: ChatSender, api: Any, join: Join) -> None:
    join("a="), join("b=")
    sender.publish(event(seq) for seq in range(1, 30))
    sender.close()
    for connection_id in ("a=", "b="):
        assert [frame["seq"] for frame in api.frames[connection_id]] == list(range(1, 30))


def test_deltas_are_gathered_and_nothing_of_the_text_is_lost(sender: ChatSender, api: Any, join: Join) -> None:
    join("a=")
    text = "The quick brown fox. " * 20
    say(sender, text)
    sender.publish([event(1, text, message_id="m1")])
    sender.close()
    frames = api.frames["a="]
    assert merged(frames) == text
    assert frames[-1]["seq"] == 1
    assert len(frames) < 20


def test_the_first_delta_does_not_wait_for_others(sender: ChatSender, api: Any, join: Join) -> None:
    join("a=")
    say(sender, "Hello")
    sender.close()
    first = api.frames["a="][0]
    assert (first["data"]["offset"], first["data"]["content"]) == (0, "H")


def test_a_slow_connection_holds_up_neither_the_worker_nor_the_others(sender: ChatSender, api: Any, join: Join) -> None:
    join("slow="), join("fast=")
    api.delays["slow="] = 0.5
    sender.publish(event(seq) for seq in range(1, 5))
    while len(api.frames["fast="]) < 4:
        time.sleep(0.01)
    assert len(api.frames["slow="]) < 4


def test_a_connection_of_another_chat_that_follows_hears_the_same(
    sender: ChatSender, api: Any, join: Join, connections: MongoConnections
) -> None:
    own = join("own=")
    connections.add(replace(own, connection_id="other=", chat_id="c0", follows=("c1",)))
    connections.add(replace(own, connection_id="bobs=", user_id="bob", chat_id="c0", follows=("c1",)))
    sender.publish([event(1), event(2)])
    sender.close()
    assert [frame["seq"] for frame in api.frames["other="]] == [1, 2]
    assert api.frames["other="] == api.frames["own="]
    assert "bobs=" not in api.frames


def test_closing_leaves_a_dead_connection_behind_in_time(sender: ChatSender, api: Any, join: Join) -> None:
    join("dead="), join("fast=")
    api.delays["dead="] = 30
    sender.publish(event(seq) for seq in range(1, 4))
    sender.close()
    assert [frame["seq"] for frame in api.frames["fast="]] == [1, 2, 3]
    assert api.frames["dead="] == []


def test_a_connection_that_is_gone_is_removed(
    sender: ChatSender, api: Any, join: Join, connections: MongoConnections
) -> None:
    join("a="), join("b=")
    api.answers["a="] = [410]
    sender.publish([event(1), event(2)])
    sender.close()
    assert [each.connection_id for each in connections.of_chat(Tenant("acme"), "c1", now())] == ["b="]
    assert [frame["seq"] for frame in api.frames["b="]] == [1, 2]


def test_a_young_connection_that_is_gone_is_not_there_yet(
    sender: ChatSender, api: Any, join: Join, connections: MongoConnections
) -> None:
    join("a=", age=0)
    api.answers["a="] = [410, 410, 410]
    sender.publish([event(1)])
    sender.close()
    assert [frame["seq"] for frame in api.frames["a="]] == [1]
    assert connections.get("a=", now()) is not None


def test_throttling_and_faults_of_the_gateway_are_waited_out(sender: ChatSender, api: Any, join: Join) -> None:
    join("a=")
    api.answers["a="] = [429, 500, 429]
    sender.publish([event(1), event(2)])
    sender.close()
    assert [frame["seq"] for frame in api.frames["a="]] == [1, 2]


def test_who_connects_during_a_message_finds_in_the_draft_what_was_posted_before(
    sender: ChatSender, api: Any, join: Join, database: Database[dict[str, Any]]
) -> None:
    say(sender, "Once upon ")
    drafts = MongoDrafts(database)
    while (draft := drafts.read(Tenant("acme"), "c1")) is None or len(draft["content"]) < 10:
        time.sleep(0.01)
    join("late=")
    sender.delta("Host", "m1", 10, "a time")
    sender.close()
    (frame,) = api.frames["late="]
    assert draft["content"] + frame["data"]["content"] == "Once upon a time"


def test_the_final_text_ends_the_draft(sender: ChatSender, database: Database[dict[str, Any]], join: Join) -> None:
    join("a=")
    say(sender, "Hello")
    sender.publish([event(1, "Hello", message_id="m1")])
    sender.close()
    assert MongoDrafts(database).read(Tenant("acme"), "c1") is None


def test_a_hidden_agent_is_heard_by_holders_of_the_trace_scope_alone(sender: ChatSender, api: Any, join: Join) -> None:
    join("user="), join("trace=", scopes=("chat", "trace"))
    say(sender, "psst", agent="Ghost")
    sender.publish([event(1, "psst", agent="Ghost", message_id="m1")])
    sender.close()
    assert [frame["type"] for frame in api.frames["user="]] == ["chat.hidden"]
    assert merged(api.frames["trace="]) == "psst"
    assert api.frames["trace="][-1]["data"]["content"] == "psst"


def test_an_event_over_the_limit_is_replaced_by_a_reference(sender: ChatSender, api: Any, join: Join) -> None:
    join("a=")
    sender.publish([event(1, "x" * MAX_FRAME_BYTES), event(2, "y")])
    sender.close()
    first, second = api.frames["a="]
    assert (first["type"], first["seq"], first["data"]["oversize"]) == ("chat.text", 1, True)
    assert "content" not in first["data"]
    assert second["data"]["content"] == "y"


def test_what_does_not_arrive_is_counted(sender: ChatSender, api: Any, join: Join) -> None:
    join("a="), join("b=")
    api.answers["b="] = [413]
    TALLY.take(0)
    sender.publish([event(1), event(2)])
    sender.close()
    assert [frame["seq"] for frame in api.frames["b="]] == [2]
    assert TALLY.take(0)[Metric.PUSH_FAILURES] == 1


def test_a_post_that_is_given_up_is_counted(sender: ChatSender, api: Any, join: Join) -> None:
    join("a=")
    api.answers["a="] = [500] * 1000
    TALLY.take(0)
    sender.publish([event(1)])
    sender.close()
    assert TALLY.take(0)[Metric.PUSH_FAILURES] >= 1
