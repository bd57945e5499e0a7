"""What figures are made of, and who counts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from mozaiks.access.principal import Tenant
from mozaiks.chats.positions import Position
from mozaiks.usage.calls import SpentAround, Sum
from mozaiks.usage.figures import ActiveRun, ChatFigures, EndedRun, Totals
from mozaiks.usage.slices import TracedSlice

__all__ = ["Figures", "Slices", "Spending"]


class Spending(Protocol):
    """What model calls have cost, as it is stored."""

    def of_chat(self, tenant: Tenant, chat_id: str) -> Sum:
        """The chat itself, without its children."""
        ...

    def of_family(self, tenant: Tenant, chat_id: str) -> Sum:
        """The chat and all whom it, its children and theirs have spawned."""
        ...

    def of_journey(self, tenant: Tenant, journey_run_id: str) -> Sum:
        """All chats of a journey's run with their families."""
        ...

    def around(self, tenant: Tenant, chat_id: str) -> SpentAround:
        """The chat, its family and its journey."""
        ...

    def since(self, tenant: Tenant, since: datetime) -> Sum:
        """Runs that ended since, of chats that are stored."""
        ...

    def of_app(self, tenant: Tenant) -> Sum:
        """All runs of the app since ever, those of chats that were erased too. It never becomes less."""
        ...

    def of_user(self, tenant: Tenant) -> Sum:
        """All chats of the tenant's user that are stored."""
        ...

    def of_day(self, tenant: Tenant, day: str) -> Sum:
        """The app's runs that began on a day, ``2026-01-31`` in UTC; those of chats that were erased, too."""
        ...


class Slices(Protocol):
    """The slices in which runs went, as far as they are kept."""

    def of_chat(self, tenant: Tenant, chat_id: str, since: datetime | None, limit: int) -> Sequence[TracedSlice]:
        """Slices of the newest ``limit`` executions of the chat's runs, without runs that were over before."""
        ...


class Figures(Protocol):
    """Counts and sums over the chats of a tenant."""

    def apps(self) -> Sequence[str]:
        """Every app that has chats; for a developer's machine, where no token names one."""
        ...

    def active(self, tenant: Tenant, now: datetime, limit: int) -> Sequence[ActiveRun]:
        """Runs that are going, those that were asked for first in front."""
        ...

    def running(self, tenant: Tenant) -> int:
        """How many runs are going."""
        ...

    def opened(self, tenant: Tenant, since: datetime) -> Mapping[str, int]:
        """How many chats were opened since, by the state they are in now."""
        ...

    def totals(self, tenant: Tenant) -> Sequence[Totals]:
        """All chats there are, by workflow and state."""
        ...

    def runs(self, tenant: Tenant, since: datetime, limit: int) -> Sequence[EndedRun]:
        """Runs that ended since, the newest first."""
        ...

    def counts(
        self, tenant: Tenant, chat_ids: Sequence[str], types: Sequence[str], since: datetime | None = None
    ) -> Mapping[str, Mapping[str, int]]:
        """How many events of each of the types the chats have, by chat."""
        ...

    def chats(
        self, tenant: Tenant, types: Sequence[str], limit: int, position: Position | None
    ) -> Sequence[ChatFigures]:
        """Chats of every workflow, the newest first, those beyond ``position``."""
        ...

    def chat(self, tenant: Tenant, chat_id: str, types: Sequence[str]) -> ChatFigures:
        """One chat; ``CHAT_NOT_FOUND`` if this tenant has none of this id."""
        ...
