"""What the routes say of how chats fare."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from mozaiks.chats.states import ChatStatus, WaitingFor
from mozaiks.usage.calls import SpentAround, Sum, usd
from mozaiks.usage.figures import ActiveRun, ChatFigures, Durations, RunFigures, run_figures
from mozaiks.web.chat_models import Usage

__all__ = [
    "COUNTED",
    "ActiveRunEntry",
    "ActiveRuns",
    "Aggregate",
    "ChatCost",
    "ChatPerformance",
    "ChatPerformancePage",
    "Cost",
    "RunStatistics",
]

TURN, TOOL_CALL, ERROR = "chat.select_speaker", "chat.tool_call", "chat.error"
COUNTED = (TURN, TOOL_CALL, ERROR)
"""Types of events that are counted."""


class Cost(BaseModel):
    """What model calls cost."""

    usd: float | None = Field(description="US dollars; null where the price of a call is not known.")
    priced_usd: float = Field(description="The part of it whose prices are known.")
    unpriced_models: list[str] = Field(description="The models without a known price.")

    @classmethod
    def of(cls, found: Sum) -> Cost:
        return cls(
            usd=found.cost_usd, priced_usd=usd(found.priced_nanousd), unpriced_models=list(found.unpriced_models)
        )


class Spent(BaseModel):
    """Model calls of several chats."""

    model_calls: int
    total_tokens: int
    cost: Cost

    @classmethod
    def of(cls, found: Sum) -> Spent:
        return cls(model_calls=found.model_calls, total_tokens=found.total_tokens, cost=Cost.of(found))


class ActiveRunEntry(BaseModel):
    app_id: str
    user_id: str
    workflow_name: str
    chat_id: str
    run_no: int
    since: datetime | None = Field(description="When what started the run was said.")
    started: bool = Field(description="False while its first slice is still waited for.")
    in_hand: bool = Field(description="Whether a worker holds it now; otherwise it is between two slices.")
    cancel_requested: bool

    @classmethod
    def of(cls, run: ActiveRun) -> ActiveRunEntry:
        return cls(
            app_id=run.app_id,
            user_id=run.user_id,
            workflow_name=run.workflow_name,
            chat_id=run.chat_id,
            run_no=run.run_no,
            since=run.claimed_at,
            started=run.started,
            in_hand=run.in_hand,
            cancel_requested=run.cancel_requested,
        )


class ActiveRuns(BaseModel):
    """Runs that are going. A chat that waits for its user has none."""

    active_runs: int = Field(description="All of them, also beyond those that are listed.", examples=[1])
    runs: list[ActiveRunEntry] = Field(description="Those that were asked for first in front.")


class DurationStatistics(BaseModel):
    """Milliseconds from the command that started a run to its end; null where there was no run."""

    mean: float | None
    p50: int | None
    p95: int | None
    max: int | None

    @classmethod
    def of(cls, found: Durations) -> DurationStatistics:
        return cls(mean=found.mean, p50=found.p50, p95=found.p95, max=found.max)


class RunStatistics(BaseModel):
    """Runs that are over."""

    count: int
    by_status: dict[str, int] = Field(description="`waiting`: the run ended where its user is asked.")
    turns: int
    duration_ms: DurationStatistics
    usage: Usage = Field(description="Tokens of these runs. Of a run that no worker could end, they are not known.")

    @classmethod
    def of(cls, found: RunFigures) -> RunStatistics:
        usage = {name: found.usage.get(name, 0) for name in Usage.model_fields}
        return cls(
            count=found.count,
            by_status=dict(found.by_status),
            turns=found.turns,
            duration_ms=DurationStatistics.of(found.duration_ms),
            usage=Usage(**usage),
        )


class Aggregate(BaseModel):
    """How the chats of one app, or of all, fared in the last hours."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "apps": ["acme"],
                    "since": "2026-01-01T00:00:00Z",
                    "until": "2026-01-02T00:00:00Z",
                    "chats_opened": 12,
                    "chats_by_status": {"completed": 9, "waiting": 3},
                    "active_runs": 0,
                    "runs": {
                        "count": 31,
                        "by_status": {"completed": 9, "waiting": 22},
                        "turns": 58,
                        "duration_ms": {"mean": 2410.5, "p50": 1980, "p95": 6120, "max": 9034},
                        "usage": {
                            "prompt_tokens": 40120,
                            "completion_tokens": 9120,
                            "cached_tokens": 0,
                            "reasoning_tokens": 0,
                            "total_tokens": 49240,
                            "model_calls": 77,
                        },
                    },
                    "cost": {"usd": 0.0412, "priced_usd": 0.0412, "unpriced_models": []},
                    "tool_calls": 19,
                    "errors": 0,
                    "truncated": False,
                }
            ]
        }
    )

    apps: list[str]
    since: datetime
    until: datetime
    chats_opened: int
    chats_by_status: dict[str, int] = Field(description="The chats opened in this time, by the state they are in now.")
    active_runs: int
    runs: RunStatistics = Field(description="Runs that ended in this time.")
    cost: Cost = Field(description="What the model calls of these runs cost, of all of them.")
    tool_calls: int = Field(description="Calls of tools in the chats of these runs, in this time.")
    errors: int = Field(description="`chat.error` events in them, warnings too.")
    truncated: bool = Field(description="More runs ended than are looked at: figures are of the newest ones.")


class ChatPerformance(BaseModel):
    """How one chat fared. Nothing of what was said in it."""

    app_id: str
    user_id: str
    workflow_name: str
    chat_id: str
    status: ChatStatus
    waiting_for: WaitingFor | None
    created_at: datetime
    updated_at: datetime
    run_no: int = Field(description="Number of its newest run.")
    agent_turns: int
    tool_calls: int
    errors: int
    usage: Usage
    runs: RunStatistics = Field(description="Its runs that are over, the newest ones where there are many.")

    @classmethod
    def of(cls, found: ChatFigures) -> ChatPerformance:
        return cls(
            app_id=found.app_id,
            user_id=found.user_id,
            workflow_name=found.workflow_name,
            chat_id=found.chat_id,
            status=ChatStatus(found.status),
            waiting_for=found.waiting_for,
            created_at=found.created_at,
            updated_at=found.updated_at,
            run_no=found.run_no,
            agent_turns=found.counts.get(TURN, 0),
            tool_calls=found.counts.get(TOOL_CALL, 0),
            errors=found.counts.get(ERROR, 0),
            usage=Usage(**{name: found.usage.get(name, 0) for name in Usage.model_fields}),
            runs=RunStatistics.of(run_figures(found.runs)),
        )


class ChatCost(ChatPerformance):
    """How one chat fared, and what it cost."""

    cost: Cost
    family: Spent = Field(description="The chat and all it spawned, and they.")
    journey_run_id: str | None = Field(description="The journey's run that it is part of, itself or its ancestor.")
    journey: Spent | None = Field(description="All chats of this journey's run, with their families.")

    @classmethod
    def with_cost(cls, found: ChatFigures, spent: SpentAround) -> ChatCost:
        return cls(
            **dict(ChatPerformance.of(found)),
            cost=Cost.of(spent.chat),
            family=Spent.of(spent.family),
            journey_run_id=spent.journey_run_id,
            journey=None if spent.journey is None else Spent.of(spent.journey),
        )


class ChatPerformancePage(BaseModel):
    chats: list[ChatPerformance]
    next_before: str | None = Field(description="`before` of the next page; null on the last one.")
