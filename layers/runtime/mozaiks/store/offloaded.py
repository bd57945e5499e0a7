"""The store for a program with an event loop: the same synchronous code, in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from mozaiks.access.principal import Tenant
from mozaiks.chats.changes import Applied, Decide
from mozaiks.chats.events import Event
from mozaiks.chats.states import Chat, Lease
from mozaiks.store.chats import MongoChats
from mozaiks.store.events import MongoEventLog
from mozaiks.store.histories import MongoHistories
from mozaiks.store.references import MongoReferences
from mozaiks.store.tool_results import MongoToolResults

__all__ = ["OffloadedReferences", "OffloadedStore"]

T = TypeVar("T")


class OffloadedReferences:
    """The database of ``data_reference`` variables, off the loop."""

    def __init__(self, references: MongoReferences) -> None:
        self._references = references

    async def documents(
        self, tenant: Tenant, collection: str, query: Mapping[str, Any], fields: tuple[str, ...], limit: int
    ) -> list[dict[str, Any]]:
        return await asyncio.to_thread(self._references.documents, tenant, collection, query, fields, limit)


class OffloadedStore:
    """What a slice needs of the store, without blocking the loop that streams.

    One implementation of the store serves the synchronous handlers and this one; a hop to a thread costs a tenth of a
    millisecond, next to a write that waits for the journal.
    """

    def __init__(
        self, chats: MongoChats, events: MongoEventLog, histories: MongoHistories, results: MongoToolResults
    ) -> None:
        self._chats = chats
        self._events = events
        self._histories = histories
        self._results = results
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="store")

    async def acquire(self, tenant: Tenant, chat_id: str, run_no: int, lease: Lease, now: datetime) -> Chat | None:
        return await self._run(lambda: self._chats.acquire(tenant, chat_id, run_no, lease, now))

    async def renew(self, tenant: Tenant, chat_id: str, lease: Lease) -> Chat | None:
        return await self._run(lambda: self._chats.renew(tenant, chat_id, lease))

    async def get(self, tenant: Tenant, chat_id: str) -> Chat:
        return await self._run(lambda: self._chats.get(tenant, chat_id))

    async def transact(self, tenant: Tenant, chat_id: str, decide: Decide) -> Applied:
        return await self._run(lambda: self._chats.transact(tenant, chat_id, decide))

    async def newest_texts(self, tenant: Tenant, chat_id: str, seq: int, limit: int) -> Sequence[Event]:
        return await self._run(lambda: self._events.newest_texts(tenant, chat_id, seq, limit))

    async def history(self, tenant: Tenant, chat_id: str, agent: str, limit: int) -> list[dict[str, Any]]:
        return await self._run(lambda: self._histories.read(tenant, chat_id, agent, limit))

    async def tool_results(self, tenant: Tenant, chat_id: str, call_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        return await self._run(lambda: self._results.read(tenant, chat_id, call_ids))

    async def keep_result(
        self, tenant: Tenant, chat_id: str, call_id: str, tool_name: str, result: dict[str, Any], at: datetime
    ) -> dict[str, Any]:
        return await self._run(lambda: self._results.keep(tenant, chat_id, call_id, tool_name, result, at))

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)
