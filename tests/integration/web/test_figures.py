"""Figures over chats are what the database counts, whichever worker is asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from mozaiks.access.principal import Tenant
from mozaiks.bootstrap import Parts
from mozaiks.chats.changes import Change
from mozaiks.chats.events import NewEvent
from mozaiks.chats.states import ChatStatus
from mozaiks.usage.calls import CallUsage, added
from mozaiks.web import figures
from mozaiks.web.app import create_app

from .conftest import MakeParts, Start

Happened = Callable[..., None]

ZERO = dict.fromkeys(
    ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "total_tokens", "model_calls"), 0
)
SPENT = {
    **ZERO,
    "prompt_tokens": 10,
    "completion_tokens": 4,
    "cached_tokens": 2,
    "reasoning_tokens": 3,
    "total_tokens": 14,
    "model_calls": 1,
}


@pytest.fixture
def happened(parts: Parts) -> Happened:
    """Stores what a run leaves: turns, calls of tools, an error, and its end."""

    def store(chat_id: str, *durations: int, status: str = "completed", app: str = "acme") -> None:
        for run_no, duration_ms in enumerate(durations, start=1):
            ended: dict[str, Any] = {
                "result": None, "status": status, "turns": 1, "usage": SPENT, "duration_ms": duration_ms,
                "run_no": run_no,
            }  # fmt: skip
            events = (
                NewEvent("chat.select_speaker", {"agent": "Host"}, agent="Host"),
                NewEvent("chat.tool_call", {"tool_name": "t"}, agent="Host"),
                NewEvent("chat.error", {"code": "HOOK_FAILED"}),
                NewEvent("chat.run_complete", ended),
            )
            spent = {key: value * run_no for key, value in SPENT.items()}
            change = Change({"status": ChatStatus(status), "run_no": run_no, "usage": spent}, events)  # type: ignore[typeddict-item]
            parts.chats.transact(Tenant(app), chat_id, lambda _chat, change=change: change)

    return store


def read(api: TestClient, path: str, **query: Any) -> Any:
    answer = api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_run_that_is_going_is_listed(api: TestClient, start: Start) -> None:
    start()
    running = start(initial_message="Hello")["chat_id"]
    found = read(api, "/health/active-runs", app_id="acme")
    assert found["active_runs"] == 1
    (run,) = found["runs"]
    assert (run["chat_id"], run["run_no"], run["started"], run["in_hand"]) == (running, 1, False, False)


def test_an_aggregate_is_of_all_runs_that_ended(api: TestClient, start: Start, happened: Happened) -> None:
    happened(start(force_new=True)["chat_id"], 100, 300)
    happened(start(force_new=True)["chat_id"], 200, status="failed")
    found = read(api, "/metrics/perf/aggregate", app_id="acme")
    assert (found["chats_opened"], found["chats_by_status"]) == (2, {"completed": 1, "failed": 1})
    assert found["runs"] == {
        "count": 3,
        "by_status": {"completed": 2, "failed": 1},
        "turns": 3,
        "duration_ms": {"mean": 200.0, "p50": 200, "p95": 300, "max": 300},
        "usage": {key: value * 3 for key, value in SPENT.items()},
    }
    assert (found["tool_calls"], found["errors"], found["truncated"]) == (3, 3, False)


def test_an_app_without_chats_has_figures_of_nothing(api: TestClient) -> None:
    found = read(api, "/metrics/perf/aggregate", app_id="nobodys")
    assert (found["chats_opened"], found["active_runs"], found["runs"]["count"]) == (0, 0, 0)
    assert found["runs"]["duration_ms"] == {"mean": None, "p50": None, "p95": None, "max": None}
    assert found["runs"]["usage"] == ZERO


def test_what_is_older_than_the_hours_asked_for_is_left_out(
    api: TestClient, parts: Parts, start: Start, happened: Happened
) -> None:
    chat_id = start()["chat_id"]
    happened(chat_id, 100)
    before = parts.service.clock() - timedelta(hours=3)
    parts.database["chat_events"].update_many({}, {"$set": {"at": before}})
    parts.database["chat_sessions"].update_many({}, {"$set": {"created_at": before}})
    assert read(api, "/metrics/perf/aggregate", app_id="acme", hours=2)["runs"]["count"] == 0
    assert read(api, "/metrics/perf/aggregate", app_id="acme", hours=4)["runs"]["count"] == 1


def test_an_aggregate_of_too_many_runs_says_so(
    api: TestClient, start: Start, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "MAX_RUNS", 2)
    happened(start()["chat_id"], 100, 200, 300)
    found = read(api, "/metrics/perf/aggregate", app_id="acme")
    assert (found["runs"]["count"], found["truncated"]) == (2, True)


def test_another_process_counts_the_same(
    api: TestClient, make_parts: MakeParts, start: Start, happened: Happened
) -> None:
    happened(start()["chat_id"], 100)
    other = make_parts()
    one, two = (read(each, "/metrics/perf/aggregate", app_id="acme") for each in (api, TestClient(create_app(other))))
    times = {"since", "until"}
    assert {key: one[key] for key in one.keys() - times} == {key: two[key] for key in two.keys() - times}
    other.database.client.close()


def test_chats_are_told_page_by_page_whatever_their_workflow(api: TestClient, start: Start, happened: Happened) -> None:
    started = [start(force_new=True)["chat_id"], start("Speaker")["chat_id"], start(force_new=True)["chat_id"]]
    happened(started[0], 100)
    first = read(api, "/metrics/perf/chats", app_id="acme", limit=2)
    second = read(api, "/metrics/perf/chats", app_id="acme", limit=2, before=first["next_before"])
    told = first["chats"] + second["chats"]
    assert [each["chat_id"] for each in told] == started[::-1]
    assert second["next_before"] is None
    assert [each["agent_turns"] for each in told] == [0, 0, 1]


@pytest.mark.parametrize("path", ["/metrics/perf/chats/{}", "/metrics/perf/chat/{}"])
def test_a_chat_is_told_alone(api: TestClient, start: Start, happened: Happened, path: str) -> None:
    chat_id = start()["chat_id"]
    happened(chat_id, 100, 300)
    found = read(api, path.format(chat_id), app_id="acme")
    assert (found["status"], found["run_no"], found["usage"]) == (
        "completed", 2, {key: value * 2 for key, value in SPENT.items()},
    )  # fmt: skip
    assert (found["agent_turns"], found["tool_calls"], found["errors"]) == (2, 2, 2)
    assert (found["runs"]["count"], found["runs"]["duration_ms"]["max"]) == (2, 300)


@pytest.mark.parametrize("app", ["other", "acme"])
def test_a_chat_of_another_app_is_as_one_that_is_missing(api: TestClient, start: Start, app: str) -> None:
    chat_id = start()["chat_id"] if app == "other" else "c" * 32
    answer = api.get(f"/metrics/perf/chats/{chat_id}", params={"app_id": app})
    assert (answer.status_code, answer.json()["code"]) == (404, "CHAT_NOT_FOUND")


def test_where_no_token_names_an_app_all_are_told(api: TestClient, start: Start, happened: Happened) -> None:
    happened(start()["chat_id"], 100)
    happened(start(app="other")["chat_id"], 200, app="other")
    found = read(api, "/metrics/perf/aggregate")
    assert (found["apps"], found["runs"]["count"]) == (["acme", "other"], 2)
    assert {each["app_id"] for each in read(api, "/metrics/perf/chats")["chats"]} == {"acme", "other"}


def test_prometheus_reads_what_is_stored(api: TestClient, start: Start, happened: Happened) -> None:
    happened(start()["chat_id"], 100, 300)
    start("Speaker")
    answer = api.get("/metrics/prometheus", params={"app_id": "acme"})
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert 'mozaiks_chats{app_id="acme",workflow="Greeter",status="completed"} 1' in lines
    assert 'mozaiks_chats{app_id="acme",workflow="Speaker",status="created"} 1' in lines
    assert 'mozaiks_runs_total{app_id="acme",workflow="Greeter"} 2' in lines
    assert 'mozaiks_tokens_total{app_id="acme",workflow="Greeter",kind="prompt"} 20' in lines
    assert 'mozaiks_recent_runs{app_id="acme",status="completed"} 2' in lines
    assert 'mozaiks_recent_run_seconds{app_id="acme",quantile="1"} 0.3' in lines
    for line in lines:
        name = line.removeprefix("# HELP ").removeprefix("# TYPE ").split("{")[0].split(" ")[0]
        assert f"# TYPE {name} " in answer.text, "each sample has its type"


def test_figures_hold_nothing_of_what_was_said(api: TestClient, start: Start) -> None:
    chat_id = start(initial_message="a secret of Ann's")["chat_id"]
    for path in ("/health/active-runs", "/metrics/perf/chats", f"/metrics/perf/chats/{chat_id}", "/metrics/prometheus"):
        assert "secret" not in api.get(path).text


def test_a_chat_is_told_with_what_it_and_those_it_spawned_cost(api: TestClient, parts: Parts, start: Start) -> None:
    chat_id = start()["chat_id"]
    calls = [CallUsage("Host", "m", 10, 4, 2, 1, 14, 7), CallUsage("Host", "odd", 1, 1, 0, 0, 2, None)]
    parts.chats.transact(Tenant("acme"), chat_id, lambda _: Change({"run_no": 1}, usage=tuple(added([], calls))))
    found = read(api, f"/metrics/perf/chats/{chat_id}", app_id="acme")
    assert found["cost"] == {"usd": None, "priced_usd": 7e-9, "unpriced_models": ["odd"]}
    assert (found["family"]["model_calls"], found["family"]["cost"]["usd"]) == (2, None)
    assert (found["journey_run_id"], found["journey"]) == (None, None)


def test_costs_stand_among_the_metrics_of_the_app_alone(api: TestClient, parts: Parts, start: Start) -> None:
    chat_id = start()["chat_id"]
    calls = [CallUsage("Host", "m", 10, 4, 2, 1, 14, 2_000_000_000), CallUsage("Host", "odd", 1, 1, 0, 0, 2, None)]
    parts.chats.transact(Tenant("acme"), chat_id, lambda _: Change({"run_no": 1}, usage=tuple(added([], calls))))
    text = api.get("/metrics/prometheus", params={"app_id": "acme"}).text
    assert 'mozaiks_cost_usd_total{app_id="acme"} 2.0' in text
    assert 'mozaiks_unpriced_model_calls_total{app_id="acme"} 1' in text
    assert 'mozaiks_cost_usd_total{app_id="acme"}' not in api.get("/metrics/prometheus", params={"app_id": "x"}).text
