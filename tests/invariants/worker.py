"""A process that makes worker processes: ready in advance, so that killing one costs milliseconds, not a start.

Reads one job a line from its input and forks for each; what a child says comes back as one line when it is gone. Run it
as ``python -m invariants.worker``.
"""

from __future__ import annotations

import gc
import importlib
import json
import logging
import os
import signal
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import Any

__all__: list[str] = []

_CHILD_SECONDS = 60

_NEEDED = (
    ".journeys",
    ".runtime",
    ".writes",
    "mozaiks.engine.model_client",
    "mozaiks.engine.slice",
    "mozaiks.store.histories",
    "mozaiks.children.opening",
    "mozaiks.store.offloaded",
    "mozaiks.store.references",
    "mozaiks.store.tool_results",
)


def main() -> None:
    _prepare()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        job = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _work(job, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
        answer = {"killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, "said": said.decode()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _prepare() -> None:
    """Import what workers need, and let botocore read its descriptions of services, before anybody is forked."""
    import boto3

    for name in _NEEDED:
        importlib.import_module(name, __package__)
    logging.disable(logging.CRITICAL)
    boto3.client("apigatewaymanagementapi", endpoint_url="http://127.0.0.1:9/none")
    gc.collect()
    gc.freeze()


def _work(job: dict[str, Any], pipe: int) -> None:
    """Be a worker: perform the play, and be no more at the point of the job. Never returns."""
    signal.alarm(_CHILD_SECONDS)
    os.close(sys.stdin.fileno())
    from mozaiks.errors import MozaiksError

    from .journeys import Director
    from .plays import PLAYS
    from .runtime import Place, Runtime
    from .writes import WRITES, Point

    last = None if job["point"] is None else Point(**job["point"])
    met: list[Point] = []
    told: set[bytes] = set()

    def at(point: Point) -> None:
        for session in set(WRITES.sessions) - told:
            told.add(session)
            os.write(pipe, f"session {session.hex()}\n".encode())
        met.append(point)
        if point == last:
            os.kill(os.getpid(), signal.SIGKILL)

    code = 1
    try:
        runtime = Runtime(Place(**job["place"]), job["ahead"])
        runtime.use_clock()
        WRITES.arm(at)
        if job["journey_run_id"] is not None:
            Director(runtime).perform(job["journey_run_id"])
        elif job["run_no"] is None:
            runtime.perform(job["chat_id"], PLAYS[job["play"]])
        else:
            with suppress(MozaiksError):
                runtime.loop.run(runtime.slice(job["chat_id"], job["run_no"]))
        WRITES.disarm()
        os.write(pipe, f"met {json.dumps([asdict(point) for point in met])}\n".encode())
        code = 0
    except BaseException as error:  # noqa: BLE001 - the parent hears of it, whatever it is
        os.write(pipe, f"error {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
