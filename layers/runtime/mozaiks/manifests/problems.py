"""What can be wrong with a workflow folder, said once and all at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from mozaiks.errors import MozaiksError

if TYPE_CHECKING:
    from mozaiks.manifests.nodes import Place

__all__ = ["ManifestErrors", "Problem", "ProblemLog", "closest", "did_you_mean"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one workflow.

    Parameters
    ----------
    severity
        ``error`` keeps the workflow from loading, ``warning`` does not.
    code
        Stable name of the kind of problem, for programs.
    message
        What was found and what was expected. May have several lines (a caret under an expression).
    file
        Path relative to the folder that holds the workflows, with forward slashes.
    line, column
        1-based, where the syntax has them.
    key
        The manifest key it is about, as the author spelled it.
    """

    severity: Literal["error", "warning"]
    code: str
    message: str
    file: str
    line: int | None = None
    column: int | None = None
    key: str | None = None

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return f"{where}: {self.severity}: {self.message} [{self.code}]"

    def as_dict(self) -> dict[str, Any]:
        """The problem as JSON-ready data."""
        return asdict(self)


class ManifestErrors(MozaiksError):
    """A workflow folder that does not load, with every problem found in it.

    Parameters
    ----------
    workflow
        Name of the folder.
    problems
        All of them, warnings too; at least one is an error.
    """

    def __init__(self, workflow: str, problems: Iterable[Problem]) -> None:
        self.workflow = workflow
        self.problems = tuple(problems)
        errors = sum(problem.severity == "error" for problem in self.problems)
        lines = "\n".join(str(problem) for problem in self.problems)
        super().__init__(
            "WORKFLOW_INVALID",
            f"workflow {workflow!r} has {errors} error{'s' if errors != 1 else ''}:\n{lines}",
            workflow=workflow,
            problems=[problem.as_dict() for problem in self.problems],
        )


class ProblemLog:
    """Collects the problems of one workflow while it is being read."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def error(self, code: str, message: str, place: Place, *, key: str | None = None) -> None:
        self._problems.append(Problem("error", code, message, *place, key=key))

    def warning(self, code: str, message: str, place: Place, *, key: str | None = None) -> None:
        self._problems.append(Problem("warning", code, message, *place, key=key))

    @property
    def failed(self) -> bool:
        """Whether one of the problems is an error."""
        return any(problem.severity == "error" for problem in self._problems)

    def sorted(self) -> tuple[Problem, ...]:
        """Each problem once, errors before warnings, then by file and position."""
        unique = dict.fromkeys(self._problems)
        return tuple(sorted(unique, key=lambda p: (p.severity, p.file, p.line or 0, p.column or 0)))


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word a person most likely meant by ``word``, or ``None``."""
    by_folded = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``"; did you mean 'x'?"``, else ``"; expected one of …"``, ready to end a message."""
    names = list(known)
    match = closest(word, names)
    if match is not None:
        return f"; did you mean {match!r}?"
    if not names:
        return ""
    return f"; expected one of {', '.join(names)}"
