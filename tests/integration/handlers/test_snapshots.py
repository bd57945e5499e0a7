"""Environments made from one snapshot: no socket is in it, and what each makes up is its own.

A restored environment is the same process, many times. Here it is a process that forks after its handler was imported,
and whose children take themselves for their parent.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from session_mongod import DatabaseServer

ROOT = Path(__file__).parents[3]
FUNCTIONS = ("connect", "message", "orchestrate", "api", "reconcile")
RESTORED = """
import importlib.util, json, os, random, sys, threading, time, uuid
import psutil
from bson import ObjectId
from awslambdaric.lambda_runtime_hooks_runner import run_after_restore, run_before_snapshot

spec = importlib.util.spec_from_file_location("app", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
run_before_snapshot()
time.sleep(0.5)
sockets = [c.raddr for c in psutil.Process().net_connections("inet") if c.raddr]
parent, state = os.getpid(), random.getstate()
os.getpid = lambda: parent
told = []
for _ in range(2):
    reading, writing = os.pipe()
    if os.fork() == 0:
        random.setstate(state)  # a fork draws a new one by itself
        if sys.argv[2] == "renewed":
            run_after_restore()
        ids = {"object": str(ObjectId())[8:], "number": random.random(), "uuid": uuid.uuid4().hex}
        from mozaiks.bootstrap import parts
        parts().ping()
        ids["answered"] = True
        os.write(writing, json.dumps(ids).encode())
        os._exit(0)
    os.close(writing)
    told.append(json.loads(os.read(reading, 65536) or b"{}"))
    os.wait()
print(json.dumps({"sockets": sockets, "restored": told}))
"""


def restored(function: str, mongod: DatabaseServer, *, how: str = "renewed", init: str = "snap-start") -> Any:
    done = subprocess.run(
        [sys.executable, "-c", RESTORED, str(ROOT / "functions" / function / "app.py"), how],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "layers" / "runtime"),
            "MONGODB_URI": mongod.uri,
            "MOZAIKS_WORKFLOWS_PATH": str(ROOT / "workflows"),
            "STAGE": "local",
            "AWS_LAMBDA_INITIALIZATION_TYPE": init,
        },
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_snapshot_holds_no_socket_and_its_environments_make_ids_of_their_own(
    function: str, mongod: DatabaseServer
) -> None:
    found = restored(function, mongod)
    assert found["sockets"] == []
    one, two = found["restored"]
    assert one["answered"]
    assert two["answered"]
    assert [name for name in ("object", "number", "uuid") if one[name] == two[name]] == []


def test_without_the_hook_they_would_make_the_same(mongod: DatabaseServer) -> None:
    one, two = restored("reconcile", mongod, how="as it was")["restored"]
    assert one["object"] == two["object"]
    assert one["number"] == two["number"]


def test_where_no_snapshot_is_made_connecting_begins_at_once(mongod: DatabaseServer) -> None:
    assert restored("reconcile", mongod, init="on-demand")["sockets"]
