"""A workflow folder on disk: which files are read, and into which sections their top level is split."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mozaiks.manifests.canonical.orchestrator import OrchestratorFile
from mozaiks.manifests.json_source import parse_json
from mozaiks.manifests.nodes import MAX_FILE_BYTES, Entry, Node, Place, SourceError, kind_of
from mozaiks.manifests.problems import ProblemLog, closest, did_you_mean
from mozaiks.manifests.yaml_source import parse_yaml

__all__ = ["SECTIONS", "Folder", "Sections", "manifest_files", "read_manifest", "read_sections"]

SECTIONS = (
    "orchestrator",
    "agents",
    "handoffs",
    "tools",
    "context_variables",
    "structured_outputs",
    "hooks",
    "ui_config",
)
"""The manifest files of a workflow, without their suffix. ``workflow`` stands for ``orchestrator``."""

_STEMS = {**{name: name for name in SECTIONS}, "workflow": "orchestrator"}
_SUFFIXES = (".yaml", ".yml", ".json")

_EMBEDDED = {
    "orchestrator": "orchestrator",
    "orchestration": "orchestrator",
    "agents": "agents",
    "handoffs": "handoffs",
    "handoff_rules": "handoffs",
    "tools": "tools",
    "lifecycle_tools": "lifecycle_tools",
    "context_variables": "context_variables",
    "structured_outputs": "structured_outputs",
    "hooks": "hooks",
    "ui_config": "ui_config",
}
"""Top-level keys that hold a section, in whatever file they stand."""

_OPEN_MAPS = {"orchestrator", "context_variables", "structured_outputs", "hooks", "ui_config"}
"""Sections whose file may hold the section's keys directly."""


@dataclass(frozen=True)
class Folder:
    """Files of one workflow, never outside it.

    Parameters
    ----------
    path
        The folder.
    name
        Its name, the first part of every file name in messages.
    """

    path: Path
    name: str

    def place(self, relative: str) -> Place:
        return Place(f"{self.name}/{relative}")

    def inside(self, relative: str) -> Path | None:
        """The file at ``relative``, or ``None`` when it leads out of the folder (``..``, a link, an absolute path)."""
        if "\0" in relative or "\\" in relative:
            return None
        real = (self.path / relative).resolve()
        return real if real.is_relative_to(self.path.resolve()) else None


@dataclass
class Sections:
    """What was found, each section once, still in its author's dialect."""

    nodes: dict[str, Node] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    """Sections whose file cannot be parsed: what refers to them is not judged."""


def read_sections(folder: Folder, report: ProblemLog) -> Sections:
    """Read every manifest file of ``folder`` and split it into sections; problems go to ``report``."""
    sections = Sections()
    files: dict[str, list[str]] = {}
    for name in sorted(entry.name for entry in folder.path.iterdir() if entry.is_file()):
        stem, dot, suffix = name.rpartition(".")
        if f"{dot}{suffix}" not in _SUFFIXES:
            continue
        if stem in _STEMS:
            files.setdefault(_STEMS[stem], []).append(name)
        elif (match := closest(stem, _STEMS)) is not None:
            report.warning("unread_file", f"the file is not read; did you mean {match}.{suffix}?", folder.place(name))
    for section, names in files.items():
        for other in names[1:]:
            report.error(
                "duplicate_section",
                f"the section {section!r} stands in two files: {names[0]} and {other}; keep one",
                folder.place(other),
            )
        _split(section, names[0], folder, sections, report)
    _read_pack(folder, sections, report)
    return sections


def _read_pack(folder: Folder, sections: Sections, report: ProblemLog) -> None:
    found = [
        f"_pack/workflow_graph{suffix}"
        for suffix in _SUFFIXES
        if (folder.path / f"_pack/workflow_graph{suffix}").is_file()
    ]
    for other in found[1:]:
        report.error("duplicate_section", f"the pack stands in two files: {found[0]} and {other}", folder.place(other))
    if found and (root := read_manifest(found[0], folder, report)) is not None:
        sections.nodes["pack"] = root


def manifest_files(folder: Folder) -> list[str]:
    """The manifest files there are, relative to the folder, sorted."""
    stems = [*_STEMS, "_pack/workflow_graph"]
    found = (f"{stem}{suffix}" for stem in stems for suffix in _SUFFIXES)
    return sorted(name for name in found if (folder.path / name).is_file())


def read_manifest(name: str, folder: Folder, report: ProblemLog) -> Node | None:
    """The tree of one manifest file; ``None``, with the reason in ``report``, when there is none."""
    place = folder.place(name)
    path = folder.inside(name)
    if path is None:
        report.error("outside_folder", "the file is a link that leads out of the workflow's folder", place)
        return None
    raw = path.read_bytes()
    if len(raw) > MAX_FILE_BYTES:
        report.error("too_large", f"a manifest has at most {MAX_FILE_BYTES} bytes, this one {len(raw)}", place)
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        report.error(
            "not_utf8", f"not UTF-8: byte {raw[error.start]:#04x} at offset {error.start}", Place(place.file, line)
        )
        return None
    try:
        node, duplicates = (parse_json if name.endswith(".json") else parse_yaml)(text, place.file)
    except SourceError as error:
        report.error(error.code, error.message, Place(place.file, error.line, error.column))
        return None
    for duplicate in duplicates:
        report.error(duplicate.code, duplicate.message, Place(place.file, duplicate.line, duplicate.column))
    return node


def _split(section: str, name: str, folder: Folder, sections: Sections, report: ProblemLog) -> None:
    root = read_manifest(name, folder, report)
    if root is None:
        sections.broken.add(section)
        return
    if root.value is None:
        _put(section, Node({}, root.place), sections, report)
        return
    if isinstance(root.value, list) and section in ("agents", "handoffs", "tools", "hooks"):
        _put(section, root, sections, report)
        return
    if not isinstance(root.value, dict):
        report.error("wrong_type", f"a manifest is a map of keys, found {kind_of(root.plain())}", root.place)
        sections.broken.add(section)
        return
    own: dict[str, Entry] = {}
    nested: list[Entry] = []
    for key, entry in root.value.items():
        if key == "$schema":
            continue
        target = _EMBEDDED.get(key)
        if section == "ui_config" and key != "ui_config":
            target = None
        if section == "context_variables" and key == "agents":
            target = None
        if target == "orchestrator" and section == "orchestrator":
            nested.append(entry)
        elif target is not None:
            _put(target, entry.node, sections, report, key)
        else:
            own[key] = entry
    for entry in nested:
        _lift(entry, own, report)
    rest = Node(own, root.place)
    if section in _OPEN_MAPS:
        if own or section == "orchestrator":
            _put(section, rest, sections, report)
    elif section in ("agents", "tools") and section not in sections.nodes and _is_bare_map(section, rest):
        _put(section, rest, sections, report)
    else:
        for key, entry in own.items():
            hint = did_you_mean(key, [word for word, target in _EMBEDDED.items() if target == section] or [section])
            report.error("unknown_key", f"unknown key {key!r} at the top of {name}{hint}", entry.place, key=key)


def _lift(entry: Entry, own: dict[str, Entry], report: ProblemLog) -> None:
    """Move the keys of a nested ``orchestration`` map up to the orchestrator's own."""
    if not isinstance(entry.node.value, dict):
        report.error(
            "wrong_type",
            f"{entry.key!r} must be a map, found {kind_of(entry.node.plain())}",
            entry.node.place,
            key=entry.key,
        )
        return
    for key, inner in entry.node.value.items():
        name = OrchestratorFile.dialects.get(key, key)
        twin = next(
            (other for other in own.values() if OrchestratorFile.dialects.get(other.key, other.key) == name), None
        )
        if twin is not None:
            report.error(
                "given_twice",
                f"{key!r} stands inside {entry.key!r} and as {twin.key!r} on line {twin.place.line}",
                inner.place,
                key=key,
            )
        else:
            own[key] = inner


def _is_bare_map(section: str, rest: Node) -> bool:
    """Whether the file is the map name → definition itself, without the section's key around it."""
    entries = rest.entries()
    if not entries or any(closest(key, [section]) for key in entries):
        return False
    return all(isinstance(entry.node.value, dict) for entry in entries.values())


def _put(section: str, node: Node, sections: Sections, report: ProblemLog, key: str | None = None) -> None:
    first = sections.nodes.get(section)
    if first is None:
        sections.nodes[section] = node
        return
    where = f"{first.place.file} (line {first.place.line}) and {node.place.file} (line {node.place.line})"
    if first.place.file == node.place.file:
        message = f"the section {section!r} stands twice in one file, on lines {first.place.line} and {node.place.line}"
    else:
        message = f"the section {section!r} stands in two files: {where}; keep one"
    report.error("duplicate_section", message, node.place, key=key)
