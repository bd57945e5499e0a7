"""The engine's slices in this process, on a real database, with a clock at the way out."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

from benchmarks.talk import APP, USER
from mozaiks.access.principal import Principal
from mozaiks.bootstrap import Parts
from mozaiks.chats.events import Event
from mozaiks.chats.greeting import facts_of
from mozaiks.chats.states import Chat
from mozaiks.engine.ports import Sender
from mozaiks.engine.slice import SliceRunner
from mozaiks.manifests import InstalledWorkflow

__all__ = ["EngineSlices"]


class EngineSlices:
    """Runs a claimed chat's slice as the orchestrate function would, without Lambda and Step Functions around it.

    Make it within the loop that will run it.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._deltas: list[float] = []
        made = parts.slices()
        self._slices: SliceRunner = dataclasses.replace(made, open_sender=self._timed(made))

    def _timed(self, made: SliceRunner) -> Any:
        @contextlib.asynccontextmanager
        async def opened(chat: Chat) -> AsyncIterator[Sender]:
            async with made.open_sender(chat) as sender:
                yield _Clock(sender, self)

        return opened

    def heard(self) -> None:
        self._deltas.append(time.perf_counter())

    async def play(self, workflow: InstalledWorkflow, text: str) -> tuple[float, float]:
        """Run one chat's first run; seconds to its first delta, and to its end, everything stored.

        Raises
        ------
        RuntimeError
            If the run did not end in a pause, in one slice.
        """
        principal = Principal(APP, USER)
        facts = facts_of(workflow.spec)
        chat = self._parts.service.start(principal, facts, initial_message=text, force_new=True).chat
        self._deltas = []
        began = time.perf_counter()
        outcome = await self._slices.run(APP, chat.chat_id, chat.run_no, lambda: 300.0)
        whole = time.perf_counter() - began
        if outcome["outcome"] != "waiting" or not self._deltas:
            raise RuntimeError(f"a benchmark's slice did not end as it should: {outcome}")
        return self._deltas[0] - began, whole

    async def close(self) -> None:
        await self._slices.models.close()


class _Clock:
    """A sender that notes the first delta on its way to the real one."""

    def __init__(self, sender: Sender, slices: EngineSlices) -> None:
        self._sender = sender
        self._slices = slices

    def publish(self, events: Iterable[Event]) -> None:
        self._sender.publish(events)

    def delta(self, agent: str, message_id: str, offset: int, content: str) -> None:
        self._slices.heard()
        self._sender.delta(agent, message_id, offset, content)

    def show(self, agent: str | None, frame: dict[str, Any]) -> None:
        self._sender.show(agent, frame)
