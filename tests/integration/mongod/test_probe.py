"""A database named by MONGODB_URI is looked at once; what would fail later is said at the start."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mozaiks_local.mongod import MongodError, probe, safe_address
from mozaiks_local.mongod.binary import find_binary, library_environment
from session_mongod import DatabaseServer


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def standalone(tmp_path: Path, closed_port: int) -> Iterator[str]:
    """A real mongod without --replSet."""
    command = [str(find_binary()), "--dbpath", str(tmp_path), "--port", str(closed_port), "--bind_ip", "127.0.0.1"]
    command += ["--nounixsocket", "--networkMessageCompressors", "disabled"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=library_environment(tmp_path / "lib"))
    yield f"mongodb://127.0.0.1:{closed_port}"
    process.kill()
    process.wait()


def refusal(uri: str, timeout: float = 5.0) -> MongodError:
    with pytest.raises(MongodError) as caught:
        probe(uri, timeout=timeout)
    return caught.value


def test_a_replica_set_is_accepted(mongod: DatabaseServer) -> None:
    facts = probe(mongod.uri)
    assert facts.kind in {"replica_set", "sharded"}
    assert facts.wire_version >= 17


def test_a_server_older_than_seven_is_warned_about(mongod: DatabaseServer) -> None:
    facts = probe(mongod.uri)
    assert bool(facts.warnings) == (facts.wire_version < 21)


def test_a_standalone_is_refused_with_what_to_do(standalone: str) -> None:
    error = refusal(standalone, timeout=20)
    assert error.code == "STANDALONE"
    assert "--replSet" in error.message


def test_an_unreachable_server_is_named(closed_port: int) -> None:
    error = refusal(f"mongodb://someone:s3cret@127.0.0.1:{closed_port}/", timeout=0.3)
    assert error.code == "UNREACHABLE"
    assert f"127.0.0.1:{closed_port}" in error.message
    assert "s3cret" not in error.message


def test_a_wrong_password_is_said_without_showing_it(mongod: DatabaseServer) -> None:
    host = safe_address(mongod.uri)
    error = refusal(f"mongodb://mozaiks:s3cret@{host}/?directConnection=true&authSource=admin")
    assert error.code == "AUTH_FAILED"
    assert "user or password" in error.message
    assert "s3cret" not in error.message


def test_missing_credentials_are_said(mongod: DatabaseServer) -> None:
    error = refusal(f"mongodb://{safe_address(mongod.uri)}/?directConnection=true")
    assert error.code == "AUTH_FAILED"
    assert "'mozaiksai'" in error.message


@pytest.mark.parametrize(
    "uri",
    [
        "postgres://user:s3cret@host/db",
        "mongodb://user:s3cret@host:port/",
        "mongodb://user:s3@cret:x@host/",
        "mongodb://user:s3cret/x@host/",
        "mongodb://host/?authMechanism=s3cret",
        "mongodb+srv://user:s3cret@localhost/",
        "",
    ],
)
def test_an_unusable_string_is_refused_without_quoting_it(uri: str) -> None:
    error = refusal(uri, timeout=0.3)
    assert error.code in {"BAD_URI", "UNREACHABLE"}
    assert "s3cret" not in error.message
    assert "cret" not in error.message


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("mongodb://u:p@a.example:1,b.example:2/db?x=1", "a.example:1,b.example:2"),
        ("mongodb+srv://u:p@cluster.example/?retryWrites=true", "cluster.example"),
        ("mongodb://u:p@ss@host/", "host"),
        ("mongodb://host?x=1", "host"),
        ("mongodb://u:p/q@host/", "host"),
    ],
)
def test_an_address_is_shown_without_credentials(uri: str, address: str) -> None:
    assert safe_address(uri) == address
