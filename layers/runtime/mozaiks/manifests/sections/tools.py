"""``tools`` and ``lifecycle_tools``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mozaiks.manifests.canonical.tools import LifecycleToolEntry, ToolEntry, ToolUi
from mozaiks.manifests.nodes import Entry, Node
from mozaiks.manifests.reading import Reading
from mozaiks.manifests.sections.agents import Agent
from mozaiks.manifests.sections.parameters import check_parameters, parameters_node
from mozaiks.manifests.shape import build, list_of_maps, named_entries, normalise, replace_child, replace_text
from mozaiks.manifests.spec import FunctionRef, LifecycleToolSpec, ToolKind, ToolSpec, UiSpec

__all__ = ["read_lifecycle_tools", "read_tools"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}\Z")
_SECRET_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_KINDS = {"uitool": "UI_Tool", "agenttool": "Agent_Tool"}


@dataclass
class _Tool:
    """A declared tool on its way to a ``ToolSpec``."""

    entry: ToolEntry
    node: Node
    function: FunctionRef | None = None

    @property
    def what(self) -> str:
        return f"tool {self.entry.name!r}"

    @property
    def kind(self) -> ToolKind:
        if self.entry.type is not None:
            return ToolKind(self.entry.type)
        return ToolKind.UI_TOOL if self.entry.ui is not None else ToolKind.AGENT_TOOL

    @property
    def is_bare(self) -> bool:
        """Whether the manifest says nothing about where its function is."""
        return self.entry.file is None and self.entry.module is None and self.entry.function is None


def read_tools(section: Node | None, agents: list[Agent], reading: Reading) -> tuple[ToolSpec, ...]:
    """The tools in file order, then those that only agents name, each with its function and its owners."""
    tools = [
        tool
        for name, node in named_entries(section, reading.report, "tools", "tool")
        if (tool := _read(name, node, reading)) is not None
    ]
    tools += _named_by_agents(tools, agents, reading)
    for tool in tools:
        if not tool.is_bare:
            tool.function = _declared_function(tool, reading)
    _find_bare_functions([tool for tool in tools if tool.is_bare], tools, reading)
    return tuple(_to_spec(tool, agents, reading) for tool in tools)


def _read(name: str, raw: Node, reading: Reading) -> _Tool | None:
    what = f"tool {name!r}"
    if not _NAME.match(name):
        reading.report.error(
            "wrong_name",
            f"the tool name {name!r} must begin with a letter or '_' and have at most 64 letters, digits, '_' and '-'",
            raw.place,
            key=name,
        )
    node = normalise(raw, ToolEntry, reading.report, what)
    entries = node.entries()
    replace_text(node, "type", _KINDS)
    if "ui" in entries:
        ui = entries["ui"].node
        if isinstance(ui.value, str):
            ui = Node({"component": Entry("component", ui.place, ui)}, ui.place)
        replace_child(node, "ui", normalise(ui, ToolUi, reading.report, f"ui of {what}"))
    if "parameters" in entries:
        replace_child(node, "parameters", parameters_node(entries["parameters"].node))
    if isinstance(node.value, dict):
        node.value["name"] = Entry("name", node.place, Node(name, node.place))
    entry = build(ToolEntry, node, reading.report, what)
    return _Tool(entry, node) if entry is not None else None


def _named_by_agents(tools: list[_Tool], agents: list[Agent], reading: Reading) -> list[_Tool]:
    """Tools that stand in no manifest but have a Python file or function of their name."""
    if "tools" in reading.broken:
        return []
    known = {tool.entry.name for tool in tools}
    found: dict[str, _Tool] = {}
    for agent in agents:
        for index, name in enumerate(agent.tools):
            place = agent.node.place_of("tools", index)
            if name in known or name in found:
                continue
            if f"tools/{name}.py" in reading.functions.modules("tools") or _definers(name, reading):
                found[name] = _Tool(ToolEntry(name=name), Node({}, place))
            else:
                reading.unknown("tool", name, known, place, "tools", f"agent {agent.spec.name!r}")
    return list(found.values())


def _declared_function(tool: _Tool, reading: Reading) -> FunctionRef | None:
    entry, node, find = tool.entry, tool.node, reading.functions
    if entry.file is not None and entry.module is not None:
        reading.report.error(
            "given_twice", f"{tool.what} has both file and module; keep one", node.place_of("module"), key="module"
        )
    key = "file" if entry.file is not None else "module"
    text = entry.file or entry.module
    if text is None:
        return _function_alone(tool, str(entry.function), reading)
    relative = find.file_of(text, "tools", node.place_of(key), key, tool.what)
    if relative is None:
        return None
    if entry.function is not None:
        return find.function_in(relative, [entry.function], node.place_of("function"), "function", tool.what)
    return find.function_in(relative, [entry.name, "execute"], node.place_of(key), key, tool.what)


def _function_alone(tool: _Tool, function: str, reading: Reading) -> FunctionRef | None:
    """A ``function`` without a file: ``module.function``, the tool's own file, or the one file that defines it."""
    place, find = tool.node.place_of("function"), reading.functions
    if "." in function:
        return find.dotted(function, "tools", place, "function", tool.what)
    own = f"tools/{tool.entry.name}.py"
    if find.exists(own):
        return find.function_in(own, [function], place, "function", tool.what)
    found = _one_definer(function, tool, reading)
    if found is None:
        _missing(tool, [own], reading)
    return found


def _find_bare_functions(bare: list[_Tool], tools: list[_Tool], reading: Reading) -> None:
    """Functions of tools that only have a name.

    In this order: ``tools/<name>.py``; the one file that defines a function of that name; and when one tool and one
    file with ``execute`` are left over, they belong together. A UI tool may be left without one.
    """
    find = reading.functions
    left: list[_Tool] = []
    for tool in bare:
        own = f"tools/{tool.entry.name}.py"
        if find.exists(own):
            wanted = [tool.entry.name, "execute"]
            tool.function = find.function_in(own, wanted, tool.node.place, tool.entry.name, tool.what)
        else:
            tool.function = _one_definer(tool.entry.name, tool, reading)
            if tool.function is None and tool.kind is ToolKind.AGENT_TOOL:
                left.append(tool)
    if not left:
        return
    used = {tool.function.path for tool in tools if tool.function is not None}
    spare = [path for path in find.modules("tools") if path not in used and _defines(path, "execute", reading)]
    if len(left) == 1 and len(spare) == 1:
        left[0].function = FunctionRef(path=spare[0], function="execute")
        reading.report.warning(
            "assumed_function",
            f"{left[0].what} says no file; taking {spare[0]}, the only one no other tool uses. Add 'file: {spare[0]}'",
            left[0].node.place,
            key=left[0].entry.name,
        )
        return
    for tool in left:
        _missing(tool, [f"tools/{tool.entry.name}.py"], reading)


def _missing(tool: _Tool, looked: list[str], reading: Reading) -> None:
    reading.report.error(
        "missing_function",
        f"{tool.what} has no Python function: there is no {' or '.join(looked)} and no other file in tools/ defines "
        f"{tool.entry.function or tool.entry.name!r}",
        tool.node.place,
        key=tool.entry.name,
    )


def _defines(path: str, function: str, reading: Reading) -> bool:
    module = reading.functions.load(path)
    return module is not None and function in module.names


def _definers(function: str, reading: Reading) -> list[str]:
    """The files of ``tools/`` with a ``def`` of that name (an import of it elsewhere does not count)."""
    found = []
    for path in reading.functions.modules("tools"):
        module = reading.functions.load(path)
        if module is not None and module.names.get(function) is not None:
            found.append(path)
    return found


def _one_definer(function: str, tool: _Tool, reading: Reading) -> FunctionRef | None:
    paths = _definers(function, reading)
    if len(paths) > 1:
        reading.report.error(
            "ambiguous_function",
            f"{tool.what}: {function!r} is defined in {' and '.join(paths)}; say which with 'file'",
            tool.node.place,
            key=tool.entry.name,
        )
    return FunctionRef(path=paths[0], function=function) if paths else None


def _to_spec(tool: _Tool, agents: list[Agent], reading: Reading) -> ToolSpec:
    entry = tool.entry
    where = tool.node.child("agent") or tool.node
    owners = set(reading.agents_among(entry.agent, where, tool.what, "agent"))
    owners.update(agent.spec.name for agent in agents if entry.name in agent.tools)
    if not owners and not entry.agent:
        owners = set(reading.agents)
    _check_signature(tool, reading)
    ui = None
    if tool.kind is ToolKind.UI_TOOL or entry.ui is not None:
        shown = entry.ui or ToolUi()
        _check_response_schema(shown, tool, reading)
        _check_secrets(shown, tool, reading)
        ui = UiSpec(
            component=shown.component or entry.name,
            mode=shown.mode,
            awaits_response=shown.awaits_response,
            response_schema=shown.response_schema,
            secrets=shown.secrets,
        )
    return ToolSpec(
        name=entry.name,
        kind=tool.kind,
        description=entry.description,
        function=tool.function,
        agents=tuple(name for name in reading.agents if name in owners),
        auto_execute=entry.auto_execute,
        category=entry.category,
        parameters=entry.parameters,
        ui=ui,
        timeout=entry.timeout,
        requires_approval=entry.requires_approval,
    )


def _check_response_schema(ui: ToolUi, tool: _Tool, reading: Reading) -> None:
    """Report a schema that is none, or that no answer will be checked against."""
    if ui.response_schema is None:
        return
    place = tool.node.place_of("ui", "response_schema")
    if tool.kind is not ToolKind.UI_TOOL or not ui.awaits_response:
        message = f"ui of {tool.what} has a response_schema, and no answer is awaited"
        reading.report.error("contradiction", message, place, key="response_schema")
        return
    # Not at the top: the validator is slow to load, and few tools need it.
    from mozaiks.chats.answer_schema import check_schema

    try:
        check_schema(ui.response_schema)
    except ValueError as error:
        message = f"response_schema of {tool.what} is {error}"
        reading.report.error("wrong_value", message, place, key="response_schema")


def _check_secrets(ui: ToolUi, tool: _Tool, reading: Reading) -> None:
    """Report secrets that nobody can give, and names that are none."""
    if not ui.secrets:
        return
    place = tool.node.place_of("ui", "secrets")
    if tool.kind is not ToolKind.UI_TOOL or not ui.awaits_response:
        message = f"ui of {tool.what} collects secrets, and no answer is awaited"
        reading.report.error("contradiction", message, place, key="secrets")
    for field, name in ui.secrets.items():
        for said, text in (("field", field), ("secret", name)):
            if not _SECRET_NAME.match(text):
                message = f"ui of {tool.what}: the {said} {text!r} must have 1 to 64 letters, digits, '_' and '-'"
                reading.report.error("wrong_name", message, place, key=text)
    twice = sorted({name for name in ui.secrets.values() if list(ui.secrets.values()).count(name) > 1})
    for name in twice:
        message = f"ui of {tool.what}: two fields are kept as the secret {name!r}; only one of them would be"
        reading.report.error("given_twice", message, place, key=name)


def _check_signature(tool: _Tool, reading: Reading) -> None:
    signature = reading.functions.signature(tool.function) if tool.function else None
    if tool.function and signature and signature.trouble:
        place = reading.folder.place(tool.function.path)._replace(line=signature.line, column=signature.column)
        reading.report.error(
            "signature",
            f"the function {tool.function.function!r} of {tool.what} cannot be described: {signature.trouble}",
            place,
            key=tool.function.function,
        )
    if tool.entry.parameters is not None:
        check_parameters(tool.entry.parameters, tool.node.child("parameters"), signature, tool.what, reading)


def read_lifecycle_tools(section: Node | None, reading: Reading) -> tuple[LifecycleToolSpec, ...]:
    """The functions called at fixed moments, in file order."""
    found: list[LifecycleToolSpec] = []
    for index, raw in enumerate(list_of_maps(section, reading.report, "lifecycle_tools")):
        what = f"lifecycle_tools[{index}]"
        node = normalise(raw, LifecycleToolEntry, reading.report, what)
        entry = build(LifecycleToolEntry, node, reading.report, what)
        if entry is None:
            continue
        if entry.agent is not None:
            reading.agent(entry.agent, node.place_of("agent"), "agent", what)
            if entry.trigger.endswith("_chat"):
                reading.report.error(
                    "wrong_value",
                    f"{what}: {entry.trigger} concerns the chat, not one agent",
                    node.place_of("agent"),
                    key="agent",
                )
        function = _lifecycle_function(entry, node, what, reading)
        if function is not None:
            found.append(LifecycleToolSpec(trigger=entry.trigger, function=function, agent=entry.agent))
    return tuple(found)


def _lifecycle_function(entry: LifecycleToolEntry, node: Node, what: str, reading: Reading) -> FunctionRef | None:
    key = "file" if entry.file is not None else "module"
    text = entry.file or entry.module
    find = reading.functions
    if text is not None:
        relative = find.file_of(text, "tools", node.place_of(key), key, what)
        wanted = [entry.function] if entry.function else [*([entry.name] if entry.name else []), "execute"]
        return find.function_in(relative, wanted, node.place_of(key), key, what) if relative else None
    named = entry.function or entry.name
    place = node.place_of("function")
    if named is None:
        reading.report.error(
            "missing_key", f"{what} lacks 'function' (module.function), or 'file'", node.place, key="function"
        )
        return None
    if "." in named:
        return find.dotted(named, "tools", place, "function", what)
    paths = _definers(named, reading)
    if len(paths) == 1:
        return FunctionRef(path=paths[0], function=named)
    relative = find.file_of(named, "tools", place, "function", what)
    return find.function_in(relative, [named, "execute"], place, "function", what) if relative else None
