"""Bodies and answers of the journey routes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from mozaiks.chats.states import Chat, ChatStatus, WaitingFor
from mozaiks.journeys.states import Journey, JourneyStatus, Member, MemberStatus
from mozaiks.web.chat_models import Text
from mozaiks.web.ids import BodyUserId, ClientRequestId

__all__ = [
    "JourneyChat",
    "JourneyPage",
    "JourneyRun",
    "JourneySummary",
    "OwnJourney",
    "StartJourney",
    "StartedJourneyRun",
]

_RUN_ID = "5f0c6a5d2b8e4a1f9c3d7e6b1a2f4c8d"


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class StartJourney(_Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"user_id": "ann", "client_request_id": "2f1a7c1e"}]})

    user_id: BodyUserId = Field(description="Whose journey it is.")
    client_request_id: Annotated[ClientRequestId | None, Field(description="The same id gets the same run.")] = None
    initial_message: Annotated[Text | None, Field(description="What the first chat begins with.")] = None


class OwnJourney(_Body):
    """The body of what is done to a run; it may be left away where a token names the user."""

    user_id: BodyUserId | None = None


class JourneyChat(BaseModel):
    workflow_name: str
    chat_id: str = Field(examples=[f"{_RUN_ID}-g0m0"])
    websocket_url: str = Field(description="Where to open the chat's socket.")
    cache_seed: int


class StartedJourneyRun(BaseModel):
    success: Literal[True] = True
    journey_run_id: str = Field(examples=[_RUN_ID])
    journey_id: str = Field(examples=["build"])
    app_id: str
    user_id: str
    status: JourneyStatus
    chat_id: str = Field(description="The chat to go to first.")
    websocket_url: str = Field(description="Where to open that chat's socket. It is carried along to the next chats.")
    chats: list[JourneyChat] = Field(description="All chats of the first group.")
    reused: bool = Field(description="Whether the run was there before this request.")


class JourneyMemberState(BaseModel):
    workflow_name: str
    chat_id: str | None = Field(description="Null before its chat is there, and where it could not be opened.")
    status: MemberStatus
    chat_status: ChatStatus | None = Field(description="The state of the chat now.")
    waiting_for: WaitingFor | None = Field(description="What the chat waits for, if it does.")
    attempt: int = Field(description="Which of its chats it is; one that was cancelled is replaced on a retry.")
    error: str | None = Field(description="Code of what kept its chat from being opened.")
    opened_at: datetime | None
    ended_at: datetime | None
    duration_ms: int | None = Field(description="From its opening to its end.")

    @classmethod
    def of(cls, member: Member, chat: Chat | None) -> JourneyMemberState:
        return cls(
            workflow_name=member.workflow_name,
            chat_id=None if chat is None else member.chat_id,
            status=member.status,
            chat_status=None if chat is None else chat.status,
            waiting_for=None if chat is None else chat.waiting_for,
            attempt=member.attempt,
            error=member.error,
            opened_at=member.opened_at,
            ended_at=member.ended_at,
            duration_ms=member.duration_ms,
        )


class JourneyGroup(BaseModel):
    group: int = Field(description="Its number, from 0.")
    members: list[JourneyMemberState] = Field(description="They run in parallel.")


class JourneySummary(BaseModel):
    """One line of a list of journeys' runs."""

    journey_run_id: str = Field(examples=[_RUN_ID])
    journey_id: str = Field(examples=["build"])
    app_id: str
    user_id: str
    status: JourneyStatus
    group: int = Field(description="The group that is open, from 0; the last one once all have completed.")
    completed: int = Field(description="Members that have completed.")
    total: int = Field(description="All members.")
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    duration_ms: int | None = Field(description="From its start to its end.")

    @classmethod
    def of(cls, journey: Journey) -> JourneySummary:
        ended = journey.ended_at
        return cls(
            journey_run_id=journey.journey_run_id,
            journey_id=journey.journey_id,
            app_id=journey.app_id,
            user_id=journey.user_id,
            status=journey.status,
            group=min(journey.group, journey.groups - 1),
            completed=sum(member.status is MemberStatus.COMPLETED for member in journey.members),
            total=len(journey.members),
            created_at=journey.created_at,
            updated_at=journey.updated_at,
            ended_at=ended,
            duration_ms=None if ended is None else int((ended - journey.created_at).total_seconds() * 1000),
        )


class JourneyRun(JourneySummary):
    """A run with its groups and their members."""

    groups: list[JourneyGroup]

    @classmethod
    def with_chats(cls, journey: Journey, chats: Mapping[str, Chat]) -> JourneyRun:
        groups = [
            JourneyGroup(
                group=number,
                members=[
                    JourneyMemberState.of(member, chats.get(member.chat_id)) for member in journey.members_of(number)
                ],
            )
            for number in range(journey.groups)
        ]
        return cls(**JourneySummary.of(journey).model_dump(), groups=groups)


class JourneyPage(BaseModel):
    """Runs, the newest first."""

    journeys: list[JourneySummary]
    next_before: str | None = Field(description="`before` of the next page; null on the last one.")
