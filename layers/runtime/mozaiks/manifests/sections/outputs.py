"""``structured_outputs``: models and schemas → one JSON Schema per agent's output."""

from __future__ import annotations

from typing import Any

from mozaiks.manifests.canonical.outputs import OutputEntry, StructuredOutputsFile
from mozaiks.manifests.nodes import Node, kind_of
from mozaiks.manifests.output_models import ModelSchemas
from mozaiks.manifests.reading import Reading
from mozaiks.manifests.sections.agents import Agent
from mozaiks.manifests.shape import build, list_of_maps, named_entries, normalise
from mozaiks.manifests.spec import StructuredOutputSpec

__all__ = ["read_structured_outputs"]


def read_structured_outputs(
    section: Node | None, agents: list[Agent], reading: Reading
) -> tuple[StructuredOutputSpec, ...]:
    """The outputs of every agent: those of the registry, then those of the list, in file order."""
    found: list[StructuredOutputSpec] = []
    if section is not None and section.value is not None:
        if isinstance(section.value, dict):
            root = normalise(section, StructuredOutputsFile, reading.report, "structured_outputs")
            definitions = named_entries(root.child("models"), reading.report, "models", "model")
            models = ModelSchemas(definitions, reading)
            found = [*_registry(root.child("registry"), models, reading), *_outputs(root, models, agents, reading)]
        else:
            kind = kind_of(section.plain())
            reading.report.error("wrong_type", f"structured_outputs must be a map, found {kind}", section.place)
    if "structured_outputs" not in reading.broken:
        _check_agents(found, agents, section, reading)
    return tuple(found)


def _registry(node: Node | None, models: ModelSchemas, reading: Reading) -> list[StructuredOutputSpec]:
    if node is None:
        return []
    if not isinstance(node.value, dict):
        reading.report.error("wrong_type", f"registry must be a map, found {kind_of(node.plain())}", node.place)
        return []
    found: list[StructuredOutputSpec] = []
    for agent, entry in node.value.items():
        known = reading.agent(agent, entry.place, agent, "registry")
        name = entry.node.value
        if name is None:
            continue
        if not isinstance(name, str):
            kind = kind_of(entry.node.plain())
            reading.report.error(
                "wrong_type", f"registry of {agent!r} must be a model's name, found {kind}", entry.node.place
            )
            continue
        schema = models.schema(name, entry.node.place, agent, "registry")
        if known is not None and schema is not None:
            found.append(StructuredOutputSpec(agent=known, model_name=name, json_schema=schema))
    return found


def _outputs(root: Node, models: ModelSchemas, agents: list[Agent], reading: Reading) -> list[StructuredOutputSpec]:
    found: list[StructuredOutputSpec] = []
    required = [agent.spec.name for agent in agents if agent.spec.structured_outputs_required]
    for index, raw in enumerate(list_of_maps(root.child("outputs"), reading.report, "outputs")):
        what = f"outputs[{index}]"
        node = normalise(raw, OutputEntry, reading.report, what)
        entry = build(OutputEntry, node, reading.report, what)
        if entry is None:
            continue
        schema = _schema(entry, node, what, models, reading)
        owners = required or list(reading.agents)
        if entry.agent is not None:
            known = reading.agent(entry.agent, node.place_of("agent"), "agent", what)
            owners = [known] if known else []
        when = entry.when
        if when is not None and (where := node.child("when")) is not None:
            reading.expression(where, "when", f"'when' of {what}")
        if schema is not None:
            found += [
                StructuredOutputSpec(agent=owner, model_name=entry.name, json_schema=schema, when=when)
                for owner in owners
            ]
    return found


def _schema(entry: OutputEntry, node: Node, what: str, models: ModelSchemas, reading: Reading) -> dict[str, Any] | None:
    schema, place = entry.schema_, node.place_of("schema")
    if isinstance(schema, str):
        return models.schema(schema, place, "schema", what)
    if not isinstance(schema, dict):
        reading.report.error(
            "wrong_type", f"schema of {what} must be a JSON Schema or a model's name, found {kind_of(schema)}", place
        )
        return None
    if "fields" in schema and "properties" not in schema and schema.get("type") in (None, "model"):
        return models.inline(entry.name, node.child("schema") or node)
    if schema.get("type", "object") != "object" or not isinstance(schema.get("properties", {}), dict):
        reading.report.error("wrong_value", f"schema of {what} must describe an object", place, key="schema")
        return None
    return {"type": "object", **schema}


def _check_agents(
    found: list[StructuredOutputSpec], agents: list[Agent], section: Node | None, reading: Reading
) -> None:
    always: dict[str, str] = {}
    for output in found:
        if output.when is None and output.agent in always:
            place = section.place if section else reading.folder.place("structured_outputs.yaml")
            reading.report.error(
                "given_twice",
                f"{output.agent!r} has two outputs without 'when': {always[output.agent]!r} and {output.model_name!r}",
                place,
                key=output.agent,
            )
        elif output.when is None:
            always[output.agent] = output.model_name
    having = {output.agent for output in found}
    for agent in agents:
        if agent.spec.name in having:
            continue
        if agent.spec.structured_outputs_required:
            key = "structured_outputs_required"
            message = f"agent {agent.spec.name!r} requires structured outputs, but none is declared for it"
            reading.report.error("missing_output", message, agent.node.place_of(key), key=key)
        elif agent.spec.auto_tool_mode:
            message = (
                f"auto_tool_mode of agent {agent.spec.name!r} has no effect: no structured output is declared for it"
            )
            reading.report.warning(
                "missing_output", message, agent.node.place_of("auto_tool_mode"), key="auto_tool_mode"
            )
