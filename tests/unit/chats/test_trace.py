"""A chat's log as runs, turns, calls and waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from mozaiks.chats.events import Event
from mozaiks.chats.trace import Trace, trace_of

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def log(*events: tuple[float, str, dict[str, Any]]) -> list[Event]:
    """Events of (seconds, type, data); the id of each is ``e`` and its ``seq``."""
    return [
        Event("c", seq, f"e{seq}", type_, BEGAN + timedelta(seconds=seconds), data, agent=data.get("agent"))
        for seq, (seconds, type_, data) in enumerate(events, start=1)
    ]


def usage(agent: str = "Host", tokens: int = 10, **data: Any) -> dict[str, Any]:
    return {
        "agent": agent, "model": "m", "prompt_tokens": tokens, "completion_tokens": 1, "cached_tokens": 0,
        "total_tokens": tokens + 1, **data,
    }  # fmt: skip


def call(tool: str, id_: str, *, awaiting: bool = False, **data: Any) -> dict[str, Any]:
    return {"tool_name": tool, "tool_call_id": id_, "corr": id_, "agent": "Host", "awaiting_response": awaiting, **data}


def result(tool: str, id_: str, status: str = "ok") -> dict[str, Any]:
    return {"tool_name": tool, "tool_call_id": id_, "corr": id_, "agent": "Host", "success": True, "status": status}


def said(agent: str | None = "Host") -> dict[str, Any]:
    return {"agent": agent, "content": "x", "message_id": "m", "role": "assistant" if agent else "user"}


def start(run_no: int) -> dict[str, Any]:
    return {"workflow_name": "W", "run_no": run_no}


def end(run_no: int, status: str = "waiting", duration_ms: int = 0) -> dict[str, Any]:
    return {"result": None, "status": status, "turns": 1, "usage": {}, "duration_ms": duration_ms, "run_no": run_no}


def a_turn_with_a_tool() -> Trace:
    return trace_of(
        log(
            (0, "chat.text", said(None)),
            (1, "chat.run_start", start(1)),
            (1, "chat.select_speaker", {"agent": "Host"}),
            (3, "chat.usage_delta", usage(duration_ms=1700)),
            (3, "chat.tool_call", call("look_up", "t1")),
            (3.5, "chat.tool_response", result("look_up", "t1")),
            (5, "chat.usage_delta", usage(tokens=20)),
            (5, "chat.text", said()),
            (5, "chat.run_complete", end(1, duration_ms=4800)),
        )
    )


def test_a_turn_has_its_model_calls_and_its_tools() -> None:
    (turn,) = a_turn_with_a_tool().turns
    assert (turn.agent, turn.run_no, turn.duration_ms) == ("Host", 1, 4000)
    assert [(each.prompt_tokens, each.at_most_ms) for each in turn.model_calls] == [(10, 2000), (20, 1500)]
    assert [each.duration_ms for each in turn.model_calls] == [1700, None]
    (tool,) = turn.tools
    assert (tool.tool_name, tool.status, tool.duration_ms, tool.waited_for_user) == ("look_up", "ok", 500, False)


def test_a_run_says_how_it_ended() -> None:
    (run,) = a_turn_with_a_tool().runs
    assert (run.run_no, run.status, run.duration_ms, run.turns) == (1, "waiting", 4800, 1)


def test_each_speaker_has_a_turn_of_its_own() -> None:
    found = trace_of(
        log(
            (0, "chat.select_speaker", {"agent": "Host"}),
            (1, "chat.text", said()),
            (1, "chat.select_speaker", {"agent": "Aide"}),
            (4, "chat.usage_delta", usage("Aide")),
            (4, "chat.text", said("Aide")),
        )
    )
    assert [(turn.agent, turn.duration_ms, len(turn.model_calls)) for turn in found.turns] == [
        ("Host", 1000, 0),
        ("Aide", 3000, 1),
    ]


def test_a_turn_that_asks_a_person_goes_on_in_the_next_run() -> None:
    found = trace_of(
        log(
            (0, "chat.run_start", start(1)),
            (0, "chat.select_speaker", {"agent": "Host"}),
            (1, "chat.tool_call", call("choose", "t1", awaiting=True)),
            (1, "chat.run_complete", end(1)),
            (601, "chat.ui_tool_complete", {"request_id": "e3", "status": "completed", "tool_call_id": "t1"}),
            (602, "chat.run_start", start(2)),
            (602, "chat.tool_response", result("choose", "t1")),
            (603, "chat.text", said()),
            (603, "chat.run_complete", end(2, "completed")),
        )
    )
    (turn,) = found.turns
    (tool,) = turn.tools
    assert (tool.waited_for_user, tool.duration_ms) == (True, 601_000)
    (wait,) = found.waits
    assert (wait.kind, wait.tool_name, wait.outcome, wait.duration_ms) == ("ui_tool", "choose", "answered", 600_000)
    assert [run.run_no for run in found.runs] == [1, 2]


def test_waits_end_in_what_became_of_them() -> None:
    found = trace_of(
        log(
            (0, "chat.input_request", {"request_id": "q1", "prompt": "", "agent": None}),
            (5, "chat.input_ack", {"request_id": "q1", "client_message_id": "m"}),
            (6, "chat.input_request", {"request_id": "q2", "prompt": "", "agent": None}),
            (9, "chat.input_timeout", {"request_id": "q2", "request_kind": "input", "on_timeout": "default"}),
            (10, "chat.tool_call", call("pay", "t1", awaiting=True, interaction_type="approval")),
            (12, "chat.ui_tool_complete", {"request_id": "e5", "status": "denied"}),
            (13, "chat.tool_call", call("choose", "t2", awaiting=True)),
            (14, "chat.ui_tool_dismiss", {"request_id": "e7", "reason": "cancelled"}),
            (15, "chat.input_request", {"request_id": "q3", "prompt": "", "agent": None}),
        )
    )
    assert [(each.kind, each.outcome, each.duration_ms) for each in found.waits] == [
        ("input", "answered", 5000),
        ("input", "timed_out", 3000),
        ("approval", "denied", 2000),
        ("ui_tool", "dismissed", 1000),
        ("input", None, None),
    ]


def test_a_chat_waits_for_the_children_it_spawned() -> None:
    found = trace_of(
        log(
            (0, "chat.workflow_batch_started", {"batch_id": "b", "children": [], "skipped": []}),
            (7, "chat.workflow_resumed", {"batch_id": "b", "children": [], "completed": 2, "total": 2}),
        )
    )
    assert [(each.request_id, each.kind, each.outcome, each.duration_ms) for each in found.waits] == [
        ("b", "children", "resumed", 7000)
    ]


def test_an_error_stands_where_it_happened() -> None:
    error = {"code": "HOOK_FAILED", "severity": "warning"}
    found = trace_of(
        log((0, "chat.error", error), (1, "chat.select_speaker", {"agent": "Host"}), (2, "chat.error", error))
    )
    assert [each.seq for each in found.errors] == [1]
    assert [each.seq for each in found.turns[0].errors] == [3]


def test_the_end_of_a_run_whose_beginning_is_not_told_is_told() -> None:
    (run,) = trace_of(log((0, "chat.run_complete", end(3, "cancelled")))).runs
    assert (run.run_no, run.started_at, run.status) == (3, None, "cancelled")
