"""A service is told of each run that is over: signed, at least once, again until it takes it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from mozaiks.flow.webhook import Webhook
from mozaiks.settings import Settings
from mozaiks.store.reports import MongoReports
from mozaiks.store.stats import MongoStats
from mozaiks.usage import reporting
from mozaiks.usage.repairs import UsageRepairs
from mozaiks.usage.reporting import Reporter

from .conftest import Service

SECRET = "a secret of thirty-two bytes or more"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
Ended = Callable[..., str]


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ended(database: Database[dict[str, Any]]) -> Ended:
    """Stores a run that is over and not counted yet."""

    def store(run_no: int = 1, **fields: Any) -> str:
        row = {
            "agent": "Host", "model": "m", "model_calls": 1, "prompt_tokens": 10, "completion_tokens": 4,
            "cached_tokens": 2, "reasoning_tokens": 1, "total_tokens": 14, "cost_nanousd": 7, "unpriced_calls": 0,
        }  # fmt: skip
        document = {
            "_id": f"chat1-r{run_no}", "app_id": "acme", "user_id": "ann", "chat_id": "chat1", "root_chat_id": "chat1",
            "journey_run_id": None, "workflow_name": "W", "run_no": run_no, "day": "2026-03-01", "started_at": START,
            "ended_at": START, "status": "waiting", "turns": 1, "duration_ms": 20, "rows": [row], "uncounted": True,
            **fields,
        }  # fmt: skip
        database["run_usage"].insert_one(document)
        return str(document["_id"])

    return store


@pytest.fixture
def repairs(database: Database[dict[str, Any]], service: Service, clock: Clock) -> UsageRepairs:
    reporter = Reporter(MongoReports(database), Webhook(service.url), SECRET, clock)
    return UsageRepairs(MongoStats(database, clock, reports=True), reporter)


def test_a_run_that_is_over_is_told_with_what_it_spent(repairs: UsageRepairs, service: Service, ended: Ended) -> None:
    ended()
    assert repairs.run() == {"counted_runs": 1, "told_runs": 1, "failed": 0}
    ((headers, body),) = service.heard
    told = json.loads(body)
    assert (told["type"], told["id"], headers["X-Mozaiks-Event-Id"]) == ("usage.run", "chat1-r1", "chat1-r1")
    assert (told["app_id"], told["user_id"], told["chat_id"], told["run_no"]) == ("acme", "ann", "chat1", 1)
    assert (told["total_tokens"], told["cost_usd"], told["unpriced_models"]) == (14, 7e-9, [])
    assert told["calls"][0]["agent"] == "Host"
    assert service.paths == ["/usage?team=a"]


def test_what_is_told_is_signed_with_its_time(repairs: UsageRepairs, service: Service, ended: Ended) -> None:
    ended()
    repairs.run()
    ((headers, body),) = service.heard
    moment = headers["X-Mozaiks-Timestamp"]
    expected = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Mozaiks-Signature"] == f"v1={expected}"
    assert moment == str(int(START.timestamp()))


def test_what_was_taken_is_not_told_again(repairs: UsageRepairs, service: Service, ended: Ended, clock: Clock) -> None:
    ended()
    repairs.run()
    clock.now += timedelta(days=1)
    repairs.run()
    assert len(service.heard) == 1


def test_what_was_not_taken_is_told_again_later_and_later(
    repairs: UsageRepairs, service: Service, ended: Ended, clock: Clock
) -> None:
    ended()
    service.answers = [503, 500, 200]
    repairs.run()
    repairs.run()
    assert len(service.heard) == 1
    clock.now += timedelta(seconds=60)
    repairs.run()
    clock.now += timedelta(seconds=60)
    repairs.run()
    assert len(service.heard) == 2
    clock.now += timedelta(seconds=60)
    assert repairs.run()["told_runs"] == 1
    assert len({headers["X-Mozaiks-Event-Id"] for headers, _ in service.heard}) == 1
    assert len({body for _, body in service.heard}) == 1


def test_a_service_that_is_away_is_told_when_it_is_back(
    database: Database[dict[str, Any]], service: Service, ended: Ended, clock: Clock, repairs: UsageRepairs
) -> None:
    ended()
    away = Reporter(MongoReports(database), Webhook("http://127.0.0.1:9/none"), SECRET, clock)
    assert UsageRepairs(MongoStats(database, clock, reports=True), away).run()["failed"] == 1
    clock.now += timedelta(minutes=1)
    assert repairs.run()["told_runs"] == 1


def test_a_redirect_is_not_followed(repairs: UsageRepairs, service: Service, ended: Ended) -> None:
    ended()
    service.answers = [307]
    assert repairs.run()["failed"] == 1
    assert service.paths == ["/usage?team=a"]


def test_a_worker_that_dies_while_it_tells_leaves_it_to_another(
    database: Database[dict[str, Any]], repairs: UsageRepairs, service: Service, ended: Ended, clock: Clock
) -> None:
    ended()
    MongoStats(database, clock, reports=True).count(10)
    assert MongoReports(database).take_due(clock()) is not None
    assert repairs.run()["told_runs"] == 0
    clock.now += timedelta(minutes=3)
    assert repairs.run()["told_runs"] == 1


def test_what_nobody_ever_takes_is_given_up(
    database: Database[dict[str, Any]],
    repairs: UsageRepairs,
    service: Service,
    ended: Ended,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reporting, "MAX_ATTEMPTS", 2)
    ended()
    service.answers = [500]
    for _ in range(4):
        repairs.run()
        clock.now += timedelta(days=1)
    assert len(service.heard) == 2
    left = database["run_usage"].find_one({})
    assert left is not None
    assert "given_up_at" in left["report"]


def test_without_an_address_nothing_is_due(database: Database[dict[str, Any]], ended: Ended, clock: Clock) -> None:
    ended()
    assert UsageRepairs(MongoStats(database, clock), None).run() == {"counted_runs": 1, "told_runs": 0, "failed": 0}
    assert MongoReports(database).take_due(clock()) is None


def test_a_run_that_is_going_is_told_to_nobody(repairs: UsageRepairs, service: Service, ended: Ended) -> None:
    ended(ended_at=None)
    assert repairs.run()["told_runs"] == 0
    assert service.heard == []


@pytest.mark.parametrize("url", ["http://billing.example.com/x", "ftp://h/", "file:///etc/passwd"])
def test_a_deployment_takes_no_address_but_https(url: str) -> None:
    with pytest.raises(ValueError, match="USAGE_WEBHOOK_URL"):
        Settings(
            stage="prod",
            jwt_secret="0" * 32,
            allowed_issuers="us",
            usage_webhook_url=url,  # type: ignore[arg-type]
        )


def test_a_secret_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="USAGE_WEBHOOK_SECRET has 5 bytes"):
        Settings(usage_webhook_secret="short")  # type: ignore[arg-type]
