"""``mozaiks workflows list``: what is in the workflows folder, and what is wrong with it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from mozaiks_local.cli.console import Failure, errors, out, printable
from mozaiks_local.cli.environment import read_settings

if TYPE_CHECKING:
    from mozaiks.manifests.pack import LoadedPack

__all__ = ["Listed", "discover_workflows", "list_workflows", "tell_pack_problems", "tell_problems"]


@dataclass(frozen=True, slots=True)
class Listed:
    """One workflow folder. ``problems`` name file and line; a valid one may have warnings.

    ``needs`` are the workflows to be completed first; of a broken pack nothing is known.
    """

    name: str
    valid: bool
    agents: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    startup_mode: str | None = None
    version: str | None = None
    problems: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


def discover_workflows(path: Path) -> list[Listed]:
    """Every workflow folder under ``path``, by name."""
    from mozaiks.manifests import discover
    from mozaiks.manifests.pack_graph import EMPTY_PACK

    if not path.is_dir():
        raise Failure(f"there is no folder {path}: make it, or name another with MOZAIKS_WORKFLOWS_PATH")
    found = discover(path)
    graph = found.pack.graph or EMPTY_PACK
    valid = [
        Listed(
            name=spec.name,
            valid=True,
            agents=tuple(agent.name for agent in spec.agents),
            tools=tuple(tool.name for tool in spec.tools),
            startup_mode=str(spec.startup_mode),
            version=spec.version,
            problems=tuple(str(problem) for problem in found.warnings.get(spec.name, ())),
            needs=tuple(each.workflow for each in graph.dependencies_of(spec.name) if each.gating == "required"),
        )
        for spec in found
    ]
    invalid = [
        Listed(name=name, valid=False, problems=tuple(str(problem) for problem in problems))
        for name, problems in found.invalid.items()
    ]
    return sorted((*valid, *invalid), key=lambda workflow: workflow.name.casefold())


def list_workflows(folder: Path, *, as_json: bool) -> bool:
    """Print the workflows of a command run in ``folder``, and their journeys; returns whether everything is valid."""
    path = (folder / read_settings(folder).mozaiks_workflows_path).resolve()
    listed = discover_workflows(path)
    if as_json:
        print(json.dumps([asdict(workflow) for workflow in listed], indent=2))
    elif not listed:
        out().print(Text(f"no workflows in {path}"))
    else:
        out().print(_table(listed))
        tell_problems(listed)
    pack = tell_pack_problems(path, listed)
    if pack.graph is not None and not as_json:
        for journey in pack.graph.journeys:
            steps = " → ".join(" + ".join(group) for group in journey.groups)
            out().print(Text(printable(f"journey {journey.name}: {steps}")))
    return pack.graph is not None and all(workflow.valid for workflow in listed)


def tell_problems(listed: list[Listed]) -> None:
    """Say what is wrong with each workflow, the warnings of valid ones too."""
    for workflow in listed:
        if workflow.problems:
            state = "has warnings" if workflow.valid else "is invalid"
            lines = [f"! the workflow {workflow.name!r} {state}:", *(f"  {problem}" for problem in workflow.problems)]
            errors().print(Text(printable("\n".join(lines)), style="yellow" if workflow.valid else "red"))


def tell_pack_problems(path: Path, listed: list[Listed]) -> LoadedPack:
    """Say what is wrong with the pack of the workflows under ``path``, if anything is; returns what came of it."""
    from mozaiks.manifests.pack import read_pack

    pack = read_pack(path, [workflow.name for workflow in listed])
    if pack.problems:
        lines = ["! the pack of the workflows is invalid, and no chat can begin:", *map(str, pack.problems)]
        errors().print(Text(printable("\n  ".join(lines)), style="red"))
    return pack


def _table(listed: list[Listed]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("workflow", "state", "agents", "tools", "startup", "needs", "version"):
        table.add_column(heading, overflow="fold")
    for workflow in listed:
        table.add_row(
            Text(printable(workflow.name), "cyan"),
            Text("valid", "green") if workflow.valid else Text("invalid", "red"),
            Text(printable("\n".join(workflow.agents)) or "-"),
            Text(printable("\n".join(workflow.tools)) or "-"),
            workflow.startup_mode or "-",
            Text(printable("\n".join(workflow.needs)) or "-"),
            Text((workflow.version or "-")[:12], "dim"),
        )
    return table
