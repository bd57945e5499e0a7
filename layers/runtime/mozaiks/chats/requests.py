"""Requests to a person: the event that asks, those that tell how it ended, what clients are shown of an open one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final, Literal

from mozaiks.chats.events import (
    Event,
    InputRequest,
    InputTimeout,
    NewEvent,
    ToolCall,
    UiToolComplete,
    UiToolDismiss,
    timestamp,
)
from mozaiks.chats.states import Greeting, LastArtifact, PendingInput

__all__ = ["announce", "answer_key", "artifact_of", "completed", "dismissals", "expired", "shown", "shown_all"]

MAX_ARTIFACT_BYTES: Final = 32 * 1024
"""A larger payload is not kept with the session, which is read at every step: the log has it."""
MAX_SHOWN_BYTES: Final = 48 * 1024
"""Of the payloads of all open requests together, told in one frame; an event's own frame holds each."""


def announce(pending: PendingInput) -> NewEvent:
    """The event that asks. Its ``event_id`` is the request's id: clients answer with either."""
    extra: dict[str, Any] = {}
    if pending["schema"] is not None:
        extra["schema"] = pending["schema"]
    if pending["expires_at"] is not None:
        extra["expires_at"] = timestamp(pending["expires_at"])
    if pending["kind"] == "input":
        if pending["component"] is not None:
            extra["component_type"] = pending["component"]
        asked: InputRequest = {
            "request_id": pending["request_id"],
            "prompt": pending["prompt"],
            "agent": pending["agent"],
            **extra,  # type: ignore[typeddict-item]
        }
        return NewEvent("chat.input_request", asked, agent=pending["agent"], event_id=pending["request_id"])
    if pending["prompt"]:
        extra["prompt"] = pending["prompt"]
    if pending["secrets"]:
        extra["secret_fields"] = sorted(pending["secrets"])
    call: ToolCall = {
        "tool_name": pending["tool_name"] or "",
        "tool_call_id": pending["tool_call_id"] or "",
        "corr": pending["tool_call_id"] or "",
        "agent": pending["agent"],
        "awaiting_response": True,
        "interaction_type": pending["kind"],
        "payload": pending["payload"],
        "component_type": pending["component"],
        "display": pending["mode"] or "inline",
        **extra,  # type: ignore[typeddict-item]
    }
    return NewEvent("chat.tool_call", call, agent=pending["agent"], event_id=pending["request_id"])


def completed(pending: PendingInput, status: Literal["completed", "approved", "denied", "timed_out"]) -> NewEvent:
    """Says that a component's request, or one for approval, is answered."""
    data: UiToolComplete = {
        "request_id": pending["request_id"],
        "eventId": pending["request_id"],
        "tool_name": pending["tool_name"] or "",
        "tool_call_id": pending["tool_call_id"] or "",
        "status": status,
    }
    return NewEvent("chat.ui_tool_complete", data, agent=pending["agent"])


def dismissals(
    open_requests: Iterable[PendingInput], reason: Literal["completed", "failed", "cancelled", "timed_out"]
) -> tuple[NewEvent, ...]:
    """Tells clients to put away the components of requests that a chat's end left open."""
    return tuple(_dismissed(pending, reason) for pending in open_requests if pending["kind"] != "input")


def _dismissed(pending: PendingInput, reason: Literal["completed", "failed", "cancelled", "timed_out"]) -> NewEvent:
    data: UiToolDismiss = {
        "request_id": pending["request_id"],
        "eventId": pending["request_id"],
        "tool_name": pending["tool_name"] or "",
        "tool_call_id": pending["tool_call_id"] or "",
        "reason": reason,
    }
    return NewEvent("chat.ui_tool_dismiss", data, agent=pending["agent"])


def expired(pending: PendingInput) -> tuple[NewEvent, ...]:
    """Says that nobody answered in time."""
    data: InputTimeout = {
        "request_id": pending["request_id"],
        "request_kind": pending["kind"],
        "on_timeout": pending["on_timeout"],
    }
    said = NewEvent("chat.input_timeout", data, agent=None if pending["kind"] == "input" else pending["agent"])
    return (said,) if pending["kind"] == "input" else (said, completed(pending, "timed_out"))


def answer_key(pending: PendingInput) -> str | None:
    """The call id under which the journal keeps the answer; ``None``: it is said in the chat instead."""
    if pending["tool_call_id"] is None:
        return None
    return f"{pending['tool_call_id']}:{'approval' if pending['kind'] == 'approval' else 'answer'}"


def shown(pending: PendingInput, greeting: Greeting, *, sees_everything: bool) -> dict[str, Any]:
    """An open request as ``chat_meta`` tells it, in JSON.

    Of an agent this viewer may not see: that there is a request, and what an answer must look like.
    """
    visible = sees_everything or greeting.shows(pending["agent"])
    expires_at = pending["expires_at"]
    told: dict[str, Any] = {
        "request_id": pending["request_id"],
        "kind": pending["kind"],
        "agent": pending["agent"] if visible else None,
        "prompt": pending["prompt"] if visible else "",
        "schema": pending["schema"] if visible or pending["kind"] == "input" else None,
        "expires_at": None if expires_at is None else timestamp(expires_at),
        "tool_name": None,
        "tool_call_id": None,
        "component_type": None,
        "display": None,
        "payload": None,
        "secret_fields": [],
    }
    if visible:
        told |= {
            "tool_name": pending["tool_name"],
            "tool_call_id": pending["tool_call_id"],
            "component_type": pending["component"],
            "display": pending["mode"],
            "payload": pending["payload"],
            "secret_fields": sorted(pending["secrets"]),
        }
    return told


def shown_all(
    open_requests: Iterable[PendingInput], greeting: Greeting, *, sees_everything: bool
) -> list[dict[str, Any]]:
    """Every open request as ``chat_meta`` tells it.

    A payload beyond what one frame holds is left out, and ``oversize`` says so: the event that asked has it.
    """
    told, room = [], MAX_SHOWN_BYTES
    for pending in open_requests:
        entry = shown(pending, greeting, sees_everything=sees_everything)
        size = _size(entry["payload"])
        if size > room:
            entry |= {"payload": None, "oversize": True}
        else:
            room -= size
        told.append(entry)
    return told


def artifact_of(event: Event, greeting: Greeting) -> LastArtifact | None:
    """What ``event`` puts into the artifact panel, for clients that come later; ``None`` if nothing they may see."""
    data = event.data
    if event.type != "chat.tool_call" or data.get("display") != "artifact":
        return None
    if event.concealed or not greeting.shows(event.agent):
        return None
    payload = data.get("payload", data.get("arguments"))
    return {
        "event_id": event.event_id,
        "tool_name": data["tool_name"],
        "component": data.get("component_type"),
        "seq": event.seq,
        "payload": payload if _size(payload) < MAX_ARTIFACT_BYTES else None,
    }


def _size(value: Any) -> int:
    return len(json.dumps(value))
