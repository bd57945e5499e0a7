"""A workflow's hooks and lifecycle tools as a slice runs them: what they change and what fails joins a safe point."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mozaiks.authoring import AbortRun
from mozaiks.chats.events import NewEvent, error_event
from mozaiks.engine.hooks import HookFailure, HookRunner, LifecycleTrigger, MomentHook, TextHook
from mozaiks.engine.safe_point import SafePoint, Scribe
from mozaiks.engine.variables import Variables
from mozaiks.errors import MozaiksError
from mozaiks.manifests.spec import WorkflowSpec

__all__ = ["WorkflowHooks"]


class WorkflowHooks:
    """The hooks of one chat's workflow. ``AbortRun`` becomes ``RUN_ABORTED``, which ends the run."""

    def __init__(self, spec: WorkflowSpec, folder: Path, scribe: Scribe, seconds: float) -> None:
        self.spec = spec
        self._scribe = scribe
        self._variables = Variables({})
        self._runner = HookRunner(spec, folder, self._values, timeout_seconds=seconds)

    @property
    def at_start(self) -> bool:
        """Whether anything runs when a chat begins."""
        return any(tool.trigger == "before_chat" for tool in self.spec.lifecycle_tools) or any(
            hook.event == "on_workflow_start" for hook in self.spec.hooks
        )

    def rewrites(self, agent: str) -> bool:
        """Whether what ``agent`` says is another text when users read it."""
        return any(
            hook.event == "process_message_before_send" and hook.agent in (None, agent) for hook in self.spec.hooks
        )

    async def fire(self, event: MomentHook, point: SafePoint, **facts: Any) -> None:
        """Run the hooks of a moment."""
        with self._joining(point, facts.get("from_agent")) as failures:
            failures += await self._runner.fire(event, **facts)

    async def lifecycle(self, trigger: LifecycleTrigger, agent: str | None, point: SafePoint) -> None:
        """Run the lifecycle tools of a moment."""
        with self._joining(point, agent) as failures:
            failures += await self._runner.lifecycle(trigger, agent)

    async def process(self, event: TextHook, agent: str, text: str, point: SafePoint) -> str:
        """``text`` as the hooks leave it."""
        with self._joining(point, agent) as failures:
            text, failed = await self._runner.process(event, agent, text)
            failures += failed
        return text

    async def agent_state(self, agent: str, prompt: str, point: SafePoint) -> str:
        """The system message of ``agent`` as the hooks leave it."""
        with self._joining(point, agent) as failures:
            prompt, failed = await self._runner.agent_state(agent, prompt)
            failures += failed
        return prompt

    async def on_error(self, point: SafePoint, error: MozaiksError) -> None:
        """Tell the hooks of a run that failed. It is over: an ``AbortRun`` says nothing new."""
        with contextlib.suppress(MozaiksError), self._joining(point) as failures:
            failures += await self._runner.fire("on_error", error=error.message, code=error.code)

    @contextlib.contextmanager
    def _joining(self, point: SafePoint, agent: str | None = None) -> Iterator[list[HookFailure]]:
        """Let what hooks change, and which of them fail, join ``point``, also when one of them ends the run.

        ``agent`` is the one they were about.
        """
        self._variables = Variables({**self._scribe.state.context, **point.context})
        failures: list[HookFailure] = []
        try:
            yield failures
        except AbortRun as abort:
            raise MozaiksError("RUN_ABORTED", abort.message) from abort
        finally:
            point.context.update(self._variables.changed)
            point.events += [_reported(failure, agent) for failure in failures]

    def _values(self) -> Mapping[str, Any]:
        chat = self._scribe.chat
        return {
            "context_variables": self._variables,
            "chat_id": chat.chat_id,
            "app_id": chat.app_id,
            "user_id": chat.user_id,
            "workflow_name": chat.workflow_name,
        }


def _reported(failure: HookFailure, agent: str | None) -> NewEvent:
    words = MozaiksError(failure.code, failure.message, hook=failure.hook, function=failure.function)
    return error_event(words, "warning", agent=agent)
