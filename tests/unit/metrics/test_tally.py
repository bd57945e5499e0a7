"""What a process counts until it is written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from pymongo import MongoClient

from mozaiks.metrics import REPEAT_SECONDS, Metric, Tally
from mozaiks.store.pool_watch import PoolWatch
from session_mongod import DatabaseServer

PUSH, STUCK = Metric.PUSH_FAILURES, Metric.STUCK_CHATS


def test_what_was_counted_is_given_once() -> None:
    tally = Tally()
    tally.count(PUSH)
    tally.count(PUSH, 2)
    assert tally.take(0) == {PUSH: 3}
    assert tally.take(1) == {}


def test_threads_count_together() -> None:
    tally = Tally()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: [tally.count(PUSH) for _ in range(500)], range(8)))
    assert tally.take(0) == {PUSH: 4000}


def test_a_level_is_told_when_it_changes_and_once_a_minute() -> None:
    tally = Tally()
    tally.level(STUCK, 0)
    assert tally.take(0) == {STUCK: 0}
    assert tally.take(REPEAT_SECONDS - 1) == {}
    tally.level(STUCK, 2)
    assert tally.take(REPEAT_SECONDS - 1) == {STUCK: 2}
    assert tally.take(2 * REPEAT_SECONDS) == {STUCK: 2}


def test_connections_of_the_driver_are_counted_and_counted_off(mongod: DatabaseServer) -> None:
    tally = Tally()
    with MongoClient(mongod.uri, event_listeners=[PoolWatch(tally)]) as client:
        client.admin.command("ping")
        assert tally.take(0)[Metric.MONGO_CONNECTIONS] >= 1
    assert tally.take(1) == {Metric.MONGO_CONNECTIONS: 0}
