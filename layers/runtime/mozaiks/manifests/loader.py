"""A workflow folder → one ``WorkflowSpec``, or everything that is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mozaiks.manifests.folder import Folder, Sections, read_sections
from mozaiks.manifests.nodes import kind_of
from mozaiks.manifests.problems import ManifestErrors, Problem, ProblemLog, did_you_mean
from mozaiks.manifests.reachability import warn_unreachable
from mozaiks.manifests.reading import Reading
from mozaiks.manifests.sections.agents import NAME, Agent, names_of, read_agents
from mozaiks.manifests.sections.context import context_node, read_exposures, read_variables, variable_names
from mozaiks.manifests.sections.handoffs import read_handoffs
from mozaiks.manifests.sections.hooks import read_hooks
from mozaiks.manifests.sections.models import to_model_spec
from mozaiks.manifests.sections.orchestrator import Orchestrator, read_orchestrator
from mozaiks.manifests.sections.outputs import read_structured_outputs
from mozaiks.manifests.sections.pack import read_nested_chats
from mozaiks.manifests.sections.tools import read_lifecycle_tools, read_tools
from mozaiks.manifests.spec import WorkflowSpec
from mozaiks.manifests.version import workflow_version

__all__ = ["Loaded", "inspect_workflow", "load_workflow"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of one folder: ``spec`` is ``None`` when one of the problems is an error."""

    name: str
    spec: WorkflowSpec | None
    problems: tuple[Problem, ...]


def load_workflow(folder: Path) -> WorkflowSpec:
    """The workflow in ``folder``.

    Raises
    ------
    ManifestErrors
        With every problem of the folder, if there is at least one error. Warnings alone are passed over; see
        ``inspect_workflow``.
    """
    loaded = inspect_workflow(folder)
    if loaded.spec is None:
        raise ManifestErrors(loaded.name, loaded.problems)
    return loaded.spec


def inspect_workflow(folder: Path) -> Loaded:
    """The workflow in ``folder`` with its warnings, or its problems."""
    name = folder.absolute().name
    report = ProblemLog()
    where = Folder(folder, name)
    try:
        spec = _load(where, report)
    except OSError as error:
        report.error("unreadable", f"cannot be read: {error.strerror or error}", where.place(""))
        spec = None
    return Loaded(name, None if report.failed else spec, report.sorted())


def _load(folder: Folder, report: ProblemLog) -> WorkflowSpec | None:
    if not folder.path.is_dir():
        report.error("missing_folder", "there is no such folder", folder.place(""))
        return None
    if not NAME.match(folder.name):
        message = (
            f"the folder name {folder.name!r} must begin with a letter and have at most 64 letters, digits, '_' and '-'"
        )
        report.error("wrong_name", message, folder.place(""))
    sections = read_sections(folder, report)
    reading = Reading(folder, report, sections.broken)
    _require_sections(sections, reading)
    nodes = sections.nodes
    definitions = names_of(nodes.get("agents"), reading)
    reading.agents = tuple(name for name, _ in definitions)
    context = context_node(nodes.get("context_variables"), reading)
    variables = variable_names(context, reading)
    reading.variables = tuple(name for name, _ in variables)

    orchestrator = read_orchestrator(nodes.get("orchestrator"), nodes.get("ui_config"), reading)
    agents = read_agents(definitions, to_model_spec(orchestrator.file.llm_config), reading)
    tools = read_tools(nodes.get("tools"), agents, reading)
    file = orchestrator.file
    spec = WorkflowSpec(
        name=orchestrator.name,
        version="",
        description=file.description,
        pattern=orchestrator.pattern,
        initial_agent=_initial_agent(orchestrator, agents, reading),
        max_turns=file.max_turns,
        startup_mode=orchestrator.startup_mode,
        initial_message=file.initial_message,
        initial_message_to_user=file.initial_message_to_user,
        human_in_the_loop=file.human_in_the_loop,
        visual_agents=orchestrator.visual_agents,
        termination=orchestrator.termination,
        agents=tuple(agent.spec for agent in agents),
        tools=tools,
        lifecycle_tools=read_lifecycle_tools(nodes.get("lifecycle_tools"), reading),
        handoffs=read_handoffs(nodes.get("handoffs"), reading),
        context_variables=read_variables(variables, tools, reading),
        context_exposure=read_exposures(context, reading),
        structured_outputs=read_structured_outputs(nodes.get("structured_outputs"), agents, reading),
        hooks=read_hooks(nodes.get("hooks"), reading),
        nested_chats=read_nested_chats(nodes.get("pack"), reading),
        ui_config=orchestrator.ui_config,
    )
    if report.failed:
        return None
    warn_unreachable(spec, agents, reading)
    return spec.model_copy(update={"version": workflow_version(spec, folder, reading.files)})


def _require_sections(sections: Sections, reading: Reading) -> None:
    for name in ("orchestrator", "agents"):
        if name not in sections.nodes and name not in sections.broken:
            message = f"the section {name!r} is missing: add {name}.yaml or {name}.json"
            reading.report.error("missing_section", message, reading.folder.place(""))
            sections.broken.add(name)
    agents = sections.nodes.get("agents")
    if agents is not None and not agents.value and isinstance(agents.value, (dict, list, type(None))):
        found = kind_of(agents.value) if agents.value is None else "an empty one"
        reading.report.error(
            "missing_agents", f"a workflow needs at least one agent, found {found}", agents.place, key="agents"
        )
        sections.broken.add("agents")


def _initial_agent(orchestrator: Orchestrator, agents: list[Agent], reading: Reading) -> str:
    first = agents[0].spec.name if agents else ""
    wanted = orchestrator.file.initial_agent
    if wanted is None or wanted in reading.agents:
        return wanted or first
    if "agents" not in reading.broken:
        key = orchestrator.spelled("initial_agent")
        message = f"{key} names the unknown agent {wanted!r}{did_you_mean(wanted, reading.agents)}"
        reading.report.error("unknown_agent", message, orchestrator.place("initial_agent"), key=key)
    return first
