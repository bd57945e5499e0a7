"""``context_variables``: types, sources, triggers, and which agents see what."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, Literal

from mozaiks.manifests.canonical.context import ContextVariablesFile, TriggerEntry, VariableEntry, VariableSource
from mozaiks.manifests.coercion import VARIABLE_TYPES, coerce
from mozaiks.manifests.expressions import RESERVED, ExpressionError, parse
from mozaiks.manifests.nodes import MAX_FILE_BYTES, Entry, Node, kind_of
from mozaiks.manifests.reading import BUILT_IN_VARIABLES, Reading
from mozaiks.manifests.sections.models import text_match, text_node
from mozaiks.manifests.shape import build, named_entries, normalise, replace_child, replace_text
from mozaiks.manifests.spec import ContextExposure, ContextVariableSpec, Source, ToolSpec, Trigger

__all__ = ["context_node", "read_exposures", "read_variables", "variable_names"]

_SOURCES = {
    "state": "state",
    "config": "config",
    "environment": "config",
    "datareference": "data_reference",
    "database": "data_reference",
    "file": "file",
    "computed": "computed",
}
_NEEDS = {"config": "env_var", "data_reference": "collection", "file": "path", "computed": "expression"}
_BELONGS = {
    "env_var": "config",
    "collection": "data_reference",
    "query_template": "data_reference",
    "fields": "data_reference",
    "path": "file",
    "format": "file",
    "expression": "computed",
}
_FORMATS: dict[str, Literal["json", "yaml"]] = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}
_CODE_OPERATORS = {"$where", "$function", "$accumulator"}


def context_node(section: Node | None, reading: Reading) -> Node:
    """The section with canonical keys."""
    if section is None or section.value is None:
        return Node({}, reading.folder.place("context_variables.yaml"))
    if not isinstance(section.value, dict):
        reading.report.error(
            "wrong_type", f"context_variables must be a map, found {kind_of(section.plain())}", section.place
        )
        return Node({}, section.place)
    return normalise(section, ContextVariablesFile, reading.report, "context_variables")


def variable_names(section: Node, reading: Reading) -> list[tuple[str, Node]]:
    """Name and definition of every variable; names no expression could say are reported."""
    found = named_entries(section.child("variables"), reading.report, "variables", "variable")
    for name, node in found:
        if name in BUILT_IN_VARIABLES:
            reading.report.error(
                "reserved_name", f"the variable {name!r} is always there and cannot be declared", node.place, key=name
            )
        elif name in RESERVED or not (name.isascii() and name.isidentifier()):
            reading.report.error(
                "wrong_name",
                f"the variable name {name!r} must be letters, digits and '_', and no word of expressions",
                node.place,
                key=name,
            )
    return found


def read_variables(
    definitions: list[tuple[str, Node]], tools: tuple[ToolSpec, ...], reading: Reading
) -> tuple[ContextVariableSpec, ...]:
    """The declared variables in file order."""
    found = [_read(name, node, tools, reading) for name, node in definitions]
    _check_cycles(dict(definitions), [variable for variable in found if variable.source.kind == "computed"], reading)
    return tuple(found)


def read_exposures(section: Node, reading: Reading) -> tuple[ContextExposure, ...]:
    """Which variables each agent's prompt shows: agent → list of names, or → {variables: list}."""
    node = section.child("agents")
    if node is None:
        return ()
    if not isinstance(node.value, dict):
        found = kind_of(node.plain())
        reading.report.error("wrong_type", f"agents of context_variables must be a map, found {found}", node.place)
        return ()
    exposures: list[ContextExposure] = []
    for agent, entry in node.value.items():
        what = f"exposure to {agent!r}"
        known = reading.agent(agent, entry.place, agent, "context_variables.agents")
        listing = entry.node.child("variables") or entry.node
        names: list[str] = []
        if not isinstance(listing.value, list):
            found = kind_of(listing.plain())
            reading.report.error(
                "wrong_type", f"{what} must be a list of variables, found {found}", listing.place, key=agent
            )
        for item in listing.items():
            if isinstance(item.value, str) and item.value in (*reading.variables, *BUILT_IN_VARIABLES):
                names.append(item.value)
            else:
                reading.unknown("variable", str(item.plain()), reading.variables, item.place, agent, what)
        if known is not None:
            exposures.append(ContextExposure(agent=known, variables=tuple(dict.fromkeys(names))))
    return tuple(exposures)


def _read(name: str, raw: Node, tools: tuple[ToolSpec, ...], reading: Reading) -> ContextVariableSpec:
    what = f"variable {name!r}"
    node = _lift_source(raw, reading, what)
    node = normalise(node, VariableEntry, reading.report, what)
    replace_text(node, "type", dict(VARIABLE_TYPES))
    if "triggers" in node.entries():
        replace_child(node, "triggers", _triggers_node(node.entries()["triggers"].node, reading, what))
    entry = build(VariableEntry, node, reading.report, what) or VariableEntry()
    default = entry.default
    try:
        default = coerce(entry.default, entry.type)
    except ValueError as error:
        reading.report.error("wrong_type", f"default of {what}: {error}", node.place_of("default"), key="default")
    triggers = node.child("triggers")
    return ContextVariableSpec(
        name=name,
        type=entry.type,
        description=entry.description,
        default=default,
        source=_source(entry.source, node.child("source") or node, what, reading),
        triggers=tuple(
            trigger
            for index, declared in enumerate(entry.triggers)
            if (trigger := _trigger(declared, entry, triggers, index, what, tools, reading)) is not None
        ),
        client_visible=entry.client_visible,
        client_writable=entry.client_writable,
    )


def _lift_source(raw: Node, reading: Reading, what: str) -> Node:
    """The definition with ``source`` as a map of its own.

    A source may be a bare word with its settings beside it; a source map may carry the variable's default and triggers.
    """
    if not isinstance(raw.value, dict):
        return raw
    entries = dict(raw.value)
    source = entries.get("source")
    inner: dict[str, Entry] = {}
    if source is not None and isinstance(source.node.value, dict):
        inner = dict(source.node.value)
        for key in ("default", "triggers"):
            if key in inner and key not in entries:
                entries[key] = inner.pop(key)
    elif source is not None and isinstance(source.node.value, str):
        inner = {"type": Entry("source", source.place, source.node)}
    elif source is not None and source.node.value is not None:
        return raw
    for key in _BELONGS:
        if key in entries and key not in inner:
            inner[key] = entries.pop(key)
    if source is not None or inner:
        place = source.node.place if source is not None else raw.place
        node = normalise(Node(inner, place), VariableSource, reading.report, f"source of {what}")
        replace_text(node, "type", {**_SOURCES, "derived": "state"})
        entries["source"] = Entry("source", source.place if source is not None else raw.place, node)
    return Node(entries, raw.place)


def _source(source: VariableSource, node: Node, what: str, reading: Reading) -> Source:
    needed = _NEEDS.get(source.type)
    given = source.model_dump()
    if needed is not None and not given[needed]:
        reading.report.error(
            "missing_key", f"source of {what} is {source.type} and lacks {needed!r}", node.place, key=needed
        )
    for key, owner in _BELONGS.items():
        if key in node.entries() and owner != source.type:
            message = f"source of {what}: {key!r} belongs to a {owner} source, this one is {source.type}"
            reading.report.error("contradiction", message, node.place_of(key), key=key)
    format_ = source.format
    if source.path is not None and source.type == "file":
        format_ = format_ or _FORMATS.get(PurePosixPath(source.path).suffix)
        _check_file(source.path, node, what, reading)
    if source.expression is not None and (where := node.child("expression")) is not None:
        reading.expression(where, "expression", f"the expression of {what}")
    if source.query_template is not None:
        _check_query(node.child("query_template"), what, reading)
    return Source(
        kind=source.type,
        env_var=source.env_var,
        collection=source.collection,
        query_template=source.query_template,
        fields=tuple(source.fields),
        path=source.path,
        format=format_ or "text",
        expression=source.expression,
    )


def _check_file(relative: str, node: Node, what: str, reading: Reading) -> None:
    path, place = reading.folder.inside(relative), node.place_of("path")
    if path is None:
        reading.report.error(
            "outside_folder", f"source of {what}: {relative!r} leads out of the folder", place, key="path"
        )
    elif not path.is_file():
        reading.report.error("missing_file", f"source of {what}: there is no file {relative!r}", place, key="path")
    elif path.stat().st_size > MAX_FILE_BYTES:
        reading.report.error("too_large", f"source of {what}: at most {MAX_FILE_BYTES} bytes", place, key="path")
    else:
        reading.files.add(path.relative_to(reading.folder.path.resolve()).as_posix())


def _check_query(node: Node | None, what: str, reading: Reading) -> None:
    """Refuse the operators that run code in the database."""
    for part in node.walk() if node else ():
        for key, entry in part.entries().items():
            if key in _CODE_OPERATORS:
                message = f"query_template of {what} cannot use {key}: it runs code in the database"
                reading.report.error("wrong_value", message, entry.place, key=key)


def _triggers_node(node: Node, reading: Reading, what: str) -> Node:
    """Triggers as a list of maps with ``type``, from a list or from a map type → trigger (or triggers)."""
    flat: list[Node] = []
    if isinstance(node.value, dict) and "type" not in node.value and "kind" not in node.value:
        for key, entry in node.value.items():
            for item in entry.node.items() if isinstance(entry.node.value, list) else [entry.node]:
                kind = Entry(key, entry.place, Node(key, entry.place))
                flat.append(Node({"type": kind, **item.entries()}, item.place))
    else:
        flat = node.items() if isinstance(node.value, list) else [node]
    return Node([_trigger_node(item, reading, f"a trigger of {what}") for item in flat], node.place)


def _trigger_node(raw: Node, reading: Reading, what: str) -> Node:
    entries = dict(raw.entries())
    direct: dict[str, Entry] = {key: entries.pop(key) for key in ("equals", "contains", "regex") if key in entries}
    if direct and "match" not in entries:
        first = next(iter(direct.values()))
        entries["match"] = Entry("match", first.place, Node(dict(direct), raw.place))
    elif direct:
        entries.update(direct)
    node = normalise(Node(entries, raw.place) if entries else raw, TriggerEntry, reading.report, what)
    if "match" in node.entries():
        replace_child(node, "match", text_node(node.entries()["match"].node, reading, f"match of {what}", "equals"))
    return node


def _trigger(
    trigger: TriggerEntry,
    variable: VariableEntry,
    triggers: Node | None,
    index: int,
    what: str,
    tools: tuple[ToolSpec, ...],
    reading: Reading,
) -> Trigger | None:
    node = (triggers.child(index) if triggers else None) or Node({}, reading.folder.place("context_variables.yaml"))
    label = f"triggers[{index}] of {what}"
    needed = ("agent", "match") if trigger.type == "agent_text" else ("tool",)
    foreign = ("tool", "response_key") if trigger.type == "agent_text" else ("agent", "match", "ui_hidden", "value")
    missing = [key for key in needed if key not in node.entries()]
    for key in missing:
        reading.report.error("missing_key", f"{label} is {trigger.type} and lacks {key!r}", node.place, key=key)
    for key in foreign:
        if key in node.entries():
            message = f"{label}: {key!r} does not belong to {trigger.type}"
            reading.report.error("contradiction", message, node.place_of(key), key=key)
    if trigger.agent is not None:
        reading.agent(trigger.agent, node.place_of("agent"), "agent", label)
    if trigger.tool is not None and "tools" not in reading.broken:
        known = [tool.name for tool in tools]
        if trigger.tool not in known:
            reading.unknown("tool", trigger.tool, known, node.place_of("tool"), "tool", label)
    match = None
    if trigger.match is not None:
        match = text_match(trigger.match, node.child("match") or node, reading, f"match of {label}")
    value = _trigger_value(trigger, variable, node, label, reading)
    if missing or (trigger.match is not None and match is None):
        return None
    return Trigger(
        kind=trigger.type,
        agent=trigger.agent,
        match=match,
        ui_hidden=trigger.ui_hidden,
        tool=trigger.tool,
        response_key=trigger.response_key,
        value=value,
    )


def _trigger_value(trigger: TriggerEntry, variable: VariableEntry, node: Node, label: str, reading: Reading) -> Any:
    if trigger.type != "agent_text":
        return trigger.value
    try:
        return coerce(trigger.value, variable.type)
    except ValueError as error:
        given = "value" in node.entries()
        reason = "" if given else "; without 'value' the variable becomes true"
        place = node.place_of("value")
        reading.report.error("wrong_type", f"value of {label}: {error}{reason}", place, key="value")
        return trigger.value


def _check_cycles(nodes: dict[str, Node], computed: list[ContextVariableSpec], reading: Reading) -> None:
    """Report computed variables that need their own value."""
    reads = {variable.name: _names_in(variable.source.expression) for variable in computed}
    for name in reads:
        seen: set[str] = set()
        pending = list(reads[name])
        while pending:
            other = pending.pop()
            if other in reads and other not in seen:
                seen.add(other)
                pending.extend(reads[other])
        if name in seen:
            message = f"the computed variable {name!r} needs its own value, through {', '.join(sorted(seen))}"
            reading.report.error("cycle", message, nodes[name].place, key=name)


def _names_in(expression: str | None) -> frozenset[str]:
    try:
        return parse(expression).names if expression else frozenset()
    except ExpressionError:
        return frozenset()
