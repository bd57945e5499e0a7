"""Parents whose execution is gone: after a restart of the local stack, which forgets executions, they go on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mozaiks.bootstrap import Parts
from mozaiks.settings import Settings
from mozaiks.store.indexes import ensure_indexes
from mozaiks_local.demo_model import run_in_thread
from mozaiks_local.stack import LambdaLimits, LocalStack, StackConfig
from session_mongod import DatabaseServer

from .conftest import ROOT, House
from .families import Family
from .test_children import spawn, waiter

Restart = Callable[[], House]


@pytest.fixture
def restarted(tmp_path: Path, mongod: DatabaseServer) -> Iterator[Restart]:
    """Starts a stack on this test's database, in the place of the one before."""
    name = f"lost_{time.time_ns()}"
    (tmp_path / "workflows").mkdir()
    with ExitStack() as stack, run_in_thread(tmp_path / "workflows") as demo:
        parts = Parts(Settings(mongodb_uri=mongod.uri, mongodb_db_name=name))  # type: ignore[arg-type]
        ensure_indexes(parts.database)
        environment = {
            "MONGODB_URI": mongod.uri,
            "MOZAIKS_WORKFLOWS_PATH": str(tmp_path / "workflows"),
            "DEMO_MODEL_URL": demo.url,
        }

        def start() -> House:
            stack.close()
            config = StackConfig(
                template=ROOT / "template.yaml",
                data_dir=tmp_path / "data",
                port=0,
                parameters={"StageName": "local", "MongoDbName": name, "AuthEnabled": "false"},
                environment=environment,
                schedule=False,
                cache_dir=tmp_path / "cache",
                lambda_limits=LambdaLimits(event_retry_delays=(0.2, 0.2)),
            )
            return House(stack.enter_context(LocalStack(config)), demo, parts, tmp_path / "workflows")

        yield start
        stack.close()
        parts.database.client.drop_database(name)
        parts.database.client.close()


def long_ago(house: House) -> None:
    moment = datetime.now(UTC) - timedelta(minutes=2)
    house.parts.database["chat_sessions"].update_many({}, {"$set": {"updated_at": moment, "watched_at": None}})


def reconcile(house: House) -> dict[str, Any]:
    return dict(json.loads(house.stack.invoke("ReconcileFunction", {}).payload))


def test_a_parent_whose_execution_is_gone_gets_one_other_and_goes_on(restarted: Restart) -> None:
    house = restarted()
    family = Family(house)
    family.child("Sooner", startup_mode="BackendOnly")
    waiter(family, "Later")
    family.parent("Patient", "Sooner", "Later", startup_mode="BackendOnly")
    chat_id = spawn(house, "Patient")
    sooner, later = house.eventually(lambda: family.children(chat_id))
    family.until(later["chat_id"], "waiting")
    house.eventually(lambda: family.of_type(chat_id, "workflow_child_completed"))
    long_ago(house)
    assert reconcile(house)["lost_parents"] == 0, "its execution is there"

    house = restarted()
    family = Family(house)
    long_ago(house)
    with ThreadPoolExecutor(2) as pool:
        repaired = list(pool.map(lambda _: reconcile(house), range(2)))
    assert sorted(each["lost_parents"] for each in repaired) == [0, 1]
    assert [each["name"] for each in house.stack.executions()] == [f"{chat_id}-r2"]
    family.ask(later["chat_id"], "cancel").raise_for_status()
    family.until(chat_id, "completed")
    assert [each["status"] for each in family.results(chat_id)] == ["completed", "cancelled"]
    assert len(family.of_type(chat_id, "workflow_child_completed")) == 2
    assert [each["run_no"] for each in family.of_type(chat_id, "run_start")] == [1, 2], "the run was taken over"
    assert len([each for each in house.demo.requests if each.chat == sooner["chat_id"]]) == 1, "no child runs twice"


def test_children_that_ended_while_nothing_ran_are_joined_afterwards(restarted: Restart) -> None:
    house = restarted()
    family = Family(house)
    waiter(family, "Idle")
    family.parent("Sleeper", "Idle", startup_mode="BackendOnly")
    chat_id = spawn(house, "Sleeper")
    (idle,) = house.eventually(lambda: family.children(chat_id))
    family.until(idle["chat_id"], "waiting")

    house = restarted()
    family = Family(house)
    family.ask(idle["chat_id"], "cancel").raise_for_status()
    assert family.status(chat_id) == "waiting", "the task that was answered is gone"
    long_ago(house)
    assert reconcile(house)["lost_parents"] == 1
    family.until(chat_id, "completed")


def test_a_deadline_is_kept_though_the_execution_is_gone(restarted: Restart) -> None:
    house = restarted()
    family = Family(house)
    waiter(family, "Dawdler")
    family.parent("Clock", "Dawdler", nested={"timeout_seconds": 3600}, startup_mode="BackendOnly")
    chat_id = spawn(house, "Clock")
    (dawdler,) = house.eventually(lambda: family.children(chat_id))
    family.until(dawdler["chat_id"], "waiting")

    house = restarted()
    family = Family(house)
    past = datetime.now(UTC) - timedelta(minutes=1)
    house.parts.database["chat_sessions"].update_one({"_id": chat_id}, {"$set": {"batch.deadline": past}})
    long_ago(house)
    repaired = reconcile(house)
    assert repaired["late_children"] == 1
    long_ago(house)
    reconcile(house)
    family.until(chat_id, "completed")
    assert [each["status"] for each in family.results(chat_id)] == ["timed_out"]
    assert family.status(dawdler["chat_id"]) == "cancelled"
