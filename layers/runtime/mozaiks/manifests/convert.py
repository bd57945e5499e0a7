"""A workflow's manifests in the other syntax. The dialect stays the author's; comments of YAML are lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import yaml

from mozaiks.manifests.folder import Folder, manifest_files, read_manifest
from mozaiks.manifests.problems import ManifestErrors, ProblemLog
from mozaiks.manifests.yaml_source import reads_as_text

__all__ = ["convert_workflow", "dump_json", "dump_yaml"]


class _Dumper(yaml.SafeDumper):
    """Block style in the given order; texts are quoted exactly where our reader would take them for something else."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    if "\n" in value and not value.startswith((" ", "\n")) and all(line == line.rstrip() for line in value.split("\n")):
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|")
    style = None if reads_as_text(value) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
_Dumper.ignore_aliases = lambda self, data: True  # type: ignore[method-assign]


def dump_yaml(data: Any) -> str:
    """``data`` as YAML that this package reads back as ``data``."""
    # the emitter leaves these line breaks as they are and then reads them back as blanks, unless it writes ASCII only
    readable = not any(mark in json.dumps(data, ensure_ascii=False) for mark in "\x85\u2028\u2029\ufeff")
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=readable, width=110)
    return text


def dump_json(data: Any) -> str:
    """``data`` as indented JSON."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def convert_workflow(folder: Path, to: Literal["yaml", "json"]) -> dict[str, tuple[str, str]]:
    """The manifests of ``folder`` in the syntax ``to``; nothing is written.

    Returns
    -------
    dict
        Present file → (new file, its text), both relative to ``folder``; files already in that syntax are left out.

    Raises
    ------
    ManifestErrors
        If a manifest cannot be parsed.
    """
    where, report = Folder(folder, folder.absolute().name), ProblemLog()
    converted: dict[str, tuple[str, str]] = {}
    for name in manifest_files(where):
        stem, _, suffix = name.rpartition(".")
        if (suffix == "json") is (to == "json"):
            continue
        node = read_manifest(name, where, report)
        if node is not None:
            data = node.plain()
            converted[name] = (f"{stem}.{to}", dump_json(data) if to == "json" else dump_yaml(data))
    if report.failed:
        raise ManifestErrors(where.name, report.sorted())
    return converted
