"""``mozaiks dev`` on a small project of one function: real mongod, real stack, real signals."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from mozaiks.settings import Settings

from .test_dev_refusals import free_port
from .test_settings_commands import ROOT

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  StageName: {Type: String}
  MongoDbUri: {Type: String}
  MongoDbName: {Type: String}
  OpenAiApiKey: {Type: String}
  OpenAiBaseUrl: {Type: String}
  OpenAiModel: {Type: String}
  AuthEnabled: {Type: String}
  JwtSecret: {Type: String}
  AllowedIssuers: {Type: String}
  LogLevel: {Type: String}
Resources:
  Api: {Type: AWS::Serverless::HttpApi}
  ApiFunction:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: app.handler
      CodeUri: api
      Events: {Any: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: "/{proxy+}", Method: ANY}}}
"""
HANDLER = """\
import json, os
NAMES = ["DEMO_MODEL_URL", "MOZAIKS_WORKFLOWS_PATH", "MONGODB_URI", "TOOL_TIMEOUT_SECONDS", "STAGE"]
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps({name: os.environ.get(name) for name in NAMES})}
"""


class Dev:
    """A running ``mozaiks dev``."""

    def __init__(self, folder: Path, *arguments: str, **variables: str) -> None:
        known = {name.upper() for name in Settings.model_fields} | {"MONGO_URI", "DATABASE_URI"}
        clean = {name: value for name, value in os.environ.items() if name not in known}
        paths = os.pathsep.join(map(str, (ROOT / "layers/runtime", ROOT / "local")))
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mozaiks_local.cli", "dev", *arguments],
            cwd=folder,
            env={**clean, "PYTHONPATH": paths, "PORT": self.port, "COLUMNS": "200", **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def until(self, words: str) -> None:
        """Wait until it says ``words``."""
        deadline = time.monotonic() + 60
        while words not in self.said:
            try:
                self.said += self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"it never said {words!r}; it said:\n{self.said}") from None

    def started(self) -> list[psutil.Process]:
        return list(psutil.Process(self.process.pid).children(recursive=True))

    def end(self, how: signal.Signals) -> int:
        """Send the signal; returns the exit code, once everything it started is gone."""
        started = self.started()
        self.process.send_signal(how)
        code = self.process.wait(20)
        _, alive = psutil.wait_procs(started, timeout=3)
        assert alive == []
        return code


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "api").mkdir()
    (tmp_path / "api/app.py").write_text(HANDLER)
    broken = tmp_path / "workflows/Broken"
    broken.mkdir(parents=True)
    (broken / "orchestrator.yaml").write_text("workflow_name: Broken\nmax_turnz: 3\n")
    return tmp_path


@pytest.fixture
def dev(project: Path) -> Iterator[Dev]:
    running = Dev(project, TOOL_TIMEOUT_SECONDS="7")
    try:
        running.until("Ctrl-C stops everything")
        yield running
    finally:
        if running.process.poll() is None:
            running.process.terminate()
            running.process.wait(20)


def test_it_says_what_runs_and_ends_quietly_on_ctrl_c_and_kill(project: Path) -> None:
    for how in (signal.SIGINT, signal.SIGTERM):
        dev = Dev(project)
        dev.until("Ctrl-C stops everything")
        assert f"http://127.0.0.1:{dev.port}/docs" in dev.said
        assert f"mozaiks chat HelloWorld --url http://127.0.0.1:{dev.port}" in dev.said
        for part in ("embedded mongod at", "demo model", "1 functions of template.yaml"):
            assert part in dev.said
        assert "the workflow 'Broken' is invalid" in dev.said
        assert dev.end(how) == 0
        assert not (project / ".mozaiks/dev.lock").exists()


def test_workers_get_the_settings_and_the_addresses_of_the_parts(dev: Dev, project: Path) -> None:
    import json

    with urllib.request.urlopen(f"http://127.0.0.1:{dev.port}/api/health") as answer:
        seen = json.load(answer)
    assert seen["TOOL_TIMEOUT_SECONDS"] == "7.0"
    assert seen["STAGE"] == "local"
    assert seen["MOZAIKS_WORKFLOWS_PATH"] == str(project / "workflows")
    assert seen["DEMO_MODEL_URL"].startswith("http://127.0.0.1:")
    assert seen["MONGODB_URI"].startswith("mongodb://")
    assert seen["MONGODB_URI"] not in dev.said


def test_a_second_one_is_told_about_the_first(dev: Dev, project: Path) -> None:
    second = Dev(project)
    second.until(f"already runs in this folder at http://127.0.0.1:{dev.port} (process {dev.process.pid})")
    assert second.process.wait(10) == 1


def test_a_changed_handler_is_reloaded(dev: Dev, project: Path) -> None:
    (project / "api/app.py").write_text(HANDLER + "\n")
    dev.until("app.py changed: ApiFunction reloaded")


def test_a_stop_in_the_middle_of_the_start_leaves_nothing(project: Path) -> None:
    for words in ("starting the embedded mongod", "starting functions"):
        dev = Dev(project)
        dev.until(words)
        assert dev.end(signal.SIGTERM) == 0
        assert not (project / ".mozaiks/dev.lock").exists()


def test_the_database_dying_ends_it_with_a_sentence(dev: Dev) -> None:
    mongod = next(child for child in dev.started() if "mongod" in child.name())
    mongod.kill()
    dev.until("the embedded mongod ended by itself")
    assert dev.process.wait(20) == 1


def test_a_function_that_cannot_start_is_named_with_its_reason(project: Path) -> None:
    (project / "api/app.py").write_text("import nothing_of_that_name\n")
    dev = Dev(project)
    dev.until("ApiFunction cannot start: Runtime.ImportModuleError")
    assert dev.process.wait(20) == 1
