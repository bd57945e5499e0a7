"""``_pack/workflow_graph`` of one workflow: the chats its agents may spawn."""

from __future__ import annotations

from mozaiks.manifests.canonical.packs import NestedChatEntry, NestedPackFile
from mozaiks.manifests.nodes import Node, kind_of
from mozaiks.manifests.reading import Reading
from mozaiks.manifests.shape import build, list_of_maps, normalise
from mozaiks.manifests.spec import NestedChatSpec

__all__ = ["read_nested_chats"]


def read_nested_chats(section: Node | None, reading: Reading) -> tuple[NestedChatSpec, ...]:
    """The nested chats in file order."""
    if section is None or section.value is None:
        return ()
    if not isinstance(section.value, dict):
        reading.report.error("wrong_type", f"a pack is a map, found {kind_of(section.plain())}", section.place)
        return ()
    without_schema = Node({k: e for k, e in section.value.items() if k != "$schema"}, section.place)
    root = normalise(without_schema, NestedPackFile, reading.report, "the workflow's pack")
    found: dict[str, NestedChatSpec] = {}
    for index, raw in enumerate(list_of_maps(root.child("nested_chats"), reading.report, "nested_chats")):
        what = f"nested_chats[{index}]"
        node = normalise(raw, NestedChatEntry, reading.report, what)
        entry = build(NestedChatEntry, node, reading.report, what)
        if entry is None:
            continue
        trigger = reading.agent(entry.trigger_agent, node.place_of("trigger_agent"), "trigger_agent", what)
        if entry.resume_agent is not None:
            reading.agent(entry.resume_agent, node.place_of("resume_agent"), "resume_agent", what)
        if trigger in found:
            reading.report.error(
                "given_twice", f"{what}: {trigger!r} already triggers nested chats", node.place_of("trigger_agent")
            )
        elif trigger is not None:
            found[trigger] = NestedChatSpec(**entry.model_dump())
    return tuple(found.values())
