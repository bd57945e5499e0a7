"""What journeys need of the outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from mozaiks.access.principal import Tenant
from mozaiks.chats.positions import Position
from mozaiks.journeys.states import Journey, Member
from mozaiks.push.connections import Connection

__all__ = ["JourneyConnections", "JourneyStarter", "Journeys", "UnfinishedJourneys"]


class Journeys(Protocol):
    """Runs of journeys."""

    def create(self, journey: Journey) -> Journey:
        """Store a new run; the one that is there, if its ``client_request_id`` made one before."""
        ...

    def get(self, tenant: Tenant, journey_run_id: str) -> Journey:
        """The run; ``JOURNEY_NOT_FOUND`` if this tenant has none of this id."""
        ...

    def started_by(self, tenant: Tenant, journey_id: str, client_request_id: str) -> Journey | None: ...

    def page(self, tenant: Tenant, limit: int, before: Position | None) -> Sequence[Journey]:
        """The newest first, those beyond ``before``, whose id is that of a run here."""
        ...

    def unended(self, tenant: Tenant, after: str, limit: int) -> Sequence[Journey]:
        """Runs that have not ended, by id, beyond ``after``."""
        ...

    def change(self, tenant: Tenant, journey_run_id: str, decide: Callable[[Journey], Journey]) -> tuple[Journey, bool]:
        """Store what ``decide`` makes of the run, which may be asked again after a conflict.

        Returns
        -------
        tuple
            The run as it is now, and whether this call changed it.
        """
        ...

    def set_member(self, tenant: Tenant, journey_run_id: str, place: int, member: Member) -> Journey | None:
        """Store a member whose chat has not ended yet; the run as it is now. ``None``: it had, or has another chat.

        Members that end in the same moment are stored side by side, without a conflict.
        """
        ...


class UnfinishedJourneys(Protocol):
    def lost_executions(self, before: datetime, limit: int) -> Sequence[Journey]:
        """Runs of any app, of which a step of the execution is due since a moment before ``before``."""
        ...

    def half_stopped(self, before: datetime, limit: int) -> Sequence[Journey]:
        """Runs of any app that were cancelled before a moment, not all of whose chats were told."""
        ...


class JourneyStarter(Protocol):
    def start(self, journey: Journey) -> None:
        """Start the run's current execution, once however often it is asked. ``RUN_START_FAILED`` if that fails."""
        ...


class JourneyConnections(Protocol):
    def of_chats(self, tenant: Tenant, chat_ids: Sequence[str], now: datetime) -> Sequence[Connection]:
        """The connections that hear of at least one of the chats."""
        ...

    def carry_all_along(self, tenant: Tenant, chat_ids: Sequence[str], next_chat_ids: Sequence[str]) -> int:
        """Let every connection that hears of one of ``chat_ids`` hear of all ``next_chat_ids``; how many did not."""
        ...
