"""One local stack per data folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mozaiks_local.cli.console import Failure
from mozaiks_local.cli.dev_lock import DevLock


def test_a_second_holder_is_told_where_the_first_one_is(tmp_path: Path) -> None:
    with DevLock(tmp_path / "dev.lock") as lock:
        lock.say_url("http://127.0.0.1:8000")
        with pytest.raises(Failure, match=rf"already runs .* at http://127.0.0.1:8000 \(process {os.getpid()}\)"):
            DevLock(tmp_path / "dev.lock").__enter__()


def test_nothing_is_left_when_it_is_over(tmp_path: Path) -> None:
    with DevLock(tmp_path / "dev.lock"):
        assert json.loads((tmp_path / "dev.lock").read_text())["pid"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_a_killed_holder_is_free(tmp_path: Path) -> None:
    path = tmp_path / "dev.lock"
    code = (
        "import pathlib, time\n"
        "from mozaiks_local.cli.dev_lock import DevLock\n"
        f"with DevLock(pathlib.Path({str(path)!r})):\n"
        "    print(flush=True)\n"
        "    time.sleep(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "local")}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(Failure):
            DevLock(path).__enter__()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with DevLock(path):
        pass
