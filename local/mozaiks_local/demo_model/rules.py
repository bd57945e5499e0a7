"""What OpenAI's chat API accepts. Pure: a request body in, nothing or a :class:`RuleViolation` out.

A history that breaks one of these rules fails on every later call too, so it is refused here by name instead of in
production. Two rules are stricter than the service: arguments of a past tool call must be a JSON object, and a tool
call id stands once in a conversation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import RuleViolation
from .message_rules import check_messages
from .rule_names import check_name, json_kind
from .schemas import check_strict_schema
from .tool_rules import check_tool_choice, check_tools

__all__ = ["check_request"]

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
        raise RuleViolation("body_object", f"The body must be a JSON object, got {json_kind(body)}.")
    unknown = sorted(set(body) - _KNOWN)
    if unknown:
        raise RuleViolation(
            "known_parameters", f"Unrecognized request argument supplied: {', '.join(unknown)}", unknown[0]
        )
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise RuleViolation("model_required", "You must provide a model parameter.", "model")
    check_messages(body.get("messages"))
    names = check_tools(body)
    check_tool_choice(body, names)
    _check_response_format(body.get("response_format"), body["messages"])
    _check_options(body)


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
    name = check_name(spec.get("name"), f"{where}.name")
    if spec.get("strict"):
        check_strict_schema(spec.get("schema"), name, f"{where}.schema")
    elif not isinstance(spec.get("schema"), dict):
        raise RuleViolation("response_format", f"Missing required parameter: '{where}.schema'.", where)


def _check_options(body: Mapping[str, Any]) -> None:
    stream = body.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise RuleViolation("stream_boolean", f"'stream' must be a boolean, got {json_kind(stream)}.", "stream")
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
