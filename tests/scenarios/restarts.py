"""A stack of a test's own, that may be stopped and started anew on the same database: executions are forgotten then."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pymongo
import pytest

from mozaiks.bootstrap import Parts
from mozaiks.settings import Settings
from mozaiks.store.indexes import ensure_indexes
from mozaiks_local.demo_model import run_in_thread
from mozaiks_local.stack import LambdaLimits, LocalStack, StackConfig
from session_mongod import DatabaseServer

from .conftest import ROOT, House

__all__ = ["Restart", "long_ago", "reconcile", "restarted"]

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
        # The product's client gives up after seconds, and this may take longer where much is going on.
        with pymongo.timeout(60):
            parts.database.client.drop_database(name)
        parts.database.client.close()


def long_ago(house: House) -> None:
    moment = datetime.now(UTC) - timedelta(minutes=2)
    house.parts.database["chat_sessions"].update_many({}, {"$set": {"updated_at": moment, "watched_at": None}})


def reconcile(house: House) -> dict[str, Any]:
    return dict(json.loads(house.stack.invoke("ReconcileFunction", {}).payload))
