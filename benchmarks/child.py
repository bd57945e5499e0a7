"""A part of the product in a process of its own, so that its work does not count into what is measured here.

``python -m benchmarks.child`` reads one JSON line that says which part, answers with one JSON line when it is ready,
and ends when its standard input does: it never outlives the benchmark, however that ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

__all__ = ["main"]


async def _model(order: dict[str, Any]) -> None:
    from mozaiks_local.demo_model import DemoModel

    model = DemoModel(Path(order["workflows"]), remember=1)
    await model.start()
    _ready({"url": model.url})
    await asyncio.to_thread(sys.stdin.read)
    await model.stop()


async def _stack(order: dict[str, Any]) -> None:
    from mozaiks_local.stack import LocalStack, StackConfig

    config = StackConfig(
        template=Path(order["template"]),
        data_dir=Path(order["data"]),
        cache_dir=Path(order["cache"]),
        port=0,
        parameters=order["parameters"],
        environment=order["environment"],
        schedule=False,
    )
    async with LocalStack(config) as stack:
        environments = [function.environment for function in stack.template.functions.values()]
        machines = {environment.get("RUN_STATE_MACHINE_ARN") for environment in environments} - {None}
        _ready({"http_url": stack.http_url, "sfn_endpoint": stack.sfn_endpoint, "run_machine": machines.pop()})
        await asyncio.to_thread(sys.stdin.read)


def _dev(order: dict[str, Any]) -> int:
    """``mozaiks dev`` itself. It says that it is ready in its lock file."""
    from mozaiks_local.cli.dev import run_dev

    def until_end_of_input() -> None:
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=until_end_of_input, daemon=True).start()
    return run_dev(Path(order["folder"]), verbose=False, reload=True)


def _ready(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


def main() -> int:
    """Be the part that is asked for; the exit status."""
    order = json.loads(sys.stdin.readline())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the benchmark, whose end this one sees
    match order["part"]:
        case "model":
            asyncio.run(_model(order))
        case "stack":
            asyncio.run(_stack(order))
        case "dev":
            return _dev(order)
        case part:
            raise ValueError(f"there is no part {part!r}; there are: model, stack, dev")
    return 0


if __name__ == "__main__":
    sys.exit(main())
