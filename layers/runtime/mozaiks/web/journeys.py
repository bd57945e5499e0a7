"""Journeys: start, list, look at, try again, cancel."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from mozaiks.chats.positions import Position, cursor_of, position_of
from mozaiks.journeys.states import Journey
from mozaiks.web.addresses import socket_address
from mozaiks.web.caller import Caller
from mozaiks.web.ids import Cursor, JourneyName, JourneyRunId
from mozaiks.web.journey_models import (
    JourneyChat,
    JourneyPage,
    JourneyRun,
    JourneySummary,
    OwnJourney,
    StartedJourneyRun,
    StartJourney,
)
from mozaiks.web.runtime import Api, Runtime

__all__ = ["routes"]

routes = APIRouter(prefix="/api/journeys", tags=["journeys"])


@routes.post("/{app_id}/{journey_id}/start")
async def start_journey(body: StartJourney, caller: Caller, journey_id: JourneyName, api: Api) -> StartedJourneyRun:
    """Start a journey of the pack. The chats of its first group are there at once; the others open by themselves."""
    # Before anything is stored: a chat nobody can connect to is of no use.
    socket_url = api.socket_url
    started = api.journeys.start(
        caller, journey_id, client_request_id=body.client_request_id, initial_message=body.initial_message
    )
    journey = started.journey
    return StartedJourneyRun(
        journey_run_id=journey.journey_run_id,
        journey_id=journey.journey_id,
        app_id=journey.app_id,
        user_id=journey.user_id,
        status=journey.status,
        chat_id=started.lead.chat_id,
        websocket_url=socket_address(socket_url, started.lead),
        chats=[
            JourneyChat(
                workflow_name=chat.workflow_name,
                chat_id=chat.chat_id,
                websocket_url=socket_address(socket_url, chat),
                cache_seed=chat.cache_seed,
            )
            for chat in started.chats
        ],
        reused=started.reused,
    )


@routes.get("/{app_id}")
async def list_journeys(
    caller: Caller, api: Api, limit: Annotated[int, Query(ge=1, le=100)] = 20, before: Cursor = None
) -> JourneyPage:
    """The caller's runs of journeys, the newest first."""
    found = api.journeys.page(caller, limit + 1, None if before is None else position_of(before))
    page = found[:limit]
    return JourneyPage(
        journeys=[JourneySummary.of(journey) for journey in page],
        next_before=_cursor(page[-1]) if len(found) > limit else None,
    )


@routes.get("/{app_id}/{journey_run_id}")
async def show_journey(caller: Caller, journey_run_id: JourneyRunId, api: Api) -> JourneyRun:
    """A run with its groups, their members, the chats of these and how they stand."""
    return _shown(api, api.journeys.get(caller, journey_run_id))


@routes.post("/{app_id}/{journey_run_id}/retry", status_code=202)
async def retry_journey(
    caller: Caller, journey_run_id: JourneyRunId, api: Api, _body: OwnJourney | None = None
) -> JourneyRun:
    """Take up again the members that did not complete, and no others; then the journey goes on."""
    return _shown(api, api.journeys.retry(caller, journey_run_id))


@routes.post("/{app_id}/{journey_run_id}/cancel")
async def cancel_journey(
    caller: Caller, journey_run_id: JourneyRunId, api: Api, _body: OwnJourney | None = None
) -> JourneyRun:
    """End a run and all its chats. Safe to repeat."""
    return _shown(api, api.journeys.cancel(caller, journey_run_id))


def _shown(api: Runtime, journey: Journey) -> JourneyRun:
    return JourneyRun.with_chats(journey, api.journeys.chats_of(journey))


def _cursor(journey: Journey) -> str:
    return cursor_of(Position(journey.created_at, journey.journey_run_id))
