"""What OpenAI's chat API accepts. Pure: a request body in, nothing or a :class:`RuleViolation` out.

A history that breaks one of these rules fails on every later call too, so it is refused here by name instead of in
production. Two rules are stricter than the service: arguments of a past tool call must be a JSON object, and a tool
call id stands once in a conversation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import RuleViolation
from .schemas import check_function_schema, check_strict_schema

__all__ = ["check_request"]

_NAME = re.compile(r"^[a-zA-Z0-9_-]{1,64}$")
_MESSAGE_NAME = re.compile(r"^[^\s<|\\/>]{1,64}$")
_MAX_TOOL_CALL_ID = 40
_MAX_TOOLS = 128
_PARTS: Mapping[str, frozenset[str]] = {
    "system": frozenset({"text"}),
    "developer": frozenset({"text"}),
    "user": frozenset({"text", "image_url", "input_audio", "file"}),
    "assistant": frozenset({"text", "refusal"}),
    "tool": frozenset({"text"}),
}
_KNOWN = frozenset(
    {
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "modalities",
        "model",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    }
)
_RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}


def check_request(body: Any) -> None:
    """Refuse a chat completion request the real API would refuse.

    Parameters
    ----------
    body
        The decoded JSON body.

    Raises
    ------
    RuleViolation
        The first rule broken; ``rule`` names it and ``param`` says where.
    """
    if not isinstance(body, dict):
        raise RuleViolation("body_object", f"The body must be a JSON object, got {_kind(body)}.")
    unknown = sorted(set(body) - _KNOWN)
    if unknown:
        raise RuleViolation(
            "known_parameters", f"Unrecognized request argument supplied: {', '.join(unknown)}", unknown[0]
        )
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise RuleViolation("model_required", "You must provide a model parameter.", "model")
    _check_messages(body.get("messages"))
    names = _check_tools(body)
    _check_tool_choice(body, names)
    _check_response_format(body.get("response_format"), body["messages"])
    _check_options(body)


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list):
        raise RuleViolation("messages_required", f"'messages' must be an array, got {_kind(messages)}.", "messages")
    if not messages:
        raise RuleViolation("messages_not_empty", "[] is too short - 'messages'", "messages")
    seen: set[str] = set()
    open_calls: dict[str, None] = {}
    called_at = -1
    for index, message in enumerate(messages):
        where = f"messages.{index}"
        role = _check_message(message, where)
        if role == "tool":
            _answer(message, open_calls, seen, called_at, where)
            continue
        if open_calls:
            raise _unanswered(open_calls, called_at)
        if role == "assistant":
            open_calls = dict.fromkeys(_check_assistant(message, seen, where))
            called_at = index
    if open_calls:
        raise _unanswered(open_calls, called_at)


def _unanswered(open_calls: Mapping[str, None], called_at: int) -> RuleViolation:
    return RuleViolation(
        "tool_calls_answered",
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
        f"The following tool_call_ids did not have response messages: {', '.join(open_calls)}",
        f"messages.{called_at}.tool_calls",
    )


def _answer(
    message: Mapping[str, Any], open_calls: dict[str, None], seen: set[str], called_at: int, where: str
) -> None:
    call_id = message.get("tool_call_id")
    if not isinstance(call_id, str) or not call_id:
        raise RuleViolation("tool_call_id_required", f"Missing required parameter: '{where}.tool_call_id'.", where)
    if call_id in open_calls:
        del open_calls[call_id]
        return
    if call_id in seen and called_at >= 0:
        raise RuleViolation(
            "tool_message_once",
            f"{where} answers {call_id!r}, which was answered already or belongs to an earlier message.",
            where,
        )
    raise RuleViolation(
        "tool_message_follows_call",
        f"messages with role 'tool' must be a response to a preceding message with 'tool_calls'; {where} answers "
        f"{call_id!r}, which no preceding assistant message called.",
        where,
    )


def _check_message(message: Any, where: str) -> str:
    if not isinstance(message, dict):
        raise RuleViolation("message_object", f"{where} must be an object, got {_kind(message)}.", where)
    role = message.get("role")
    if not isinstance(role, str) or role not in _PARTS:
        raise RuleViolation(
            "known_role", f"{where}.role is {role!r}; supported are {', '.join(sorted(_PARTS))}.", f"{where}.role"
        )
    name = message.get("name")
    if name is not None and (not isinstance(name, str) or not _MESSAGE_NAME.match(name)):
        raise RuleViolation(
            "message_name",
            f"{where}.name is {name!r}; expected up to 64 characters without spaces or <|\\/>.",
            f"{where}.name",
        )
    if role != "assistant" or message.get("content") is not None:
        _check_content(message.get("content"), role, f"{where}.content")
    return role


def _check_content(content: Any, role: str, where: str) -> None:
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise RuleViolation(
            "content_shape",
            f"Invalid value for {where}: expected a string or an array of parts, got {_kind(content)}.",
            where,
        )
    if not content:
        raise RuleViolation("content_shape", f"[] is too short - '{where}'", where)
    for index, part in enumerate(content):
        place = f"{where}.{index}"
        kind = part.get("type") if isinstance(part, dict) else None
        if not isinstance(kind, str) or kind not in _PARTS[role]:
            raise RuleViolation(
                "content_part",
                f"{place} has type {kind!r}; a {role} message may hold {', '.join(sorted(_PARTS[role]))}.",
                place,
            )
        payload = part.get(kind)
        if kind in ("text", "refusal") and not isinstance(payload, str):
            raise RuleViolation("content_part", f"{place}.{kind} must be a string, got {_kind(payload)}.", place)
        if kind not in ("text", "refusal") and not isinstance(payload, dict):
            raise RuleViolation("content_part", f"{place}.{kind} must be an object, got {_kind(payload)}.", place)


def _check_assistant(message: Mapping[str, Any], seen: set[str], where: str) -> Sequence[str]:
    calls = message.get("tool_calls")
    if calls is None:
        if message.get("content") is None and not message.get("refusal"):
            raise RuleViolation(
                "assistant_not_empty",
                f"{where}: an assistant message must have either content or tool_calls.",
                f"{where}.content",
            )
        return ()
    if not isinstance(calls, list) or not calls:
        raise RuleViolation(
            "tool_calls_shape", f"{where}.tool_calls must be an array of at least one call.", f"{where}.tool_calls"
        )
    ids: list[str] = []
    for index, call in enumerate(calls):
        call_id = _check_call(call, f"{where}.tool_calls.{index}")
        if call_id in seen:
            raise RuleViolation(
                "tool_call_id_unique",
                f"{where}.tool_calls.{index}.id {call_id!r} was used before in this conversation.",
                where,
            )
        seen.add(call_id)
        ids.append(call_id)
    return ids


def _check_call(call: Any, where: str) -> str:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or call.get("type") != "function":
        raise RuleViolation(
            "tool_calls_shape", f"{where} must be {{id, type: 'function', function: {{name, arguments}}}}.", where
        )
    call_id = call.get("id")
    if not isinstance(call_id, str) or not 0 < len(call_id) <= _MAX_TOOL_CALL_ID:
        raise RuleViolation(
            "tool_call_id", f"{where}.id must be a string of 1 to {_MAX_TOOL_CALL_ID} characters.", f"{where}.id"
        )
    _check_name(function.get("name"), f"{where}.function.name")
    arguments = function.get("arguments")
    try:
        value = json.loads(arguments) if isinstance(arguments, str) else None
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise RuleViolation(
            "tool_call_arguments",
            f"{where}.function.arguments must be a string holding a JSON object, got {str(arguments)[:80]!r}.",
            f"{where}.function.arguments",
        )
    return call_id


def _check_name(name: Any, where: str) -> str:
    if not isinstance(name, str) or not _NAME.match(name):
        raise RuleViolation("name_pattern", f"{where} is {name!r}; expected a string matching {_NAME.pattern}.", where)
    return name


def _check_tools(body: Mapping[str, Any]) -> set[str]:
    tools = body.get("tools")
    if tools is None:
        return set()
    if not isinstance(tools, list) or not tools:
        raise RuleViolation("tools_not_empty", "[] is too short - 'tools'; leave it out when there are none.", "tools")
    if len(tools) > _MAX_TOOLS:
        raise RuleViolation(
            "tools_limit", f"'tools' holds {len(tools)} tools; at most {_MAX_TOOLS} are allowed.", "tools"
        )
    names: set[str] = set()
    for index, tool in enumerate(tools):
        where = f"tools.{index}"
        function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
        if not isinstance(function, dict):
            raise RuleViolation("tool_shape", f"{where} must be {{type: 'function', function: {{name, …}}}}.", where)
        name = _check_name(function.get("name"), f"{where}.function.name")
        if name in names:
            raise RuleViolation("tool_names_unique", f"Tool names must be unique: {name!r} stands twice.", where)
        names.add(name)
        if not isinstance(function.get("description") or "", str):
            raise RuleViolation("tool_shape", f"{where}.function.description must be a string.", where)
        if "parameters" in function:
            check_function_schema(function["parameters"], name, f"{where}.function.parameters")
        if function.get("strict"):
            check_strict_schema(function.get("parameters"), name, f"{where}.function.parameters")
    return names


def _check_tool_choice(body: Mapping[str, Any], names: set[str]) -> None:
    for key in ("tool_choice", "parallel_tool_calls"):
        if body.get(key) is not None and not names:
            raise RuleViolation("tool_choice_needs_tools", f"'{key}' is only allowed when 'tools' are specified.", key)
    choice = body.get("tool_choice")
    if choice is None or choice in ("none", "auto", "required"):
        return
    function = choice.get("function") if isinstance(choice, dict) else None
    if not isinstance(function, dict) or function.get("name") not in names:
        raise RuleViolation(
            "tool_choice",
            f"'tool_choice' is {choice!r}; expected none, auto, required or an offered tool.",
            "tool_choice",
        )


def _check_response_format(form: Any, messages: Sequence[Mapping[str, Any]]) -> None:
    if form is None:
        return
    kind = form.get("type") if isinstance(form, dict) else None
    if kind not in ("text", "json_object", "json_schema"):
        raise RuleViolation(
            "response_format", f"'response_format.type' is {kind!r}; expected text, json_object or json_schema."
        )
    if kind == "json_object" and not any("json" in json.dumps(message.get("content")).lower() for message in messages):
        raise RuleViolation(
            "json_object_needs_word",
            "'messages' must contain the word 'json' to use 'response_format' of type 'json_object'.",
        )
    if kind != "json_schema":
        return
    where = "response_format.json_schema"
    spec = form.get("json_schema")
    if not isinstance(spec, dict):
        raise RuleViolation("response_format", f"Missing required parameter: '{where}'.", where)
    name = _check_name(spec.get("name"), f"{where}.name")
    if spec.get("strict"):
        check_strict_schema(spec.get("schema"), name, f"{where}.schema")
    elif not isinstance(spec.get("schema"), dict):
        raise RuleViolation("response_format", f"Missing required parameter: '{where}.schema'.", where)


def _check_options(body: Mapping[str, Any]) -> None:
    stream = body.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise RuleViolation("stream_boolean", f"'stream' must be a boolean, got {_kind(stream)}.", "stream")
    options = body.get("stream_options")
    if options is not None and (not stream or not isinstance(options, dict)):
        raise RuleViolation(
            "stream_options",
            "The 'stream_options' parameter is an object and only allowed when 'stream' is enabled.",
            "stream_options",
        )
    for key, (low, high) in _RANGES.items():
        value = body.get(key)
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high
        ):
            raise RuleViolation("number_range", f"{key!r} is {value!r}; expected a number from {low} to {high}.", key)
    for key in ("max_tokens", "max_completion_tokens"):
        value = body.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise RuleViolation("number_range", f"{key!r} is {value!r}; expected an integer from 1 on.", key)
    if body.get("n") not in (None, 1):
        raise RuleViolation("one_choice", f"'n' is {body['n']!r}; the demo model gives one choice.", "n")
