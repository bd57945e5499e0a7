"""An agent's tools: Python functions and transfers as AG2 tools, and what running one comes to."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypedDict

from ag2 import MemoryStream
from ag2.context import ConversationContext
from ag2.events import TextInput, ToolCallEvent, ToolResult
from ag2.middleware.base import ToolExecution, ToolResultType
from pydantic import BaseModel, ValidationError

from mozaiks.authoring import Handoff
from mozaiks.engine.binding import INJECTED, BoundFunction, bind
from mozaiks.engine.direct_tool import DirectTool
from mozaiks.engine.functions import WorkflowCode
from mozaiks.manifests.spec import TERMINATE, USER, AgentSpec, HandoffSpec, ToolSpec, WorkflowSpec

__all__ = [
    "CURRENT_CALL",
    "ToolCallScope",
    "ToolOutcome",
    "Toolbox",
    "failed",
    "finished",
    "transfer_tool_name",
]

MAX_RESULT_BYTES: Final = 512 * 1024
"""A result goes into a prompt, a document and an event; beyond this, none of them is what it was meant for."""

_ERROR_CHARACTERS: Final = 300


class ToolOutcome(TypedDict):
    """What came of one tool call, as the journal keeps it. ``text`` is what the model reads."""

    status: Literal["ok", "error", "timeout", "denied"]
    content: Any
    text: str
    context: dict[str, Any]
    handoff_to: str | None


@dataclass(slots=True)
class ToolCallScope:
    """The injectable values of the call that is running, and the value it returned."""

    values: Mapping[str, Any]
    returned: Any = None


CURRENT_CALL: ContextVar[ToolCallScope] = ContextVar("mozaiks_tool_call")


def transfer_tool_name(target: str) -> str:
    """The tool by which a model hands over to ``target``."""
    return TERMINATE if target == TERMINATE else f"transfer_to_{target}"


def finished(value: Any, context: dict[str, Any], targets: frozenset[str] = frozenset()) -> ToolOutcome:
    """The outcome of a call that returned ``value``. ``targets`` are those a ``handoff`` may name."""
    handoff_to = None
    if isinstance(value, Handoff):
        if value.target not in targets:
            return failed(f"the tool hands over to {value.target!r:.80}, who is not there", context=context)
        handoff_to, value = (
            value.target,
            value.result if value.result is not None else f"Handed over to {value.target}.",
        )
    try:
        json.dumps(context, allow_nan=False)
    except (TypeError, ValueError):
        return failed(f"the tool set a variable of {sorted(context)} to something that is no JSON")
    try:
        plain = _plain(value)
        text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        return failed(f"the tool returned {type(value).__name__}, which is no JSON", context=context)
    if len(text.encode("utf-8", "replace")) > MAX_RESULT_BYTES:
        return failed(f"the tool returned more than {MAX_RESULT_BYTES} bytes", context=context)
    return {"status": "ok", "content": plain, "text": text or '""', "context": context, "handoff_to": handoff_to}


def failed(
    error: Exception | str,
    *,
    status: Literal["error", "timeout", "denied"] = "error",
    context: dict[str, Any] | None = None,
) -> ToolOutcome:
    """The outcome of a call that failed, in words a model can act on. Never a traceback."""
    match error:
        case str():
            words = error
        case ValidationError():
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            words = f"wrong arguments: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        case _:
            words = f"{type(error).__name__}: {error}"
    text = f"Error: {words[:_ERROR_CHARACTERS]}"
    return {"status": status, "content": text, "text": text, "context": context or {}, "handoff_to": None}


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return value


class Toolbox:
    """The AG2 tools of a workflow's agents, built once for each version of it."""

    def __init__(self, spec: WorkflowSpec, folder: Path) -> None:
        self._spec = spec
        self._code = WorkflowCode(spec, folder)
        self._of_agent: dict[str, list[DirectTool]] = {}
        self._functions: dict[str, DirectTool] = {}
        self._injected: dict[str, frozenset[str]] = {}

    def of_agent(self, agent: str) -> list[DirectTool]:
        """What ``agent`` is offered: its own tools, and a transfer for each question-like handoff.

        Raises
        ------
        MozaiksError
            ``TOOL_LOAD_FAILED``.
        """
        if agent not in self._of_agent:
            own = [self._function_tool(spec) for spec in self._spec.tools_of(agent)]
            self._of_agent[agent] = own + [self._transfer_tool(*pair) for pair in self._transfers(agent).items()]
        return self._of_agent[agent]

    @property
    def targets(self) -> frozenset[str]:
        """Everybody a chat of this workflow can be handed to."""
        return frozenset({USER, TERMINATE, *(agent.name for agent in self._spec.agents)})

    def takes(self, tool: ToolSpec, parameter: str) -> bool:
        """Whether the tool's function asks for an injectable parameter."""
        self._function_tool(tool)
        return parameter in self._injected.get(tool.name, frozenset())

    def execution(self, tool_name: str) -> ToolExecution:
        """The bare tool, for a call that no model made."""
        tool, context = self._functions[tool_name], ConversationContext(MemoryStream())

        async def run(event: ToolCallEvent, _: ConversationContext) -> ToolResultType:
            return await tool(event, context)

        return run

    def auto_tool(self, agent: AgentSpec) -> ToolSpec | None:
        """The tool that gets the output of an agent in ``auto_tool_mode``: the first that may, or its only one."""
        own = self._spec.tools_of(agent.name)
        willing = [tool for tool in own if tool.auto_execute]
        return willing[0] if willing else own[0] if len(own) == 1 else None

    def arguments_for(self, tool: ToolSpec, output: dict[str, Any]) -> str:
        """The fields of an output that ``tool`` takes, as JSON; all of them in one, if it takes one of another name.

        A component that says nothing of what it takes gets all of them.
        """
        taken = self._function_tool(tool).schema.function.parameters.get("properties", {})
        if tool.function is None and not taken:
            return json.dumps(output)
        fitting = {name: value for name, value in output.items() if name in taken}
        if not fitting and len(taken) == 1:
            fitting = {next(iter(taken)): output}
        return json.dumps(fitting)

    def transfer_target(self, agent: str, tool_name: str) -> str | None:
        """Where calling ``tool_name`` takes the chat, if it is one of ``agent``'s transfers."""
        return next((target for target in self._transfers(agent) if transfer_tool_name(target) == tool_name), None)

    def spec_of(self, tool_name: str) -> ToolSpec | None:
        return next((tool for tool in self._spec.tools if tool.name == tool_name), None)

    def _transfers(self, agent: str) -> dict[str, list[HandoffSpec]]:
        rules: dict[str, list[HandoffSpec]] = {}
        for rule in self._spec.handoffs_from(agent):
            if rule.kind == "llm":
                rules.setdefault(rule.target, []).append(rule)
        return rules

    def _transfer_tool(self, target: str, rules: list[HandoffSpec]) -> DirectTool:
        where = {USER: "Hand over to the user", TERMINATE: "End the conversation"}.get(target, f"Hand over to {target}")
        about = ""
        if target not in (USER, TERMINATE):
            agent = self._spec.agent(target)
            about = "".join(f" {part}" for part in (agent.description or agent.role,) if part)
        when = "; or ".join(rule.description or rule.condition for rule in rules)

        async def transfer(_: dict[str, Any]) -> ToolResult:
            # Final: the turn ends here, without another model call of this agent.
            return ToolResult(TextInput(f"Handed over to {target}."), final=True)

        return DirectTool(
            transfer,
            name=transfer_tool_name(target),
            description=f"{where}.{about} Use when: {when}",
            schema={
                "type": "object",
                "properties": {"reason": {"type": "string", "description": "Why, in one sentence."}},
                "required": ["reason"],
                "additionalProperties": False,
            },
        )

    def _function_tool(self, spec: ToolSpec) -> DirectTool:
        if spec.name not in self._functions:
            if spec.function is None:
                self._functions[spec.name] = _shown_tool(spec)
                return self._functions[spec.name]
            function = self._code.function(spec.function)
            self._injected[spec.name] = frozenset(inspect.signature(function).parameters) & INJECTED
            bound = bind(function, lambda: CURRENT_CALL.get().values, spec.parameters)
            self._functions[spec.name] = DirectTool(
                _recording(bound),
                name=spec.name,
                description=spec.description or bound.description,
                schema=_laid_over(bound.schema, spec.parameters),
            )
        return self._functions[spec.name]


def _laid_over(generated: dict[str, Any], declared: Mapping[str, Any] | None) -> dict[str, Any]:
    """The signature's schema, with what the manifest says of it on top; it may say as little as one description."""
    if declared is None:
        return generated
    properties = dict(generated.get("properties", {}))
    for name, said in declared.get("properties", {}).items():
        properties[name] = {**properties.get(name, {}), **said}
    return {**generated, **declared, "type": "object", "properties": properties}


def _shown_tool(spec: ToolSpec) -> DirectTool:
    """A UI tool without code: the model's arguments are what the user is shown."""

    async def show(_: dict[str, Any]) -> str:
        return "shown"

    schema = spec.parameters or {"type": "object", "properties": {}, "additionalProperties": True}
    return DirectTool(show, name=spec.name, description=spec.description, schema=dict(schema))


def _recording(bound: BoundFunction) -> Callable[[dict[str, Any]], Awaitable[str]]:
    """Leave the returned value in the call's scope; AG2 gets a text, which it passes through as it is."""

    async def call(arguments: dict[str, Any]) -> str:
        scope = CURRENT_CALL.get()
        scope.returned = await bound(arguments)
        return "done"

    return call
