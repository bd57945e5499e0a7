"""What happened in a chat and how long it took, for a holder of the scope ``trace``."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from mozaiks.chats.states import ChatStatus
from mozaiks.chats.trace import NOT_KNOWN, TracedError, TracedRun, TracedTurn, Wait, trace_of
from mozaiks.usage.slices import TracedSlice, within
from mozaiks.web.bearer import Bearer
from mozaiks.web.caller import Caller
from mozaiks.web.ids import ChatId, WorkflowName
from mozaiks.web.runtime import Api

__all__ = ["routes"]

_EVENTS: Final = 1000
_EXECUTIONS: Final = 500

routes = APIRouter(prefix="/api/chats", tags=["chats"])


class ChatTrace(BaseModel):
    """Runs, slices, turns, calls and waits, agents that users do not see included. What was said is in the events."""

    chat_id: str
    workflow_name: str
    status: ChatStatus
    runs: list[TracedRun]
    slices: list[TracedSlice] = Field(description="Those that began in the time of this part.")
    turns: list[TracedTurn]
    waits: list[Wait]
    errors: list[TracedError] = Field(description="Those outside a turn.")
    not_known: list[str] = Field(description="What is not kept.", examples=[list(NOT_KNOWN)])
    next_after: int = Field(description="`after` of the next request.")
    has_more: bool = Field(description="Whether more is stored beyond this part.")


@routes.get("/{app_id}/{workflow_name}/{chat_id}/trace")
async def chat_trace(
    caller: Caller,
    token: Bearer,
    workflow_name: WorkflowName,
    chat_id: ChatId,
    api: Api,
    after: Annotated[int, Query(ge=0, le=2**53, description="Read the log from behind this `seq`.")] = 0,
    limit: Annotated[int, Query(ge=1, le=_EVENTS, description="Events to read.")] = _EVENTS,
) -> ChatTrace:
    """How the chat went: turns with their model calls and tools, runs and slices, how long its user was waited for.

    It is read from a part of the log, the slices from the ledger of runs; what began before that part is not in it.
    """
    if token is not None:
        token.require("trace")
    chat = api.chat(caller, workflow_name, chat_id)
    events = api.service.log_part(caller, chat_id, after, limit + 1)
    read = events[:limit]
    found = trace_of(read)
    since = read[0].at if after and read else None
    until = events[limit].at if len(events) > limit else None
    # A part that says nothing new has no time of its own: its slices were told with the part before.
    slices = api.slices.of_chat(caller.tenant, chat_id, since, _EXECUTIONS) if read else []
    return ChatTrace(
        chat_id=chat_id,
        workflow_name=chat.workflow_name,
        status=chat.status,
        runs=found.runs,
        slices=within(slices, since, until),
        turns=found.turns,
        waits=found.waits,
        errors=found.errors,
        not_known=list(NOT_KNOWN),
        next_after=read[-1].seq if read else after,
        has_more=len(events) > limit,
    )
