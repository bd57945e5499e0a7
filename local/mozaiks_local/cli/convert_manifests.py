"""``mozaiks workflows convert``: a workflow's manifests in the other syntax, and never another workflow."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from mozaiks.manifests import load_workflow
from mozaiks.manifests.convert import convert_workflow, dump_json, dump_yaml
from mozaiks.manifests.folder import Folder, read_manifest
from mozaiks.manifests.problems import ProblemLog
from mozaiks_local.cli.console import Failure

__all__ = ["Conversion", "Syntax", "convert", "write_conversion"]

Syntax = Literal["yaml", "json"]

_MODELINE: Final = re.compile(r"^#\s*yaml-language-server:\s*\$schema=(\S+)\s*$", re.MULTILINE)
_COMMENT: Final = re.compile(r"(?:^|\s)#")


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a conversion would write.

    Attributes
    ----------
    files
        Present file → (new file, its text), relative to the folder.
    comments
        Files whose comments the new syntax has no place for.
    """

    folder: Path
    version: str
    files: dict[str, tuple[str, str]]
    comments: tuple[str, ...]


def convert(folder: Path, to: Syntax) -> Conversion:
    """The manifests of ``folder`` in the syntax ``to``. Nothing is written.

    Raises
    ------
    ManifestErrors
        If the workflow does not load: what is not understood is not converted.
    Failure
        If the result were another workflow.
    """
    version = load_workflow(folder).version
    files: dict[str, tuple[str, str]] = {}
    comments: list[str] = []
    for old, (new, text) in convert_workflow(folder, to).items():
        source = (folder / old).read_text(encoding="utf-8-sig")
        files[old] = (new, _with_schema(folder, old, source, text, to))
        if not old.endswith(".json") and _has_comments(source):
            comments.append(old)
    conversion = Conversion(folder, version, files, tuple(comments))
    _check(conversion)
    return conversion


def write_conversion(conversion: Conversion, backups: Path) -> Path:
    """Write the new files and move the old ones to a folder of their own under ``backups``, which is returned.

    Raises
    ------
    Failure
        If something is in the way of a new file, or if what was written is not the same workflow; the old files are
        then where they were.
    """
    folder = conversion.folder
    for new, _ in conversion.files.values():
        if os.path.lexists(folder / new):
            raise Failure(f"{folder / new} is in the way: remove it first")
    kept = backups / f"{folder.name}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    # All old files are safe before the first new one is written.
    for old in conversion.files:
        (kept / old).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / old, kept / old)
    try:
        for old, (new, text) in conversion.files.items():
            (folder / new).write_text(text, encoding="utf-8")
            (folder / old).unlink()
        if load_workflow(folder).version != conversion.version:
            raise Failure(f"the files written to {folder} are not the same workflow")
    except BaseException:
        for old, (new, _) in conversion.files.items():
            (folder / new).unlink(missing_ok=True)
            shutil.copy2(kept / old, folder / old)
        raise
    return kept


def _check(conversion: Conversion) -> None:
    """Load the result beside the original, which stays as it is."""
    with tempfile.TemporaryDirectory(prefix="mozaiks-convert-") as beside:
        copy = Path(beside) / conversion.folder.absolute().name
        unread = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(conversion.folder, copy, symlinks=True, ignore=unread)
        for old, (new, text) in conversion.files.items():
            (copy / old).unlink()
            (copy / new).unlink(missing_ok=True)  # a link there would lead back to the original
            (copy / new).write_text(text, encoding="utf-8")
        found = load_workflow(copy).version
    if found != conversion.version:
        raise Failure(
            f"{conversion.folder.name!r} cannot be converted without changing it: its version "
            f"{conversion.version[:12]} would become {found[:12]}"
        )


def _with_schema(folder: Path, old: str, source: str, text: str, to: Syntax) -> str:
    """``text`` with the schema line of its syntax, where the original names a schema in the way of the other."""
    if to == "json":
        named = _MODELINE.search(source)
        data = json.loads(text)
        if named is None or not isinstance(data, dict) or "$schema" in data:
            return text
        return dump_json({"$schema": named[1], **data})
    node = read_manifest(old, Folder(folder, folder.name), ProblemLog())
    data = node.plain() if node is not None else None
    if not isinstance(data, dict) or not isinstance(data.get("$schema"), str):
        return text
    schema = data.pop("$schema")
    if re.search(r"\s", schema):  # a schema line ends at the first blank
        return text
    return f"# yaml-language-server: $schema={schema}\n{dump_yaml(data)}"


def _has_comments(source: str) -> bool:
    """Whether lines hold what may be a comment; a ``#`` inside a text counts too, as a warning costs little."""
    return bool(_COMMENT.search(_MODELINE.sub("", source)))
