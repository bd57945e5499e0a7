"""``mozaiks validate``: what is wrong with the workflows, in colour."""

from __future__ import annotations

import json
import os
from pathlib import Path

from rich.text import Text

from mozaiks.errors import MozaiksError
from mozaiks.manifests.validate import Style, describe, validate
from mozaiks_local.cli.console import Failure, out, printable

__all__ = ["show_validation"]

_COLOURS: dict[Style, str] = {"error": "bold red", "warning": "bold yellow", "plain": "", "caret": "dim"}


def show_validation(root: Path, base: Path, names: list[str], *, as_json: bool, strict: bool) -> bool:
    """Print what is wrong with the workflows under ``root``; returns whether they pass.

    Parameters
    ----------
    base
        The folder the command runs in, and the process's; files below it are shown relative to it.

    Raises
    ------
    Failure
        If ``root`` is not a folder of workflows.
    """
    if not root.is_dir():
        raise Failure(f"there is no folder {root}: name another with --path or MOZAIKS_WORKFLOWS_PATH")
    try:
        report = validate(root, names)
    except MozaiksError as error:
        raise Failure(error.message) from error
    passed = report.passes(strict=strict)
    if as_json:
        print(json.dumps(report.as_dict(strict=strict), indent=2))
        return passed
    shown = Path(os.path.relpath(root, base)) if root.is_relative_to(base) else root
    for problem in report.problems:
        for style, line in describe(problem, shown):
            out().print(Text(printable(line), style=_COLOURS[style]))
    mark = Text("✓ ", "bold green") if passed else Text("✗ ", "bold red")
    out().print(mark + Text(report.summary()))
    return passed
