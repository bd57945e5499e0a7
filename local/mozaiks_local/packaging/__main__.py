"""``python -m mozaiks_local.packaging runtime|workflows FOLDER``: what ``sam build`` runs for each layer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import PackagingError
from .layers import build_runtime, build_workflows
from .sizes import BUDGET_BYTES, size_of, size_report
from .target import Target

__all__ = ["main"]

_BUILDERS = {"runtime": build_runtime, "workflows": build_workflows}


def main(arguments: Sequence[str] | None = None) -> int:
    """Make one layer and print its size; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m mozaiks_local.packaging", description="Make one layer.")
    parser.add_argument("layer", choices=_BUILDERS)
    parser.add_argument("folder", type=Path, help="where the layer goes; it is emptied first")
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[3], help="the project's folder")
    parser.add_argument("--runtime", default="python3.11")
    parser.add_argument("--architecture", default="arm64")
    options = parser.parse_args(arguments)
    try:
        target = Target(options.runtime, options.architecture)
        _BUILDERS[options.layer](options.root.resolve(), target, options.folder)
    except PackagingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(size_report(f"the {options.layer} layer for {target}", options.folder))
    if options.layer == "runtime" and size_of(options.folder) > BUDGET_BYTES:
        print(f"warning: it is over its budget of {BUDGET_BYTES / 1e6:g} MB", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
