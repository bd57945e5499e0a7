"""``python -m mozaiks_local.demo_model --port 8099 --workflows workflows``."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from .script import script_schema
from .server import DELAY_VARIABLE, DemoModel


async def _serve(model: DemoModel) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await model.start()
    print(f"demo model ready: {model.url}", flush=True)
    await stopped.wait()
    await model.stop()


def main() -> int:
    """Run the demo model until it is told to stop; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m mozaiks_local.demo_model",
        description="An OpenAI-compatible model that needs no key and plays the scripts of your workflows.",
        epilog=f"{DELAY_VARIABLE} sets the milliseconds between tokens over what scripts say.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--workflows", type=Path, default=Path("workflows"), help="folder of the workflow folders")
    parser.add_argument("--print-schema", action="store_true", help="print the JSON Schema of scripts and leave")
    options = parser.parse_args()
    if options.print_schema:
        print(json.dumps(script_schema(), indent=2))
        return 0
    if not options.workflows.is_dir():
        parser.error(f"--workflows {options.workflows}: no such folder")
    try:
        asyncio.run(_serve(DemoModel(options.workflows, options.host, options.port)))
    except (OSError, OverflowError, ValueError) as error:
        print(f"The demo model cannot start on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
