"""Rules about the messages of a request: roles, content, and tool calls that are each answered once, in place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import RuleViolation
from .rule_names import check_name, json_kind

__all__ = ["check_messages"]

_MESSAGE_NAME = re.compile(r"^[^\s<|\\/>]{1,64}$")
_MAX_TOOL_CALL_ID = 40
_PARTS: Mapping[str, frozenset[str]] = {
    "system": frozenset({"text"}),
    "developer": frozenset({"text"}),
    "user": frozenset({"text", "image_url", "input_audio", "file"}),
    "assistant": frozenset({"text", "refusal"}),
    "tool": frozenset({"text"}),
}


def check_messages(messages: Any) -> None:
    """Refuse what the API refuses as ``messages``."""
    if not isinstance(messages, list):
        raise RuleViolation("messages_required", f"'messages' must be an array, got {json_kind(messages)}.", "messages")
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
        raise RuleViolation("message_object", f"{where} must be an object, got {json_kind(message)}.", where)
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
            f"Invalid value for {where}: expected a string or an array of parts, got {json_kind(content)}.",
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
            raise RuleViolation("content_part", f"{place}.{kind} must be a string, got {json_kind(payload)}.", place)
        if kind not in ("text", "refusal") and not isinstance(payload, dict):
            raise RuleViolation("content_part", f"{place}.{kind} must be an object, got {json_kind(payload)}.", place)


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
    check_name(function.get("name"), f"{where}.function.name")
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
