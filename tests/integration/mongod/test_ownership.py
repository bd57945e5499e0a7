"""One process owns a folder's server, others attach; the server never outlives its owner."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from pymongo import MongoClient

from mozaiks_local.mongod import EmbeddedMongod, MongodError

HOLD = """
mongod = EmbeddedMongod(data_dir).start()
print(mongod.attached, mongod.port, mongod.pid, flush=True)
sys.stdin.readline()
mongod.stop()
"""

LAUNCH_THEN_WAIT = """
mongod = EmbeddedMongod(data_dir)
mongod.launch()
print("launched", flush=True)
mongod.wait_ready()
"""

Eventually = Callable[[Callable[[], bool], str], None]


def ended(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)  # nobody may be left to collect its status
    except psutil.NoSuchProcess:
        return True


def test_of_six_racing_processes_one_starts_and_five_attach(launch: Any, data_dir: Path) -> None:
    processes = [launch(HOLD, data_dir) for _ in range(6)]
    answers = [process.stdout.readline().split() for process in processes]
    assert sorted(attached for attached, _, _ in answers) == ["False"] + ["True"] * 5
    assert len({port for _, port, _ in answers}) == 1
    # Those who attached leave without ending it; the owner ends it.
    owner = next(process for process, answer in zip(processes, answers, strict=True) if answer[0] == "False")
    for process in processes:
        if process is not owner:
            process.communicate("\n")
    server = int(next(answer[2] for answer in answers if answer[0] == "False"))
    assert psutil.pid_exists(server)
    owner.communicate("\n")
    assert not psutil.pid_exists(server)


def test_a_killed_owner_takes_its_server_along(launch: Any, data_dir: Path, eventually: Eventually) -> None:
    owner = launch(HOLD, data_dir)
    server = psutil.Process(int(owner.stdout.readline().split()[2]))
    os.kill(owner.pid, signal.SIGKILL)
    eventually(lambda: ended(server), "the server ends with its owner")


def test_the_next_start_after_a_killed_owner_owns_the_server(launch: Any, start_mongod: Any, data_dir: Path) -> None:
    owner = launch(HOLD, data_dir)
    server = int(owner.stdout.readline().split()[2])
    owner.kill()
    owner.wait()
    mongod = start_mongod()  # at once, while the old server is still shutting down
    assert not mongod.attached
    assert mongod.pid != server
    with MongoClient[dict[str, Any]](mongod.uri) as client:
        client["things"]["values"].insert_one({})


def test_attaching_gives_the_same_server(launch: Any, data_dir: Path) -> None:
    owner = launch(HOLD, data_dir)
    port = int(owner.stdout.readline().split()[1])
    with EmbeddedMongod(data_dir) as mongod:
        assert (mongod.attached, mongod.port, mongod.pid) == (True, port, None)
        with MongoClient[dict[str, Any]](mongod.uri) as client:
            client["things"]["values"].insert_one({})


def test_refusing_to_share_names_the_owner(launch: Any, data_dir: Path) -> None:
    owner = launch(HOLD, data_dir)
    owner.stdout.readline()
    with pytest.raises(MongodError, match=f"in use by process {owner.pid}:") as caught:
        EmbeddedMongod(data_dir, if_running="refuse").start()
    assert caught.value.code == "IN_USE"


def test_a_waiting_process_takes_over_when_the_owner_fails_to_start(
    launch: Any, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    script = tmp_path / "slow-then-fails"
    script.write_text(f"#!/bin/sh\nwhile [ ! -e '{gate}' ]; do sleep 0.05; done\nexit 3\n")
    script.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("APP_MONGOD", str(script))
        failing = launch(
            "m = EmbeddedMongod(data_dir)\nm.launch()\nprint('launched', flush=True)\nm.wait_ready()", data_dir
        )
    failing.stdout.readline()
    waiting = launch(f"Path({str(gate)!r}).touch()\n{HOLD}", data_dir)
    assert waiting.stdout.readline().startswith("False ")
    assert failing.wait() == 1
