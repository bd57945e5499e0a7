"""The commands that read and write manifests, and their options. What they do is imported when they are called."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["convert", "new", "validate"]

_Root = Annotated[
    Path | None, typer.Option("--path", help="Folder of the workflow folders. Default: MOZAIKS_WORKFLOWS_PATH.")
]


class _To(StrEnum):
    YAML = "yaml"
    JSON = "json"


def validate(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these; all when left out.")
    ] = None,
    path: _Root = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="A warning fails too.")] = False,
) -> None:
    """Check workflows, and say everything that is wrong with them. Exit code 1 if anything is."""
    from mozaiks_local.cli.console import Failure, end_with
    from mozaiks_local.cli.validation import show_validation

    try:
        passed = show_validation(_root(path), Path.cwd(), names or [], as_json=as_json, strict=strict)
    except Failure as failure:
        end_with(failure)
    raise typer.Exit(0 if passed else 1)


def new(name: Annotated[str, typer.Argument(help="Its name, such as OrderDesk.")], path: _Root = None) -> None:
    """Make a workflow that runs: two agents, a Python tool, a demo script and a test."""
    from mozaiks_local.cli.console import Failure, end_with, out
    from mozaiks_local.cli.new_workflow import create_workflow

    root = _root(path)
    try:
        files = create_workflow(name, root, Path.cwd())
    except Failure as failure:
        end_with(failure)
    for file in files:
        out().print(f"  {_shown(file)}", markup=False)
    folder = _shown(root / name)
    out().print(f"made. Test it: make test ARGS={folder}\nRead on: {folder / 'README.md'}", markup=False)


def convert(
    name: Annotated[str, typer.Argument(help="The workflow.")],
    to: Annotated[_To, typer.Option(help="The syntax to convert to.")],
    path: _Root = None,
    write: Annotated[
        bool, typer.Option("--write/--stdout", help="Replace the files, or print what they would be.")
    ] = False,
) -> None:
    """Write a workflow's manifests in the other syntax. The result is the same workflow, or nothing is changed."""
    from mozaiks.errors import MozaiksError
    from mozaiks.manifests.registry import workflow_folders
    from mozaiks_local.cli import convert_manifests
    from mozaiks_local.cli.console import Failure, complain, end_with, out, warn
    from mozaiks_local.cli.environment import read_settings

    root = _root(path)
    try:
        folder = workflow_folders(root).get(name.casefold())
        if folder is None:
            raise Failure(f"there is no workflow {name!r} in {root}")
        syntax: convert_manifests.Syntax = "json" if to is _To.JSON else "yaml"
        conversion = convert_manifests.convert(folder, syntax)
        if not conversion.files:
            out().print(f"every manifest of {folder.name} is {to.value} already", markup=False)
            return
        if not write:
            sys.stdout.write(_as_stream(conversion.files, to))
            return
        for file in conversion.comments:
            warn(f"{file} has comments, which {'JSON has none of' if to is _To.JSON else 'are not carried over'}")
        backups = Path.cwd() / read_settings(Path.cwd()).mozaiks_data_dir / "converted"
        kept = convert_manifests.write_conversion(conversion, backups)
        for old, (made, _) in conversion.files.items():
            out().print(f"  {old} → {made}", markup=False)
        out().print(
            f"the same workflow, version {conversion.version[:12]}; the old files are in {_shown(kept)}", markup=False
        )
    except MozaiksError as error:
        complain(error.message)
        raise typer.Exit(1) from error
    except (Failure, OSError) as failure:
        end_with(failure)


def _as_stream(files: dict[str, tuple[str, str]], to: _To) -> str:
    """All new files as one text: a JSON object by file name, or a stream of YAML documents."""
    import json

    if to is _To.JSON:
        return json.dumps({new: json.loads(text) for new, text in files.values()}, indent=2, ensure_ascii=False) + "\n"
    return "".join(f"--- # {new}\n{text}" for new, text in files.values())


def _root(path: Path | None) -> Path:
    from mozaiks_local.cli.console import Failure, end_with
    from mozaiks_local.cli.environment import read_settings

    if path is not None:
        return path.resolve()
    try:
        return (Path.cwd() / read_settings(Path.cwd()).mozaiks_workflows_path).resolve()
    except Failure as failure:
        end_with(failure)


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
