"""``mozaiks new``: a workflow that runs, to begin one's own from."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mozaiks.manifests import inspect_workflow
from mozaiks.manifests.problems import ManifestErrors
from mozaiks.manifests.schemas import SCHEMAS_FOLDER
from mozaiks.manifests.sections.agents import NAME
from mozaiks.manifests.yaml_source import reads_as_text
from mozaiks_local import demo_model
from mozaiks_local.cli.console import Failure

__all__ = ["STARTER", "create_workflow"]

STARTER: Final = Path(__file__).parent / "starter"
"""The files of a new workflow, with ``__WORD__`` where something depends on its name or place."""

_SCRIPT_SCHEMA: Final = Path(demo_model.__file__).parent / "script.schema.json"
_DEFAULT_ROOT: Final = "workflows"


def create_workflow(name: str, root: Path, base: Path) -> list[Path]:
    """Make the workflow ``name`` under ``root``; nothing that exists is touched.

    Parameters
    ----------
    name
        Its name, which is that of its folder.
    root
        The folder of the workflow folders; made if it is missing.
    base
        The folder the command runs in: what the README's commands are relative to.

    Returns
    -------
    list of Path
        The files, sorted.

    Raises
    ------
    Failure
        For a name that cannot be one, or is taken; nothing is left behind.
    """
    if not NAME.match(name):
        raise Failure(
            f"{name[:80]!r} cannot be a workflow's name: it must begin with a letter and have at most 64 letters, "
            "digits, '_' and '-', such as OrderDesk"
        )
    target = root / name
    try:
        root.mkdir(parents=True, exist_ok=True)
        _refuse_taken(name, root)
        # Made under a name that is no workflow's and then renamed: a running stack never sees half of it.
        draft = root / f".{name}.new"
        draft.mkdir()
    except FileExistsError as error:
        raise Failure(f"{error.filename} is in the way: remove it first") from error
    except OSError as error:
        raise Failure(f"{target} cannot be made: {error.strerror or error}") from error
    try:
        _fill(draft, _words(name, root, base))
        draft.rename(target)
    except OSError as error:
        raise Failure(f"{target} cannot be made: {error.strerror or error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    loaded = inspect_workflow(target)
    if loaded.problems:
        raise ManifestErrors(loaded.name, loaded.problems)
    return sorted(path for path in target.rglob("*") if path.is_file())


def _refuse_taken(name: str, root: Path) -> None:
    for entry in root.iterdir():
        if entry.name.casefold() == name.casefold():
            raise Failure(f"{entry} exists; a workflow's name is looked up without regard to case. Choose another name")


def _words(name: str, root: Path, base: Path) -> dict[str, str]:
    folder, shown_root = (shlex.quote(os.path.relpath(path, base)) for path in (root / name, root))
    dev = "make dev" if shown_root == _DEFAULT_ROOT else f"MOZAIKS_WORKFLOWS_PATH={shown_root} make dev"
    return {
        "__NAME__": name,
        "__FOLDER__": folder,
        "__ROOT__": shown_root,
        "__DEV__": dev,
        # editors take the path from the file that names it
        "__SCHEMAS__": os.path.relpath(SCHEMAS_FOLDER, (root / name).resolve()),
        "__SCRIPT_SCHEMA__": os.path.relpath(_SCRIPT_SCHEMA, (root / name).resolve() / "demo"),
    }


def _fill(folder: Path, words: Mapping[str, str]) -> None:
    for source in sorted(STARTER.rglob("*")):
        if not source.is_file() or "__pycache__" in source.parts:
            continue
        text = source.read_text(encoding="utf-8")
        if source.name == "orchestrator.yaml" and not reads_as_text(words["__NAME__"]):
            text = text.replace("workflow_name: __NAME__", f"workflow_name: {json.dumps(words['__NAME__'])}")
        for word, meaning in words.items():
            text = text.replace(word, meaning)
        path = folder / source.relative_to(STARTER)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
