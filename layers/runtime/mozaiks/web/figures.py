"""How chats fare: what runs now, and what the database can count. Nothing is counted in a worker's memory."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse

from mozaiks.chats.positions import Position, cursor_of, position_of
from mozaiks.errors import MozaiksError
from mozaiks.usage.calls import together
from mozaiks.usage.exposition import CONTENT_TYPE, exposition
from mozaiks.usage.figures import EndedRun, run_figures
from mozaiks.web.figure_models import (
    COUNTED,
    ERROR,
    TOOL_CALL,
    ActiveRunEntry,
    ActiveRuns,
    Aggregate,
    ChatCost,
    ChatPerformance,
    ChatPerformancePage,
    Cost,
    RunStatistics,
)
from mozaiks.web.ids import ChatId, Cursor
from mozaiks.web.overseer import Overseen
from mozaiks.web.runtime import Api

__all__ = ["routes"]

MAX_RUNS: Final = 10_000
"""Runs of one app that an aggregate looks at."""
LISTED_RUNS: Final = 100
RECENT: Final = timedelta(hours=1)

routes = APIRouter(tags=["metrics"])


@routes.get("/health/active-runs")
async def active_runs(tenants: Overseen, api: Api) -> ActiveRuns:
    """Runs that are going now."""
    now = api.service.clock()
    runs = [run for tenant in tenants for run in api.figures.active(tenant, now, LISTED_RUNS)]
    runs.sort(key=lambda run: (run.claimed_at is None, run.claimed_at, run.chat_id))
    return ActiveRuns(
        active_runs=sum(api.figures.running(tenant) for tenant in tenants),
        runs=[ActiveRunEntry.of(run) for run in runs[:LISTED_RUNS]],
    )


@routes.get("/metrics/perf/aggregate")
async def aggregate(
    tenants: Overseen,
    api: Api,
    hours: Annotated[int, Query(ge=1, le=720, description="So many hours back from now.")] = 24,
) -> Aggregate:
    """How the chats of the app fared in the last hours."""
    until = api.service.clock()
    since = until - timedelta(hours=hours)
    by_status: dict[str, int] = {}
    runs: list[EndedRun] = []
    tool_calls, errors, truncated = 0, 0, False
    for tenant in tenants:
        for status, count in api.figures.opened(tenant, since).items():
            by_status[status] = by_status.get(status, 0) + count
        ended = api.figures.runs(tenant, since, MAX_RUNS + 1)
        truncated = truncated or len(ended) > MAX_RUNS
        chat_ids = list(dict.fromkeys(run.chat_id for run in ended[:MAX_RUNS]))
        for counts in api.figures.counts(tenant, chat_ids, (TOOL_CALL, ERROR), since).values():
            tool_calls += counts.get(TOOL_CALL, 0)
            errors += counts.get(ERROR, 0)
        runs += ended[:MAX_RUNS]
    return Aggregate(
        apps=[tenant.app_id for tenant in tenants],
        since=since,
        until=until,
        chats_opened=sum(by_status.values()),
        chats_by_status=dict(sorted(by_status.items())),
        active_runs=sum(api.figures.running(tenant) for tenant in tenants),
        runs=RunStatistics.of(run_figures(runs)),
        cost=Cost.of(together([api.spending.since(tenant, since) for tenant in tenants])),
        tool_calls=tool_calls,
        errors=errors,
        truncated=truncated,
    )


@routes.get("/metrics/perf/chats")
async def chat_performances(
    tenants: Overseen, api: Api, limit: Annotated[int, Query(ge=1, le=100)] = 20, before: Cursor = None
) -> ChatPerformancePage:
    """How each chat of the app fared, the newest first."""
    position = None if before is None else position_of(before)
    found = [chat for tenant in tenants for chat in api.figures.chats(tenant, COUNTED, limit + 1, position)]
    found.sort(key=lambda chat: (chat.created_at, chat.chat_id), reverse=True)
    page = found[:limit]
    return ChatPerformancePage(
        chats=[ChatPerformance.of(chat) for chat in page],
        next_before=cursor_of(Position(page[-1].created_at, page[-1].chat_id)) if len(found) > limit else None,
    )


@routes.get("/metrics/perf/chat/{chat_id}", include_in_schema=False)
@routes.get("/metrics/perf/chats/{chat_id}")
async def chat_performance(tenants: Overseen, chat_id: ChatId, api: Api) -> ChatCost:
    """How one chat fared, and what it, those it spawned and its journey cost."""
    for tenant in tenants:
        try:
            found = api.figures.chat(tenant, chat_id, COUNTED)
            return ChatCost.with_cost(found, api.spending.around(tenant, chat_id))
        except MozaiksError as error:
            if error.code != "CHAT_NOT_FOUND":
                raise
    raise MozaiksError("CHAT_NOT_FOUND", f"there is no chat {chat_id!r}")


@routes.get("/metrics/prometheus", response_class=PlainTextResponse)
async def prometheus(tenants: Overseen, api: Api) -> PlainTextResponse:
    """The app's figures in Prometheus's text format. Counters are of all chats that are stored."""
    since = api.service.clock() - RECENT
    totals = [each for tenant in tenants for each in api.figures.totals(tenant)]
    recent = {tenant.app_id: api.figures.runs(tenant, since, MAX_RUNS) for tenant in tenants}
    spent = {tenant.app_id: api.spending.of_app(tenant) for tenant in tenants}
    return PlainTextResponse(exposition(totals, recent, spent), media_type=CONTENT_TYPE)
