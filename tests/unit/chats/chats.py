"""Chats in any state, made of values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from mozaiks.chats.commands import SubmitInput
from mozaiks.chats.states import Chat, ChatStatus, Greeting, PendingInput, pending_input

__all__ = ["NOW", "PAST", "approval", "chat", "form", "question", "submit", "waiting"]

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PAST = NOW - timedelta(seconds=1)


def chat(status: ChatStatus = ChatStatus.CREATED, *, mode: Any = "AgentDriven", **fields: Any) -> Chat:
    greeting = Greeting(mode, "Host", initial_message="begin", initial_message_to_user="Welcome")
    return Chat(
        **{
            "chat_id": "c1",
            "app_id": "acme",
            "user_id": "me",
            "workflow_name": "W",
            "workflow_version": "v",
            "greeting": greeting,
            "cache_seed": 1,
            "created_at": NOW,
            "updated_at": NOW,
            "status": status,
            **fields,
        }
    )


def question(request_id: str = "q1", **fields: Any) -> PendingInput:
    return pending_input(request_id=request_id, prompt="?", **fields)


def form(request_id: str = "f1", **fields: Any) -> PendingInput:
    return pending_input(
        "ui_tool",
        **{
            "request_id": request_id,
            "agent": "Host",
            "tool_name": "pick",
            "tool_call_id": f"call_{request_id}",
            "component": "Picker",
            "mode": "inline",
            "payload": {"sizes": ["S", "L"]},
            **fields,
        },
    )


def approval(request_id: str = "a1", **fields: Any) -> PendingInput:
    return pending_input(
        "approval",
        **{
            "request_id": request_id,
            "agent": "Host",
            "tool_name": "pay",
            "tool_call_id": f"call_{request_id}",
            "payload": {"amount": 3},
            **fields,
        },
    )


def submit(text: str = "hi", **fields: Any) -> SubmitInput:
    return SubmitInput(type="user.input.submit", text=text, **fields)


def waiting(*requests: PendingInput, **fields: Any) -> Chat:
    first = requests[0]["kind"] if requests else None
    return chat(ChatStatus.WAITING, **{"waiting_for": first, "pending": requests, "run_no": 3, **fields})
