"""Lines of the run's journal that are written at the workflow's own moments."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from mozaiks.authoring import AbortRun


def began(context: MutableMapping[str, Any], workflow_name: str) -> None:
    """The run begins. With no order lines at all there is nothing to do, and it ends here."""
    if context["lines_total"] == 0:
        raise AbortRun("There are no orders tonight.")
    _note(context, f"{workflow_name} begins with {context['lines_total']} lines")


def handed_over(context: MutableMapping[str, Any], from_agent: str, to_agent: str) -> None:
    """One agent hands the run over to another."""
    _note(context, f"{from_agent} → {to_agent}")


def ended(context: MutableMapping[str, Any]) -> None:
    """The run is over."""
    _note(context, f"done, {len(context['rejected'])} rejected")


def failed(context: MutableMapping[str, Any]) -> None:
    """The run failed."""
    context["stage"] = "failed"


def _note(context: MutableMapping[str, Any], line: str) -> None:
    context["journal"] = [*context["journal"], line]
