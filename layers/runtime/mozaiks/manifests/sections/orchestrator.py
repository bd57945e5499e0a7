"""``orchestrator`` and ``ui_config``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from mozaiks.manifests.canonical.orchestrator import OrchestratorFile, TerminationConditions
from mozaiks.manifests.canonical.packs import UiConfigFile
from mozaiks.manifests.nodes import Node, Place, kind_of
from mozaiks.manifests.problems import did_you_mean
from mozaiks.manifests.reading import Reading
from mozaiks.manifests.sections.models import check_llm, llm_node, text_match, text_node
from mozaiks.manifests.shape import build, normalise, replace_child, replace_text
from mozaiks.manifests.spec import Pattern, StartupMode, Termination

__all__ = ["Orchestrator", "read_orchestrator"]

_PATTERNS = {
    "default": "Default",
    "auto": "Auto",
    "roundrobin": "RoundRobin",
    "random": "Random",
    "handoffbased": "Default",
    "singleagent": "Default",
}
_PATTERNS |= {f"{folded}pattern": name for folded, name in _PATTERNS.items()}
_MODES = {name.casefold(): name for name in ("AgentDriven", "UserDriven", "BackendOnly", "Default")}


@dataclass
class Orchestrator:
    """The section, read; ``node`` tells where each canonical key stands."""

    file: OrchestratorFile
    node: Node
    name: str
    termination: Termination
    ui_config: dict[str, Any] = field(default_factory=dict)
    visual_agents: tuple[str, ...] | None = None

    @property
    def pattern(self) -> Pattern:
        return Pattern(self.file.pattern)

    @property
    def startup_mode(self) -> StartupMode:
        """The mode, with ``Default`` resolved by whether there is an initial message."""
        if self.file.startup_mode != "Default":
            return StartupMode(self.file.startup_mode)
        return StartupMode.AGENT_DRIVEN if self.file.initial_message else StartupMode.USER_DRIVEN

    def place(self, key: str) -> Place:
        return self.node.place_of(key)

    def spelled(self, key: str) -> str:
        """The key as the author wrote it."""
        entry = self.node.entries().get(key)
        return entry.key if entry else key


def read_orchestrator(section: Node | None, ui_config: Node | None, reading: Reading) -> Orchestrator:
    """Read both sections; names of agents are checked, so those must be known."""
    raw = section if section is not None else Node({}, reading.folder.place("orchestrator.yaml"))
    single = _is_single_agent(raw)
    node = normalise(raw, OrchestratorFile, reading.report, "orchestrator")
    replace_text(node, "pattern", _PATTERNS)
    replace_text(node, "startup_mode", _MODES)
    entries = node.entries()
    if "llm_config" in entries:
        replace_child(node, "llm_config", llm_node(entries["llm_config"].node, reading, "llm_config"))
    if "termination_conditions" in entries:
        conditions = normalise(
            entries["termination_conditions"].node, TerminationConditions, reading.report, "termination_conditions"
        )
        if "text" in conditions.entries():
            text = conditions.entries()["text"].node
            replace_child(conditions, "text", text_node(text, reading, "termination_conditions.text", "contains"))
        replace_child(node, "termination_conditions", conditions)
    file = build(OrchestratorFile, node, reading.report, "orchestrator") or OrchestratorFile()
    if "llm_config" in entries:
        check_llm(file.llm_config, node.entries()["llm_config"].node, reading, "llm_config")
    if single and len(reading.agents) > 1:
        reading.report.error(
            "wrong_value",
            f"the pattern single_agent has one agent, found {len(reading.agents)}: {', '.join(reading.agents)}",
            node.place_of("pattern"),
            key="pattern",
        )
    orchestrator = Orchestrator(file, node, _name(file, node, reading), _termination(file, node, reading))
    orchestrator.ui_config, orchestrator.visual_agents = _read_ui_config(ui_config, orchestrator, reading)
    return orchestrator


def _is_single_agent(raw: Node) -> bool:
    spelled = [
        str(entry.node.value)
        for key, entry in raw.entries().items()
        if OrchestratorFile.dialects.get(key, key) == "pattern"
    ]
    return any(re.sub(r"[\s_-]", "", text).casefold().removesuffix("pattern") == "singleagent" for text in spelled)


def _name(file: OrchestratorFile, node: Node, reading: Reading) -> str:
    folder = reading.folder.name
    name = file.workflow_name or folder
    if name.casefold() != folder.casefold():
        entry = node.entries()["workflow_name"]
        reading.report.error(
            "wrong_name",
            f"the workflow is named {name!r}, but its folder is {folder!r}; they must be the same but for case",
            entry.node.place,
            key=entry.key,
        )
        return folder
    return name


def _termination(file: OrchestratorFile, node: Node, reading: Reading) -> Termination:
    conditions = file.termination_conditions
    text = None
    if conditions.text is not None:
        where = node.child("termination_conditions", "text") or node
        text = text_match(conditions.text, where, reading, "termination_conditions.text")
    return Termination(
        max_consecutive_auto_replies=conditions.max_consecutive_auto_replies,
        max_seconds=conditions.max_seconds,
        text=text,
    )


def _read_ui_config(
    ui_config: Node | None, orchestrator: Orchestrator, reading: Reading
) -> tuple[dict[str, Any], tuple[str, ...] | None]:
    """The client's settings and the visible agents, which may stand in either section."""
    entry = orchestrator.node.entries().get("visual_agents")
    names = orchestrator.file.visual_agents
    settings: dict[str, Any] = {}
    if ui_config is not None and ui_config.value is not None and not isinstance(ui_config.value, dict):
        found = kind_of(ui_config.plain())
        reading.report.error("wrong_type", f"ui_config must be a map, found {found}", ui_config.place)
    elif ui_config is not None:
        settings = ui_config.plain() or {}
        settings.pop("visual_agents", None)
        there = ui_config.entries().get("visual_agents")
        if there is not None and entry is not None:
            reading.report.error(
                "given_twice",
                f"visual_agents stands in {entry.place.file} (line {entry.place.line}) and in {there.place.file}",
                there.place,
                key="visual_agents",
            )
        elif there is not None:
            section = Node({"visual_agents": there}, ui_config.place)
            read = build(UiConfigFile, section, reading.report, "ui_config")
            entry, names = there, read.visual_agents if read else None
    if names is None or entry is None:
        return settings, None
    for index, name in enumerate(names):
        if name not in reading.agents and "agents" not in reading.broken:
            hint = did_you_mean(name, reading.agents)
            # a warning: a name too many shows nothing that should be hidden
            message = f"visual_agents names the unknown agent {name!r}{hint}"
            reading.report.warning("unknown_agent", message, entry.node.place_of(index), key=entry.key)
    return settings, tuple(dict.fromkeys(names))
