"""An example of each body that routes take or answer with, by the name of its model. For the OpenAPI document alone."""

from __future__ import annotations

from typing import Any, Final

from mozaiks.chats.trace import NOT_KNOWN
from mozaiks.themes.tokens import Theme

__all__ = ["EXAMPLES"]

_CHAT: Final = "5f0c6a5d2b8e4a1f9c3d7e6b1a2f4c8d"
_RUN: Final = "b1946ac92492d2347c6235b4d2611184"
_REQUEST: Final = "0d6f3b1c5a7e4d2f9b8c6a1e3f5d7b90"
_VERSION: Final = "9f2d0c7a6b1e4f3d8c5a7e9b0d1f2a3c4e5b6d7f8a9c0e1d2b3f4a5c6e7d8b9a"
_BEGAN: Final = "2026-01-14T09:30:00.000Z"
_WENT_ON: Final = "2026-01-14T09:30:04.120Z"
_ENDED: Final = "2026-01-14T09:41:12.348Z"

_WHOSE: Final = {"app_id": "acme", "user_id": "ann"}
_USAGE: Final = {
    "prompt_tokens": 412,
    "completion_tokens": 96,
    "cached_tokens": 128,
    "reasoning_tokens": 0,
    "total_tokens": 508,
    "model_calls": 2,
}
_SUMMARY: Final = {
    "chat_id": _CHAT,
    "workflow_name": "HelloWorld",
    **_WHOSE,
    "status": "waiting",
    "waiting_for": "input",
    "last_seq": 12,
    "created_at": _BEGAN,
    "updated_at": _WENT_ON,
}
_RUNS: Final = {
    "count": 2,
    "by_status": {"waiting": 2},
    "turns": 2,
    "duration_ms": {"mean": 2060.0, "p50": 1980, "p95": 2140, "max": 2140},
    "usage": _USAGE,
}
_PERFORMANCE: Final = {
    **{name: _SUMMARY[name] for name in _SUMMARY if name != "last_seq"},
    "run_no": 2,
    "agent_turns": 2,
    "tool_calls": 1,
    "errors": 0,
    "usage": _USAGE,
    "runs": _RUNS,
}
_JOURNEY: Final = {
    "journey_run_id": _RUN,
    "journey_id": "build",
    **_WHOSE,
    "status": "running",
    "group": 0,
    "completed": 0,
    "total": 1,
    "created_at": _BEGAN,
    "updated_at": _WENT_ON,
    "ended_at": None,
    "duration_ms": None,
}
_SOCKET: Final = f"wss://chat.example.com/dev?workflow=Interview&app_id=acme&chat_id={_RUN}-g0m0&user_id=ann"
_SECRET: Final = {"name": "crm_api_key", "version": 2, "created_at": _BEGAN, "updated_at": _ENDED}

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "Health": {
        "status": "ok",
        "stage": "prod",
        "mongo": {"reachable": True, "ping_ms": 1.84},
        "workflows": {"valid": 8, "invalid": 0},
    },
    "ActiveRuns": {
        "active_runs": 1,
        "runs": [
            {
                **_WHOSE,
                "workflow_name": "HelloWorld",
                "chat_id": _CHAT,
                "run_no": 2,
                "since": _BEGAN,
                "started": True,
                "in_hand": True,
                "cancel_requested": False,
            }
        ],
    },
    "ChatCost": {
        **_PERFORMANCE,
        "cost": {"usd": 0.000119, "priced_usd": 0.000119, "unpriced_models": []},
        "family": {
            "model_calls": 2,
            "total_tokens": 508,
            "cost": {"usd": 0.000119, "priced_usd": 0.000119, "unpriced_models": []},
        },
        "journey_run_id": None,
        "journey": None,
    },
    "ChatPerformancePage": {"chats": [_PERFORMANCE], "next_before": None},
    "WorkflowList": {
        "workflows": [
            {
                "name": "HelloWorld",
                "description": "One agent with one tool.",
                "startup_mode": "AgentDriven",
                "agents": ["GreeterAgent"],
                "tools": 1,
                "version": _VERSION,
                "ui_config": {"theme": "paper"},
            }
        ],
        "invalid": [
            {
                "name": "Broken",
                "problems": [
                    {
                        "severity": "error",
                        "code": "unknown_key",
                        "message": "unknown key 'max_turnz'; did you mean 'max_turns'?",
                        "file": "Broken/orchestrator.yaml",
                        "line": 2,
                        "column": 1,
                        "key": "max_turnz",
                    }
                ],
            }
        ],
    },
    "WorkflowTools": {
        "workflow_name": "PlanChooser",
        "version": _VERSION,
        "tools": [
            {
                "name": "choose_plan",
                "description": "Lets the user choose a plan.",
                "category": "",
                "tool_type": "UI_Tool",
                "agents": ["PlanAgent"],
                "component": "PlanPicker",
                "mode": "inline",
                "awaits_response": True,
                "requires_approval": False,
                "parameters": {"type": "object", "properties": {"plans": {"type": "array"}}},
                "response_schema": {"type": "object", "properties": {"plan": {"type": "string"}}, "required": ["plan"]},
            }
        ],
    },
    "Available": {
        "workflows": [
            {
                "name": "Build",
                "description": "Builds what was agreed on.",
                "startup_mode": "AgentDriven",
                "available": False,
                "code": "PREREQUISITES_MISSING",
                "missing": [{"workflow_name": "Interview", "reason": "It says what to build."}],
                "advised": [],
            }
        ]
    },
    "ChatExists": {"chat_id": _CHAT, "exists": True},
    "ChatPage": {"chats": [_SUMMARY], "next_before": None},
    "ChatMetadata": {
        **_SUMMARY,
        "workflow_version": _VERSION,
        "cache_seed": 1607456783,
        "pending": [
            {
                "request_id": _REQUEST,
                "kind": "input",
                "agent": "GreeterAgent",
                "prompt": "Would you like to hear another one?",
                "schema": None,
                "expires_at": None,
                "tool_name": None,
                "tool_call_id": None,
                "component_type": None,
                "display": None,
                "payload": None,
                "secret_fields": [],
            }
        ],
        "last_artifact": None,
        "parent_chat_id": None,
        "usage": _USAGE,
    },
    "SentMessage": {
        "chat_id": _CHAT,
        "accepted": True,
        "queued": False,
        "message_id": "m-1",
        "request_id": _REQUEST,
    },
    "AnsweredRequest": {
        "chat_id": _CHAT,
        "request_id": _REQUEST,
        "accepted": True,
        "status": "completed",
        "queued": False,
    },
    "CancelledChat": {"chat_id": _CHAT, "status": "cancelled"},
    "RetriedChat": {"chat_id": _CHAT, "status": "running", "run_no": 3},
    "EventPage": {
        "chat_id": _CHAT,
        "events": [
            {
                "type": "chat.text",
                "chat_id": _CHAT,
                "seq": 4,
                "event_id": "4c1f0a9b7d2e4f6a8b3c5d7e9f1a2b3c",
                "timestamp": _WENT_ON,
                "data": {
                    "kind": "text",
                    "agent": "GreeterAgent",
                    "content": "Hello and welcome!",
                    "message_id": "7a3b9c1d5e2f4a6b8c0d1e3f5a7b9c2d",
                    "role": "assistant",
                    "is_visual": True,
                    "is_structured_capable": False,
                    "is_tool_agent": True,
                },
            }
        ],
        "next_after": 4,
        "has_more": True,
    },
    "ChatTrace": {
        "chat_id": _CHAT,
        "workflow_name": "HelloWorld",
        "status": "waiting",
        "runs": [
            {
                "run_no": 1,
                "started_at": _BEGAN,
                "ended_at": _WENT_ON,
                "status": "waiting",
                "duration_ms": 4120,
                "turns": 1,
            }
        ],
        "slices": [
            {
                "run_no": 1,
                "number": 1,
                "began_at": _BEGAN,
                "ended_at": _WENT_ON,
                "duration_ms": 4120,
                "outcome": "waiting",
                "model_calls": 1,
                "model_ms": 1480,
            }
        ],
        "turns": [
            {
                "seq": 3,
                "agent": "GreeterAgent",
                "run_no": 1,
                "started_at": _BEGAN,
                "ended_at": _WENT_ON,
                "duration_ms": 4120,
                "model_calls": [
                    {
                        "seq": 5,
                        "agent": "GreeterAgent",
                        "model": "gpt-4o-mini",
                        "at": _WENT_ON,
                        "at_most_ms": 4120,
                        "duration_ms": 1480,
                        **{name: _USAGE[name] for name in _USAGE if name != "model_calls"},
                        "cost_usd": 0.00011,
                    }
                ],
                "tools": [
                    {
                        "seq": 6,
                        "tool_name": "look_up_greeting",
                        "tool_call_id": "call_1_0_0",
                        "agent": "GreeterAgent",
                        "started_at": _BEGAN,
                        "waited_for_user": False,
                        "ended_at": _WENT_ON,
                        "duration_ms": 12,
                        "status": "ok",
                    }
                ],
                "errors": [],
            }
        ],
        "waits": [
            {
                "request_id": _REQUEST,
                "kind": "input",
                "agent": None,
                "tool_name": None,
                "asked_at": _WENT_ON,
                "ended_at": _ENDED,
                "duration_ms": 668228,
                "outcome": "answered",
            }
        ],
        "errors": [],
        "not_known": list(NOT_KNOWN),
        "next_after": 12,
        "has_more": False,
    },
    "ErasedChat": {"chat_id": _CHAT, "complete": True, "erased": {"chat_events": 42, "chat_sessions": 1}},
    "ErasedUser": {**_WHOSE, "complete": True, "erased": {"chat_events": 420, "chat_sessions": 10}},
    "StartedJourneyRun": {
        "success": True,
        "journey_run_id": _RUN,
        "journey_id": "build",
        **_WHOSE,
        "status": "running",
        "chat_id": f"{_RUN}-g0m0",
        "websocket_url": _SOCKET,
        "chats": [
            {
                "workflow_name": "Interview",
                "chat_id": f"{_RUN}-g0m0",
                "websocket_url": _SOCKET,
                "cache_seed": 2900028032,
            }
        ],
        "reused": False,
    },
    "JourneyPage": {"journeys": [_JOURNEY], "next_before": None},
    "JourneyRun": {
        **_JOURNEY,
        "groups": [
            {
                "group": 0,
                "members": [
                    {
                        "workflow_name": "Interview",
                        "chat_id": f"{_RUN}-g0m0",
                        "status": "open",
                        "chat_status": "waiting",
                        "waiting_for": "input",
                        "attempt": 1,
                        "error": None,
                        "opened_at": _BEGAN,
                        "ended_at": None,
                        "duration_ms": None,
                    }
                ],
            }
        ],
    },
    "OauthHeard": {"success": True, "chat_id": _CHAT, "event_id": "51d8a3a4c2c54a8ba4f4f3d3b7a1c1e6"},
    "SecretPage": {"secrets": [_SECRET], "next_after": None},
    "SecretMetadata": _SECRET,
    "ForgottenSecret": {"name": "crm_api_key", "deleted": True},
    "ThemeView": {
        "app_id": "acme",
        "version": 1,
        "theme": {**Theme().model_dump(mode="json"), "name": "Northwind"},
        "overrides": {"name": "Northwind"},
        "updated_at": _BEGAN,
    },
}
"""Models that give their example themselves are not among these."""
