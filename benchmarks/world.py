"""What benchmarks run on: database, model, stack. Each is started when it is first needed, all are stopped together."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psutil  # type: ignore[import-untyped]
from pydantic import SecretStr

from mozaiks.bootstrap import Parts
from mozaiks.settings import Settings
from mozaiks.store.indexes import ensure_indexes
from mozaiks_local.mongod import EmbeddedMongod

__all__ = ["PROJECT", "WORKFLOWS", "Stack", "World", "child"]

PROJECT: Final = Path(__file__).resolve().parents[1]
WORKFLOWS: Final = Path(__file__).with_name("workflows")
DATABASE: Final = "benchmarks"
_STOP_SECONDS: Final = 20.0
_PREFIX: Final = "bench-"


@dataclasses.dataclass(frozen=True, slots=True)
class Stack:
    """Addresses of a running local stack."""

    http_url: str
    sfn_endpoint: str
    run_machine: str


class _Idle:
    """Starts no run: who measures the engine runs its slices."""

    def start(self, app_id: str, chat_id: str, run_no: int) -> None: ...


@contextlib.contextmanager
def child(order: dict[str, Any], *, environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A process of ``benchmarks.child``; ended, and waited for, at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.child"],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if order["part"] != "dev" else subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        yield process
    finally:
        process.stdin.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class World:
    """Parts of the product, shared by all benchmarks of one run.

    Parameters
    ----------
    quick
        Fewer repeats, for a first look.
    """

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self._stop = contextlib.ExitStack()

    def repeats(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    @cached_property
    def folder(self) -> Path:
        """Everything that is written, on the disk that ``mozaiks dev`` uses; removed at the end."""
        home = PROJECT / ".mozaiks"
        home.mkdir(mode=0o700, exist_ok=True)
        _sweep(home)
        prefix = f"{_PREFIX}{os.getpid()}-"
        return Path(self._stop.enter_context(tempfile.TemporaryDirectory(prefix=prefix, dir=home)))

    @property
    def cache(self) -> Path:
        """Compiled Python and the transformed template. Kept, as a deployment ships compiled files."""
        return PROJECT / ".mozaiks" / "cache"

    @cached_property
    def mongodb_uri(self) -> str:
        mongod = EmbeddedMongod(self.folder / "mongo")
        uri = self._stop.enter_context(mongod).uri
        parts = self._parts(uri)
        ensure_indexes(parts.database)
        parts.database.client.close()
        return uri

    @cached_property
    def model_url(self) -> str:
        process = self._stop.enter_context(child({"part": "model", "workflows": str(WORKFLOWS)}))
        return str(_answer(process, "the demo model")["url"])

    @cached_property
    def stack(self) -> Stack:
        """The local stack without its database and model, which are the world's."""
        return Stack(
            **_answer(
                self._stop.enter_context(child(self._order("stack", WORKFLOWS, self.model_url))), "the local stack"
            )
        )

    @contextlib.contextmanager
    def another_stack(self, workflows: Path) -> Iterator[Stack]:
        """A stack and a model with other workflows, for as long as they are measured."""
        with child({"part": "model", "workflows": str(workflows)}) as model:
            url = str(_answer(model, "the demo model")["url"])
            with child(self._order(workflows.name, workflows, url)) as process:
                yield Stack(**_answer(process, "the local stack"))

    def _order(self, name: str, workflows: Path, model_url: str) -> dict[str, Any]:
        return {
            "part": "stack",
            "template": str(PROJECT / "template.yaml"),
            "data": str(self.folder / f"{name}-data"),
            "cache": str(self.cache),
            "parameters": self.parameters,
            "environment": {
                "MONGODB_URI": self.mongodb_uri,
                "MOZAIKS_WORKFLOWS_PATH": str(workflows),
                "DEMO_MODEL_URL": model_url,
            },
        }

    @property
    def parameters(self) -> dict[str, str]:
        """Values of the template's parameters."""
        return {
            "StageName": "local",
            "MongoDbName": DATABASE,
            "AuthEnabled": "false",
            "LogLevel": "INFO",
        }

    @cached_property
    def parts(self) -> Parts:
        """The runtime wired in this process, on the world's database and model."""
        parts = self._parts(self.mongodb_uri, demo_model_url=self.model_url)
        parts.service = dataclasses.replace(parts.service, runs=_Idle())
        self._stop.callback(parts.database.client.close)
        return parts

    @staticmethod
    def _parts(uri: str, **settings: Any) -> Parts:
        return Parts(
            Settings(
                mongodb_uri=SecretStr(uri),
                mongodb_db_name=DATABASE,
                mozaiks_workflows_path=WORKFLOWS,
                websocket_callback_url="http://127.0.0.1:9/nobody",
                stage="local",
                log_level="ERROR",
                **settings,
            )
        )

    def close(self) -> None:
        """Stop every part. What is used afterwards is started anew."""
        self._stop.close()
        for name in ("folder", "mongodb_uri", "model_url", "stack", "parts"):
            self.__dict__.pop(name, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _sweep(home: Path) -> None:
    """Remove what a benchmark left that was killed; the process in the folder's name is gone then."""
    for folder in home.glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _answer(process: subprocess.Popen[str], what: str) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{what} did not start: its process ended with status {process.wait()}")
    answer: dict[str, Any] = json.loads(line)
    return answer
