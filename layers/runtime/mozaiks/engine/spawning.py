"""Lets a chat pause for children that its agent's output asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mozaiks.chats.batches import Batch
from mozaiks.chats.changes import ChatFields
from mozaiks.chats.events import NewEvent, error_event
from mozaiks.chats.requests import dismissals
from mozaiks.chats.states import Chat, ChatStatus
from mozaiks.children.decisions import CHILD_RESULTS, announce
from mozaiks.children.planning import plan
from mozaiks.children.results import results_of_skipped
from mozaiks.children.selection import selection_of
from mozaiks.engine.ports import Workflows
from mozaiks.engine.safe_point import SafePoint, Scribe
from mozaiks.errors import MozaiksError
from mozaiks.manifests.spec import TERMINATE, WorkflowSpec

__all__ = ["Spawner"]


@dataclass(frozen=True, slots=True)
class Spawner:
    """Plans children, and stores the plan with the turn that asked for them."""

    scribe: Scribe
    workflows: Workflows
    clock: Callable[[], datetime]
    run_over: Callable[[Chat, ChatStatus, str | None], list[NewEvent]]

    def planned(self, spec: WorkflowSpec, agent: str, output: dict[str, Any], point: SafePoint) -> Batch | None:
        """The children that ``output`` asks for; ``None`` if it asks for none. What is odd about it joins ``point``."""
        nested, chat = spec.nested_of(agent), self.scribe.chat
        selection = None if nested is None else selection_of(output)
        if nested is None or selection is None:
            return None
        batch = plan(
            chat,
            spec,
            nested,
            selection,
            turn_no=self.scribe.state.turns,
            declared=lambda name: self.workflows.get(name).spec.name,
            now=self.clock(),
        )
        if selection.resume_agent not in (None, batch.resume_agent):
            error = MozaiksError(
                "VALIDATION",
                f"{spec.name} has no agent {selection.resume_agent!r:.80}, where its children's results were to go",
                field="resume_agent",
            )
            point.events.append(error_event(error, "warning"))
        return batch

    def resume_without(self, batch: Batch, following: str | None, point: SafePoint) -> str | None:
        """Who goes on where every child was refused, with the reasons in its context."""
        state = self.scribe.state
        point.events.append(announce(replace(batch, state="joined")))
        state.context[CHILD_RESULTS] = results_of_skipped(batch)
        state.results_for = batch.resume_agent or state.last_speaker
        return batch.resume_agent or following

    async def pause(self, batch: Batch, following: str | None, point: SafePoint) -> Chat:
        """Store ``point``, and let the chat wait for the batch; or go on without it, where the user interrupted.

        Parameters
        ----------
        following
            Who would speak next without the children: an agent, ``user``, or ``None``, the chat would end.
        """
        state = self.scribe.state
        state.speaker = TERMINATE if following is None else following
        # Each child takes as much of the execution's history as a slice does.
        state.run_slices += len(batch.children)
        return await self._wait(batch, point)

    async def pause_again(self, batch: Batch, opening: list[NewEvent]) -> Chat:
        """Let a chat that is tried again wait for the children that were begun anew."""
        return await self._wait(batch, SafePoint(events=opening))

    async def _wait(self, batch: Batch, point: SafePoint) -> Chat:
        def finish(now: Chat) -> tuple[ChatFields, list[NewEvent]]:
            if now.cancel_requested:
                # There is no worker any more that could hear of it.
                ended: ChatFields = {"status": ChatStatus.CANCELLED, "waiting_for": None, "pending": (), "lease": None}
                put_away = dismissals(now.pending, "cancelled")
                return ended, [*put_away, *self.run_over(now, ChatStatus.CANCELLED, None)]
            if now.interrupt_requested:
                # What the user said is heard before children are begun that it may make needless.
                return {"interrupt_requested": False}, []
            fields: ChatFields = {
                "status": ChatStatus.WAITING,
                "waiting_for": "children",
                "lease": None,
                "interrupt_requested": False,
                "batch": batch,
            }
            return fields, [announce(batch)]

        return await self.scribe.write(point, finish)
