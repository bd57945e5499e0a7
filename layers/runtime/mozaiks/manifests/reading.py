"""What the readers of all sections share while one workflow is being loaded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from mozaiks.manifests.expressions import Expression, ExpressionError, parse
from mozaiks.manifests.folder import Folder
from mozaiks.manifests.functions import FunctionFinder
from mozaiks.manifests.nodes import Node, Place
from mozaiks.manifests.problems import ProblemLog, closest, did_you_mean
from mozaiks.manifests.spec import TERMINATE, USER

__all__ = ["BUILT_IN_VARIABLES", "Reading"]

BUILT_IN_VARIABLES = ("workflow_name", "app_id", "chat_id", "user_id")
"""Variables every chat has."""
_SET_BY_RUNTIME = (*BUILT_IN_VARIABLES, "child_results")


@dataclass
class Reading:
    """The workflow being read: its files, its problems, and the names known so far."""

    folder: Folder
    report: ProblemLog
    broken: set[str]
    """Sections that could not be parsed; references into them are not judged."""
    agents: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    files: set[str] = field(default_factory=set)
    """Paths, relative to the folder, of files the content refers to: part of the version."""

    @cached_property
    def functions(self) -> FunctionFinder:
        return FunctionFinder(self.folder, self.report)

    def agent(self, name: str, place: Place, key: str, what: str) -> str | None:
        """``name`` if it is an agent; reported and ``None`` otherwise."""
        if name in self.agents:
            return name
        if "agents" not in self.broken:
            self.unknown("agent", name, self.agents, place, key, what)
        return None

    def unknown(self, kind: str, name: str, known: Iterable[str], place: Place, key: str, what: str) -> None:
        """Report that ``what`` names something of that ``kind`` that does not exist."""
        self.report.error(
            f"unknown_{kind}", f"{what} names the unknown {kind} {name!r}{did_you_mean(name, known)}", place, key=key
        )

    def agents_among(self, names: Iterable[str], node: Node, what: str, key: str) -> tuple[str, ...]:
        """Those of ``names`` that are agents, once each; the others are reported at their place in ``node``."""
        known = [
            name for index, name in enumerate(names) if self.agent(name, node.place_of(index), key, what) is not None
        ]
        return tuple(dict.fromkeys(known))

    def speaker(self, name: str, place: Place, key: str, what: str, *, terminate: bool) -> str | None:
        """An agent, ``user``, or (as a target) ``terminate``; the two reserved words in any case."""
        if name in self.agents:
            return name
        folded = name.casefold()
        if folded == USER:
            return USER
        if folded == TERMINATE and terminate:
            return TERMINATE
        if "agents" not in self.broken:
            known = [*self.agents, USER, *([TERMINATE] if terminate else [])]
            self.unknown("agent", name, known, place, key, what)
        return None

    def expression(self, node: Node, key: str, what: str) -> Expression | None:
        """The parsed expression in ``node``; a syntax error is reported with a caret under its column.

        Names that are no declared variable give a warning: they are null unless a tool sets them.
        """
        text = str(node.value)
        try:
            expression = parse(text)
        except ExpressionError as error:
            self.report.error(
                "expression",
                f"{what}: {error.message} (column {error.column} of the expression)\n{error.caret(text)}",
                _column(node, error.column),
                key=key,
            )
            return None
        if "context_variables" not in self.broken:
            known = (*self.variables, *_SET_BY_RUNTIME)
            for name in sorted(expression.names.difference(known)):
                match = closest(name, known)
                hint = f"; did you mean {match!r}?" if match else ""
                self.report.warning(
                    "unknown_variable",
                    f"{what} reads the undeclared variable {name!r}, which is null until a tool or hook sets it{hint}",
                    node.place,
                    key=key,
                )
        return expression


def _column(node: Node, column: int) -> Place:
    """Where that column of a text stands in its file, as far as the source tells."""
    if node.text_offset is None or node.place.column is None:
        return node.place
    return node.place._replace(column=node.place.column + node.text_offset + column - 1)
