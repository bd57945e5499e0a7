"""Servers and launchers of these tests' own: they are killed, moved and broken, so none is the run's shared one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from mozaiks_local.mongod import EmbeddedMongod

LOCAL = Path(__file__).parents[3] / "local"
PATIENCE = 30.0


class StartMongod(Protocol):
    def __call__(self, data_dir: Path | None = None, *, port: int | None = None) -> EmbeddedMongod: ...


Launch = Callable[[str, Path], "subprocess.Popen[str]"]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "mongo"


@pytest.fixture
def start_mongod(data_dir: Path) -> Iterator[StartMongod]:
    """Start an embedded server in this process; whatever still runs is killed after the test."""
    started: list[EmbeddedMongod] = []

    def start(folder: Path | None = None, *, port: int | None = None) -> EmbeddedMongod:
        mongod = EmbeddedMongod(folder or data_dir, port=port)
        started.append(mongod)
        return mongod.start()

    yield start
    for mongod in started:
        mongod.kill()


@pytest.fixture
def launch() -> Iterator[Launch]:
    """Run Python text in a process of its own, with the data folder as ``data_dir``; ended after the test."""
    processes: list[subprocess.Popen[str]] = []

    def run(text: str, data_dir: Path) -> subprocess.Popen[str]:
        head = (
            "import sys\nfrom pathlib import Path\nfrom mozaiks_local.mongod import *\ndata_dir = Path(sys.argv[1])\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", head + text, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(LOCAL)},
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def fake_mongod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Let APP_MONGOD be a shell script: what a real server does on a machine we do not have."""

    def write(script: str) -> Path:
        path = tmp_path / "fake-mongod"
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        monkeypatch.setenv("APP_MONGOD", str(path))
        return path

    return write


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool], str], None]:
    def wait(condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"never happened: {what}"
            time.sleep(0.02)

    return wait
