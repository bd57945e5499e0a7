"""A start, a stop, a crash, a move: the data stays, and so does the way in."""

from __future__ import annotations

import os
import re
import socket
import stat
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from mozaiks_local.mongod import EmbeddedMongod, MongodError


def insert(mongod: EmbeddedMongod, value: int) -> None:
    with MongoClient[dict[str, Any]](mongod.uri) as client:
        client["things"]["values"].insert_one({"_id": value})


def values(mongod: EmbeddedMongod) -> list[int]:
    with MongoClient[dict[str, Any]](mongod.uri) as client:
        return [document["_id"] for document in client["things"]["values"].find(sort=[("_id", 1)])]


def test_data_outlives_a_stop(start_mongod: Any) -> None:
    first = start_mongod()
    insert(first, 1)
    first.stop()
    second = start_mongod()
    insert(second, 2)
    assert values(second) == [1, 2]


def test_acknowledged_writes_outlive_a_crash(start_mongod: Any) -> None:
    first = start_mongod()
    for value in range(50):
        insert(first, value)
    first.kill()
    assert values(start_mongod()) == list(range(50))


def test_the_server_is_a_replica_set_with_transactions_and_change_streams(start_mongod: Any) -> None:
    with MongoClient[dict[str, Any]](start_mongod().uri) as client, client["things"].watch() as changes:
        with client.start_session() as session:
            session.with_transaction(lambda s: client["things"]["values"].insert_one({"_id": 1}, session=s))
        assert changes.next()["operationType"] == "insert"


def test_stop_leaves_no_process_and_no_socket(start_mongod: Any, data_dir: Path) -> None:
    mongod = start_mongod()
    pid = mongod.pid
    mongod.stop()
    assert not psutil.pid_exists(pid)
    assert list(data_dir.glob("*.sock")) == []
    mongod.stop()  # a second stop has nothing to do


def test_the_port_is_kept_between_starts(start_mongod: Any) -> None:
    first = start_mongod()
    port = first.port
    first.stop()
    assert start_mongod().port == port


def test_a_port_taken_meanwhile_is_given_up(start_mongod: Any) -> None:
    first = start_mongod()
    insert(first, 1)
    port = first.port
    first.stop()
    with socket.create_server(("127.0.0.1", port)):
        second = start_mongod()
        assert second.port != port
        insert(second, 2)
        assert values(second) == [1, 2]


def test_a_moved_folder_takes_writes_again(start_mongod: Any, data_dir: Path, tmp_path: Path) -> None:
    first = start_mongod()
    insert(first, 1)
    first.stop()
    moved = data_dir.rename(tmp_path / "elsewhere")
    second = start_mongod(moved)
    insert(second, 2)
    assert values(second) == [1, 2]


def test_a_long_path_with_awkward_characters_works_and_leaves_nothing_outside(
    start_mongod: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "a folder, with: a name that no socket address would hold" / ("x" * 80)
    mongod = start_mongod(folder)
    insert(mongod, 1)
    sockets = {Path(connection.laddr).parent for connection in psutil.Process(mongod.pid).net_connections("unix")}
    outside = [path for path in sockets if path.name.startswith("mozaiks-")]
    assert len(outside) == 1
    assert stat.S_IMODE(outside[0].stat().st_mode) == 0o700
    mongod.stop()
    assert not outside[0].exists()
    assert values(start_mongod(folder)) == [1]


def test_only_the_folders_user_may_come_in(start_mongod: Any, data_dir: Path) -> None:
    mongod = start_mongod()
    with MongoClient[dict[str, Any]](mongod.safe_uri) as stranger, pytest.raises(OperationFailure) as caught:
        stranger["things"]["values"].find_one()
    assert caught.value.code == 13
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    for name in ("password", "keyfile"):
        assert stat.S_IMODE((data_dir / name).stat().st_mode) == 0o600


def test_the_server_listens_on_loopback_only(start_mongod: Any) -> None:
    listening = psutil.Process(start_mongod().pid).net_connections("tcp")
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}


def test_the_password_is_in_no_printed_address_command_line_or_log(start_mongod: Any, data_dir: Path) -> None:
    mongod = start_mongod()
    insert(mongod, 1)
    password = (data_dir / "password").read_text()
    assert re.search(r"^[\w-]{32}$", password)
    assert password in mongod.uri
    shown = [mongod.safe_uri, repr(mongod), *psutil.Process(mongod.pid).cmdline(), mongod.log_file.read_text()]
    assert not any(password in text for text in shown)


def test_a_lost_password_file_is_replaced_by_a_new_password(start_mongod: Any, data_dir: Path) -> None:
    first = start_mongod()
    insert(first, 1)
    first.stop()
    (data_dir / "password").unlink()
    assert values(start_mongod()) == [1]


def test_logs_do_not_pile_up(start_mongod: Any, data_dir: Path) -> None:
    for _ in range(3):
        start_mongod().kill()
    assert sorted(path.name for path in data_dir.glob("mongod.log*")) == ["mongod.log", "mongod.log.previous"]


def test_ctrl_c_in_the_terminal_is_not_sent_to_the_server(start_mongod: Any) -> None:
    assert os.getpgid(start_mongod().pid) != os.getpgrp()


def test_launching_from_a_thread_is_refused(data_dir: Path) -> None:
    caught: list[MongodError] = []

    def launch() -> None:
        try:
            EmbeddedMongod(data_dir).launch()
        except MongodError as error:
            caught.append(error)

    thread = threading.Thread(target=launch)
    thread.start()
    thread.join()
    assert [error.code for error in caught] == ["NOT_MAIN_THREAD"]


def test_launch_returns_before_the_server_is_ready(data_dir: Path) -> None:
    mongod = EmbeddedMongod(data_dir)
    try:
        mongod.launch()
        with pytest.raises(RuntimeError, match="not ready"):
            mongod.uri  # noqa: B018 - reading it is what is refused
        mongod.wait_ready()
        insert(mongod, 1)
    finally:
        mongod.kill()
