"""What is wrong with a folder of workflows, for people, for programs, and for a build that must stop.

``python -m mozaiks.manifests.validate DIR [NAME...]`` needs this layer alone: run it where the deployment is built.
"""

from __future__ import annotations

import argparse
import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mozaiks.errors import MozaiksError
from mozaiks.manifests.nodes import MAX_FILE_BYTES
from mozaiks.manifests.problems import Problem, closest
from mozaiks.manifests.registry import Registry, discover

__all__ = ["Checked", "Report", "Style", "describe", "main", "validate"]

Style = Literal["error", "warning", "plain", "caret"]
"""What a line of a description is, for whoever colours it."""

_MOST_COLUMNS = 160
_SUFFIXES = ("yaml", "yml", "json")


@dataclass(frozen=True, slots=True)
class Checked:
    """One workflow that was looked at. ``version`` is ``None`` when it does not load."""

    name: str
    version: str | None
    problems: tuple[Problem, ...]

    @property
    def valid(self) -> bool:
        """Whether it loads; warnings do not matter."""
        return self.version is not None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one validation: every workflow with every problem of it, and those of the pack of all of them."""

    workflows: tuple[Checked, ...]
    pack: tuple[Problem, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, by workflow, the pack's last."""
        return (*(problem for workflow in self.workflows for problem in workflow.problems), *self.pack)

    @property
    def errors(self) -> int:
        """How many problems are errors."""
        return sum(problem.severity == "error" for problem in self.problems)

    @property
    def warnings(self) -> int:
        """How many problems are warnings."""
        return len(self.problems) - self.errors

    def passes(self, *, strict: bool = False) -> bool:
        """Whether nothing is wrong; under ``strict`` a warning is."""
        return self.errors == 0 and not (strict and self.warnings)

    def summary(self) -> str:
        """The report in one sentence."""
        if not self.workflows:
            return "no workflows found"
        invalid = sum(not workflow.valid for workflow in self.workflows)
        checked = _counted(len(self.workflows), "workflow")
        state = f"{invalid} of {checked} invalid" if invalid else f"{checked} valid"
        return f"{state}: {_counted(self.errors, 'error')}, {_counted(self.warnings, 'warning')}"

    def as_dict(self, *, strict: bool = False) -> dict[str, Any]:
        """The report as JSON-ready data."""
        return {
            "passed": self.passes(strict=strict),
            "errors": self.errors,
            "warnings": self.warnings,
            "pack": [problem.as_dict() for problem in self.pack],
            "workflows": [
                {
                    "name": workflow.name,
                    "valid": workflow.valid,
                    "version": workflow.version,
                    "problems": [problem.as_dict() for problem in workflow.problems],
                }
                for workflow in self.workflows
            ],
        }


def validate(root: Path, names: Iterable[str] = ()) -> Report:
    """Check the workflows under ``root``.

    Parameters
    ----------
    root
        The folder that holds the workflow folders.
    names
        Only these, in any case; all when empty. One that is not there is an error of the report.

    Raises
    ------
    MozaiksError
        ``CONFIGURATION`` if ``root`` is no folder, or is itself a workflow.
    """
    if any((root / f"{stem}.{suffix}").is_file() for stem in ("orchestrator", "workflow") for suffix in _SUFFIXES):
        raise MozaiksError("CONFIGURATION", f"{root} is itself a workflow; name the folder that holds it")
    found = discover(root)
    checked = sorted(_checked(found), key=lambda workflow: (workflow.name.casefold(), workflow.name))
    wanted = {name.casefold(): name for name in names}
    if not wanted:
        return Report(tuple(checked), found.pack.problems)
    chosen: list[Checked] = []
    for folded, name in wanted.items():
        # two folders may differ in case only, which is one of the problems told
        chosen += [each for each in checked if each.name.casefold() == folded] or [_missing(name, checked)]
    return Report(tuple(chosen))


def _checked(found: Registry) -> Iterable[Checked]:
    for spec in found:
        yield Checked(spec.name, spec.version, found.warnings.get(spec.name, ()))
    for name, problems in found.invalid.items():
        yield Checked(name, None, problems)


def _missing(name: str, known: Iterable[Checked]) -> Checked:
    match = closest(name, (workflow.name for workflow in known))
    hint = f"; did you mean {match!r}?" if match else ""
    return Checked(name, None, (Problem("error", "unknown_workflow", f"there is no workflow {name!r}{hint}", name),))


def describe(problem: Problem, root: Path) -> list[tuple[Style, str]]:
    """A problem as lines to print: its place, what it is, and the source line with a caret where the place is known.

    Control characters of the source are left out: a manifest must not steer the terminal that shows it.
    """
    where = ":".join(str(part) for part in (root / problem.file, problem.line, problem.column) if part is not None)
    lines: list[tuple[Style, str]] = [(problem.severity, f"{where}: {problem.severity}[{problem.code}]")]
    first, *more = problem.message.splitlines() or [""]
    lines.append(("plain", f"  {first}"))
    if more:  # the message brings a caret of its own, under an expression
        lines += [("caret", f"    {line}") for line in more]
    elif (source := _source_line(problem, root)) is not None:
        number = str(problem.line)
        column = max(1, problem.column or len(source) - len(source.lstrip()) + 1)
        lines.append(("caret", f"    {number} | {source[:_MOST_COLUMNS]}"))
        if column <= _MOST_COLUMNS:
            lines.append(("caret", f"    {' ' * len(number)} | {' ' * (column - 1)}^"))
    return [(style, _printable(line)) for style, line in lines]


def _source_line(problem: Problem, root: Path) -> str | None:
    path = root / problem.file
    if problem.line is None or not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
        return None
    lines = path.read_text(encoding="utf-8-sig", errors="replace").split("\n")
    if not 0 < problem.line <= len(lines):
        return None
    # one character for each, so that the caret stays under its column
    return "".join(char if char.isprintable() else " " for char in lines[problem.line - 1].removesuffix("\r"))


def _printable(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char) != "Cc")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns 0 when all is well, 1 when something is wrong, 2 when it cannot look."""
    parser = argparse.ArgumentParser(
        prog="python -m mozaiks.manifests.validate", description="Check every workflow of a folder."
    )
    parser.add_argument("directory", type=Path, help="the folder that holds the workflow folders")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these workflows")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--strict", action="store_true", help="a warning fails too")
    options = parser.parse_intermixed_args(arguments)
    try:
        report = validate(options.directory, options.names)
    except MozaiksError as error:
        print(error.message, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(report.as_dict(strict=options.strict), indent=2))
    else:
        for problem in report.problems:
            print("\n".join(line for _, line in describe(problem, options.directory)))
        print(report.summary())
    return 0 if report.passes(strict=options.strict) else 1


if __name__ == "__main__":
    sys.exit(main())
