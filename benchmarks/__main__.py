"""``python -m benchmarks [--quick] [--only NAME] [--json FILE]``."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from rich.console import Console

from benchmarks.figures import Row
from benchmarks.report import Machine, show, write_json
from benchmarks.suite import SUITE
from benchmarks.world import World


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the product and print one table. Targets are shown; missing one is no error.",
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer repeats, no 50 chats at once: under a minute, less exact"
    )
    parser.add_argument("--only", action="append", choices=list(SUITE), help="only this part; may be given again")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the values there too")
    return parser.parse_args()


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(143)


def main() -> int:
    """Measure, print, and leave; the exit status is 0 unless something could not be measured."""
    options = _arguments()
    signal.signal(signal.SIGTERM, _terminated)
    logging.basicConfig(level=logging.ERROR)
    console, progress = Console(), Console(stderr=True)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(width=150)
    machine, began = Machine.here(), time.monotonic()
    rows: list[Row] = []
    with World(quick=options.quick) as world:
        for name, measure in SUITE.items():
            if options.only and name not in options.only:
                continue
            since = time.monotonic()
            with progress.status(f"measuring {name} …"):
                rows += measure(world)
            progress.print(f"{name}: {time.monotonic() - since:.0f} s", style="dim", highlight=False)
    seconds = time.monotonic() - began
    show(console, rows, machine, seconds)
    if options.json is not None:
        write_json(options.json, rows, machine, seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
