"""``agents``: prompts, models, and which tools each agent names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mozaiks.manifests.canonical.agents import AgentEntry, PromptSection
from mozaiks.manifests.nodes import MAX_FILE_BYTES, Entry, Node
from mozaiks.manifests.reading import Reading
from mozaiks.manifests.sections.models import check_llm, llm_node, to_model_spec
from mozaiks.manifests.shape import build, named_entries, normalise, replace_child
from mozaiks.manifests.spec import TERMINATE, USER, AgentSpec, ModelSpec

__all__ = ["Agent", "names_of", "read_agents"]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}\Z")
"""What agents and workflows can be called: model APIs and URLs carry these names."""


@dataclass
class Agent:
    """An agent, read; ``node`` tells where each canonical key stands."""

    spec: AgentSpec
    node: Node
    tools: tuple[str, ...]


def names_of(section: Node | None, reading: Reading) -> list[tuple[str, Node]]:
    """Name and definition of every agent; names that cannot be used are reported."""
    definitions = named_entries(section, reading.report, "agents", "agent")
    for name, node in definitions:
        if name.casefold() in (USER, TERMINATE):
            reading.report.error(
                "reserved_name", f"no agent can be called {name!r}: the word has a meaning", node.place, key=name
            )
        elif not NAME.match(name):
            reading.report.error(
                "wrong_name",
                f"the agent name {name!r} must begin with a letter and have at most 64 letters, digits, '_' and '-'",
                node.place,
                key=name,
            )
    return definitions


def read_agents(definitions: list[tuple[str, Node]], default: ModelSpec, reading: Reading) -> list[Agent]:
    """The agents in file order, each with its model settings laid over ``default``."""
    return [_read(name, node, default, reading) for name, node in definitions]


def _read(name: str, raw: Node, default: ModelSpec, reading: Reading) -> Agent:
    what = f"agent {name!r}"
    node = normalise(raw, AgentEntry, reading.report, what)
    entries = node.entries()
    if "prompt_sections" in entries:
        replace_child(node, "prompt_sections", _sections_node(entries["prompt_sections"].node, reading, what))
    if "llm_config" in entries:
        replace_child(node, "llm_config", llm_node(entries["llm_config"].node, reading, f"llm_config of {what}"))
    entry = build(AgentEntry, node, reading.report, what) or AgentEntry()
    if "llm_config" in entries:
        check_llm(entry.llm_config, node.entries()["llm_config"].node, reading, f"llm_config of {what}")
    spec = AgentSpec(
        name=name,
        system_message=_prompt(entry, node, reading, what),
        description=entry.description,
        role=entry.role,
        capabilities=tuple(entry.capabilities),
        type=entry.type,
        llm=_over(to_model_spec(entry.llm_config), default),
        max_consecutive_auto_reply=entry.max_consecutive_auto_reply,
        auto_tool_mode=entry.auto_tool_mode,
        structured_outputs_required=entry.structured_outputs_required,
    )
    return Agent(spec, node, tuple(dict.fromkeys(entry.tools)))


def _over(own: ModelSpec, default: ModelSpec) -> ModelSpec:
    """``own``, completed by the workflow's config.

    An agent that names another provider takes the workflow's settings but not its model, whose name would mean nothing
    there.
    """
    if own == ModelSpec():
        return default
    other_provider = None not in (own.provider, default.provider) and own.provider != default.provider
    return ModelSpec(
        provider=own.provider or default.provider,
        model=own.model or (None if other_provider else default.model),
        temperature=own.temperature if own.temperature is not None else default.temperature,
        max_tokens=own.max_tokens or default.max_tokens,
        timeout=own.timeout or default.timeout,
        fallback=own.fallback or default.fallback,
    )


def _sections_node(node: Node, reading: Reading, what: str) -> Node:
    """Prompt sections as a list, from a list or from a map in its own order."""
    part = f"prompt_sections of {what}"
    if isinstance(node.value, list):
        return Node([normalise(item, PromptSection, reading.report, part) for item in node.value], node.place)
    if not isinstance(node.value, dict):
        return node
    sections: list[Node] = []
    for key, entry in node.value.items():
        name = Entry(key, entry.place, Node(key, entry.place))
        if isinstance(entry.node.value, dict):
            section = normalise(entry.node, PromptSection, reading.report, part)
            section.entries().setdefault("id", name)
        else:
            section = Node({"id": name, "heading": name, "content": Entry(key, entry.place, entry.node)}, entry.place)
        sections.append(section)
    return Node(sections, node.place)


def _prompt(entry: AgentEntry, node: Node, reading: Reading, what: str) -> str:
    """The whole prompt: the message or its file, then the sections."""
    if entry.system_message is not None and entry.system_message_file is not None:
        reading.report.error(
            "given_twice",
            f"{what} has both system_message and system_message_file; keep one",
            node.place_of("system_message_file"),
            key="system_message_file",
        )
    parts: list[str] = []
    if entry.system_message is not None:
        parts.append(entry.system_message)
    elif entry.system_message_file is not None:
        parts.append(_prompt_file(entry.system_message_file, node, reading, what))
    for section in entry.prompt_sections:
        parts.append(f"{section.heading}\n{section.content}" if section.heading else section.content)
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _prompt_file(relative: str, node: Node, reading: Reading, what: str) -> str:
    place, key = node.place_of("system_message_file"), "system_message_file"
    path = reading.folder.inside(relative)
    if path is None:
        reading.report.error(
            "outside_folder", f"{what}: {relative!r} leads out of the workflow's folder", place, key=key
        )
        return ""
    if not path.is_file():
        reading.report.error("missing_file", f"{what}: there is no file {relative!r}", place, key=key)
        return ""
    raw = path.read_bytes()
    if len(raw) > MAX_FILE_BYTES:
        reading.report.error("too_large", f"{what}: a prompt has at most {MAX_FILE_BYTES} bytes", place, key=key)
        return ""
    reading.files.add(path.relative_to(reading.folder.path.resolve()).as_posix())
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        reading.report.error("not_utf8", f"{what}: {relative} is not UTF-8 at offset {error.start}", place, key=key)
        return ""
