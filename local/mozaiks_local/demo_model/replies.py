"""Which reply a request gets: the first rule that holds, or a plain word from the demo model itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .conversation import Conversation
from .errors import ScriptError
from .faults import Fault
from .instances import instance_errors, minimal_instance
from .script import Pace, Rule, Script
from .templates import fill, fill_text

__all__ = ["Asked", "Reply", "ToolCall", "decide", "spoil"]

_DEFAULT_DELAY_MS = 15.0
_LEAVING = ("transfer_to_", "terminate")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of the reply; ``arguments`` is JSON text."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says. ``delay_ms`` is the pause before each token."""

    text: str = ""
    think: str = ""
    calls: tuple[ToolCall, ...] = ()
    delay_ms: float = _DEFAULT_DELAY_MS
    pace: Pace = "typing"
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, and a request that passed the message rules."""

    workflow: str
    agent: str
    body: Mapping[str, Any]

    @property
    def tools(self) -> dict[str, Mapping[str, Any]]:
        """The offered functions by name, in order."""
        return {tool["function"]["name"]: tool["function"] for tool in self.body.get("tools") or ()}

    @property
    def output(self) -> Mapping[str, Any] | None:
        """``{name, schema}`` of the structured output asked for."""
        form = self.body.get("response_format") or {}
        return form["json_schema"] if form.get("type") == "json_schema" else None


def decide(asked: Asked, script: Script | None) -> Reply:
    """The reply to a request.

    Raises
    ------
    ScriptError
        A scripted structured output does not fit its schema, or none can be made up for it.
    """
    conversation = Conversation.of(asked.body["messages"])
    tools = asked.tools
    output = asked.output
    if script is not None:
        offered = frozenset(tools)
        for rule in script.rules(asked.agent):
            captured = rule.matches(conversation, offered, output["name"] if output else None)
            if captured is not None:
                return _play(rule, script, asked, _values(asked, conversation, tools, captured))
    reply = _unscripted(asked, conversation, tools)
    return replace(reply, delay_ms=script.delay_ms, pace=script.pace) if script is not None else reply


def _values(asked: Asked, said: Conversation, tools: Mapping[str, Any], captured: dict[str, str]) -> dict[str, Any]:
    return {
        "user": said.user_text,
        "tool": said.answers[-1].value if said.answers else {},
        "result": {name: answer.value for name, answer in said.results.items()},
        "match": captured,
        "tools": ", ".join(tools),
        "agent": asked.agent,
        "workflow": asked.workflow,
    }


def _play(rule: Rule, script: Script, asked: Asked, values: Mapping[str, Any]) -> Reply:
    text = fill_text(rule.say, values) if rule.say is not None else ""
    if rule.json_ is not None:
        instance = fill(rule.json_, values)
        _check_output(instance, asked)
        text = json.dumps(instance, ensure_ascii=False)
    return Reply(
        text=text,
        think=fill_text(rule.think or "", values),
        calls=tuple(ToolCall(call.tool, json.dumps(fill(call.arguments, values))) for call in rule.call),
        delay_ms=script.delay_ms if rule.delay_ms is None else rule.delay_ms,
        pace=rule.pace or script.pace,
        fault=rule.fault,
    )


def _check_output(instance: Any, asked: Asked) -> None:
    if asked.output is None:
        return
    wrong = instance_errors(instance, asked.output.get("schema") or {})
    if wrong:
        raise ScriptError(
            f"Demo script of {asked.workflow}, agent {asked.agent}: json does not fit the structured output "
            f"{asked.output['name']!r}: {'; '.join(wrong)}"
        )


def _unscripted(asked: Asked, said: Conversation, tools: Mapping[str, Mapping[str, Any]]) -> Reply:
    if asked.output is not None:
        schema = asked.output.get("schema") or {}
        try:
            instance = minimal_instance(schema)
        except RecursionError as error:
            raise ScriptError(f"No value can be made up for {asked.output['name']!r}: {error}. Script it.") from None
        _check_output(instance, asked)
        return Reply(text=json.dumps(instance, ensure_ascii=False))
    if (asked.body.get("response_format") or {}).get("type") == "json_object":
        return Reply(text=json.dumps({"note": "demo model", "user": said.user_text}, ensure_ascii=False))
    choice = asked.body.get("tool_choice")
    if tools and (choice == "required" or isinstance(choice, dict)):
        return Reply(calls=(_call_of(tools, choice["function"]["name"] if isinstance(choice, dict) else None),))
    return Reply(text=_plain_word(asked, said))


def _plain_word(asked: Asked, said: Conversation) -> str:
    who = f"{asked.agent or 'an agent'} of {asked.workflow}" if asked.workflow else (asked.agent or "an agent")
    if said.answers:
        heard = " ".join(f"{answer.name} answered: {answer.text[:300]}" for answer in said.answers)
    elif said.user_text:
        heard = f"You said: “{said.user_text[:300]}”"
    else:
        heard = "Nobody has said anything yet."
    return (
        f"This is the demo model speaking for {who}. It plays scripts, and none has a line for this moment. {heard} "
        "Set OPENAI_API_KEY to talk to a real model, or write the line in the workflow's demo/script.yaml."
    )


def _call_of(tools: Mapping[str, Mapping[str, Any]], wanted: str | None) -> ToolCall:
    """A call with the least arguments, of ``wanted`` or of the first tool that does not hand the chat over."""
    own = [name for name in tools if not name.startswith(_LEAVING)]
    name = wanted or next(iter(own or tools), "missing_tool")
    parameters = tools[name].get("parameters") if name in tools else None
    return ToolCall(name, json.dumps(minimal_instance(parameters or {"type": "object"})))


def spoil(reply: Reply, fault: Fault, asked: Asked) -> Reply:
    """The reply as ``fault`` leaves it; faults of the connection change nothing here."""
    if fault.kind == "empty":
        return replace(reply, text="", think="", calls=())
    if fault.kind == "tool_loop":
        return replace(reply, text="", calls=(_call_of(asked.tools, fault.tool),))
    if fault.kind == "malformed_tool_call":
        call = reply.calls[0] if reply.calls and fault.tool is None else _call_of(asked.tools, fault.tool)
        # Cut off, as by a model that ran out of tokens: the beginning of an object is never JSON.
        return replace(reply, calls=(ToolCall(call.name, call.arguments[: max(1, len(call.arguments) * 2 // 3)]),))
    if fault.kind == "slow":
        return replace(reply, delay_ms=fault.delay_ms, pace="even")
    return reply
