"""``hooks``: a map moment → ``module.function``, or a list of entries."""

from __future__ import annotations

from mozaiks.manifests.canonical.hooks import HookEntry
from mozaiks.manifests.nodes import Entry, Node, kind_of
from mozaiks.manifests.reading import Reading
from mozaiks.manifests.shape import build, normalise, replace_text
from mozaiks.manifests.spec import FunctionRef, HookSpec

__all__ = ["read_hooks"]

_EVENTS = (
    "on_workflow_start",
    "on_workflow_complete",
    "on_agent_handoff",
    "on_error",
    "process_message_before_send",
    "process_last_received_message",
    "update_agent_state",
)
_FOLDED = {event.replace("_", ""): event for event in _EVENTS}


def read_hooks(section: Node | None, reading: Reading) -> tuple[HookSpec, ...]:
    """The hooks in file order."""
    if section is None or section.value is None:
        return ()
    if isinstance(section.value, dict):
        entries = _from_map(section)
    elif isinstance(section.value, list):
        entries = section.value
    else:
        found = kind_of(section.plain())
        reading.report.error("wrong_type", f"hooks must be a map or a list, found {found}", section.place)
        return ()
    read = (_read(raw, f"hooks[{index}]", reading) for index, raw in enumerate(entries))
    return tuple(hook for hook in read if hook is not None)


def _from_map(section: Node) -> list[Node]:
    """One entry for each function of a map moment → function or list of functions."""
    found: list[Node] = []
    for key, entry in section.entries().items():
        for item in entry.node.items() if isinstance(entry.node.value, list) else [entry.node]:
            if item.value is None:
                continue
            kind = Entry("hook_type", entry.place, Node(key, entry.place))
            if isinstance(item.value, dict):
                found.append(Node({"hook_type": kind, **item.value}, item.place))
            else:
                found.append(Node({"hook_type": kind, "function": Entry(key, entry.place, item)}, item.place))
    return found


def _read(raw: Node, what: str, reading: Reading) -> HookSpec | None:
    node = normalise(raw, HookEntry, reading.report, what)
    replace_text(node, "hook_type", _FOLDED)
    entry = build(HookEntry, node, reading.report, what)
    if entry is None:
        return None
    agent = entry.hook_agent
    if agent is not None:
        agent = reading.agent(agent, node.place_of("hook_agent"), "hook_agent", what)
    function = _function(entry, node, what, reading)
    return HookSpec(event=entry.hook_type, function=function, agent=agent) if function else None


def _function(entry: HookEntry, node: Node, what: str, reading: Reading) -> FunctionRef | None:
    find, place = reading.functions, node.place_of("function")
    if entry.filename is None:
        return find.dotted(entry.function, "hooks", place, "function", what)
    relative = find.file_of(entry.filename, "hooks", node.place_of("filename"), "filename", what)
    return find.function_in(relative, [entry.function], place, "function", what) if relative else None
