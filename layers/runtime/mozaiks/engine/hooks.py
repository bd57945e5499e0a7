"""Runs a workflow's hooks and lifecycle tools. A failing one is reported; only ``AbortRun`` ends the run."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from mozaiks.authoring import AbortRun
from mozaiks.engine.calling import run
from mozaiks.engine.functions import load_function
from mozaiks.engine.variables import Variables
from mozaiks.errors import MozaiksError
from mozaiks.manifests.spec import FunctionRef, WorkflowSpec

__all__ = ["HookFailure", "HookRunner", "LifecycleTrigger", "MomentHook", "TextHook"]

log = logging.getLogger("mozaiks.engine")

MomentHook = Literal["on_workflow_start", "on_workflow_complete", "on_agent_handoff", "on_error"]
TextHook = Literal["process_message_before_send", "process_last_received_message"]
LifecycleTrigger = Literal["before_chat", "after_chat", "before_agent", "after_agent"]

_CONTEXT: Final = "context"
_CONTEXT_NAMES: Final = (_CONTEXT, "context_variables")


@dataclass(frozen=True, slots=True)
class HookFailure:
    """A hook that failed, in words that may be shown.

    Attributes
    ----------
    hook
        The hook's event or the lifecycle tool's trigger.
    function
        ``path:function`` within the workflow's folder.
    message
        What happened. Never what an author's exception said: that is in the log.
    """

    hook: str
    function: str
    message: str
    code: str = "HOOK_FAILED"


class HookRunner:
    """The hooks of one workflow, run one after the other in file order.

    A function is given what its parameters are named for: ``context`` (or ``context_variables``), everything
    ``values`` holds, and what the event brings. A lone parameter of any other name gets the event's subject: the text
    of a message hook, the system message of ``update_agent_state``, else the context.

    What a hook changes in the context reaches ``values()["context_variables"]`` when the hook has ended well, or with
    ``AbortRun``; a hook that failed or ran out of time changes nothing, however long its thread goes on.

    Parameters
    ----------
    spec
        The workflow.
    folder
        Its folder.
    values
        Asked once for each firing: ``context_variables`` (a mutable mapping, usually ``Variables``), and any of
        ``chat_id``, ``app_id``, ``user_id``, ``workflow_name``, ``agent_name`` and the like.
    timeout_seconds
        Longest that one function may take.
    """

    def __init__(
        self, spec: WorkflowSpec, folder: Path, values: Callable[[], Mapping[str, Any]], *, timeout_seconds: float
    ) -> None:
        self._spec = spec
        self._folder = folder
        self._values = values
        self._timeout = timeout_seconds

    async def fire(self, event: MomentHook, **facts: Any) -> list[HookFailure]:
        """Run the hooks of ``event``.

        Parameters
        ----------
        facts
            What the event brings: ``agent_name``, ``from_agent``, ``to_agent``, ``error``, ``result``. A hook bound
            to an agent runs when one of the agents is its own, or when the event names none.

        Raises
        ------
        AbortRun
            A hook ended the run.
        """
        agents = {facts[name] for name in ("agent_name", "from_agent", "to_agent") if facts.get(name) is not None}
        chosen = (
            hook.function
            for hook in self._spec.hooks
            if hook.event == event and (hook.agent is None or not agents or hook.agent in agents)
        )
        return await self._run_all(event, chosen, facts)

    async def process(self, event: TextHook, agent: str, text: str) -> tuple[str, list[HookFailure]]:
        """``text`` as the hooks of ``event`` leave it. Each gets what the one before returned.

        A hook may ask for ``text`` (or ``message``) and returns another text, or ``None`` to keep it.

        Raises
        ------
        AbortRun
            A hook ended the run.
        """
        return await self._rewrite(event, agent, text, ("text", "message"))

    async def agent_state(self, agent: str, prompt: str) -> tuple[str, list[HookFailure]]:
        """The system message of ``agent`` as its ``update_agent_state`` hooks leave it.

        A hook may ask for ``system_message`` and returns another one, or ``None`` to keep it.

        Raises
        ------
        AbortRun
            A hook ended the run.
        """
        return await self._rewrite("update_agent_state", agent, prompt, ("system_message",))

    async def lifecycle(self, trigger: LifecycleTrigger, agent: str | None = None) -> list[HookFailure]:
        """Run the lifecycle tools of ``trigger``; around an agent, those of every agent and its own.

        Raises
        ------
        AbortRun
            A tool ended the run.
        """
        chosen = (
            tool.function
            for tool in self._spec.lifecycle_tools
            if tool.trigger == trigger and (tool.agent is None or agent is None or tool.agent == agent)
        )
        return await self._run_all(trigger, chosen, {} if agent is None else {"agent_name": agent})

    async def _run_all(self, hook: str, chosen: Iterable[FunctionRef], facts: Mapping[str, Any]) -> list[HookFailure]:
        failures: list[HookFailure] = []
        values: Mapping[str, Any] | None = None
        for ref in chosen:
            values = values if values is not None else {**self._values(), **facts}
            with _Reporting(hook, ref, failures):
                await self._call(ref, values, _CONTEXT)
        return failures

    async def _rewrite(
        self, event: str, agent: str, text: str, names: tuple[str, ...]
    ) -> tuple[str, list[HookFailure]]:
        failures: list[HookFailure] = []
        values: Mapping[str, Any] | None = None
        for ref in self._of_agent(event, agent):
            values = values if values is not None else {**self._values(), "agent_name": agent}
            with _Reporting(event, ref, failures):
                result = await self._call(ref, {**values, **dict.fromkeys(names, text)}, names[0])
                if result is not None and not isinstance(result, str):
                    raise _Unusable(f"it returned {type(result).__name__}; expected a text, or None to keep it")
                text = text if result is None else result
        return text, failures

    def _of_agent(self, event: str, agent: str) -> Iterator[FunctionRef]:
        for hook in self._spec.hooks:
            if hook.event == event and hook.agent in (None, agent):
                yield hook.function

    async def _call(self, ref: FunctionRef, values: Mapping[str, Any], subject: str) -> Any:
        context: MutableMapping[str, Any] = values["context_variables"]
        # Its own copy: a thread that outlives its time must not write into a chat that has moved on.
        own = Variables(context)
        offered = {**values, **dict.fromkeys(_CONTEXT_NAMES, own)}
        function = await asyncio.to_thread(load_function, self._spec, self._folder, ref)
        positional, named = _arguments(function, offered, subject)
        try:
            async with asyncio.timeout(self._timeout) as timer:
                result = await run(function, *positional, **named)
        except TimeoutError as error:
            if timer.expired():
                raise _Unusable(f"it took longer than {self._timeout:g} s") from error
            raise
        except AbortRun:
            try:
                context.update(_plain(own.changed))
            except _Unusable as error:
                log.warning("A hook ended the run, and its changes are lost: %s", error)
            raise
        context.update(_plain(own.changed))
        return result


class _Unusable(Exception):
    """What a hook did that the runtime can say in its own words."""


class _Reporting:
    """Turns what a hook raises into a log record and a ``HookFailure``; lets ``AbortRun`` and cancellation pass."""

    def __init__(self, hook: str, ref: FunctionRef, failures: list[HookFailure]) -> None:
        self._hook = hook
        self._function = f"{ref.path}:{ref.function}"
        self._failures = failures

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> bool:
        match error:
            case AbortRun():
                return False
            case _Unusable():
                words = str(error)
            case MozaiksError(code="TOOL_LOAD_FAILED"):
                words = error.message
            case Exception():
                words = f"it raised {type(error).__name__}"
            case _:
                return False
        log.warning("The hook %s (%s) failed", self._hook, self._function, exc_info=error)
        message = f"the hook {self._hook} ({self._function}) failed: {words}"
        self._failures.append(HookFailure(self._hook, self._function, message))
        return True


def _arguments(
    function: Callable[..., Any], offered: Mapping[str, Any], subject: str
) -> tuple[list[Any], dict[str, Any]]:
    """What the function is called with: everything it names, and the subject for a lone name of its author's own."""
    positional: list[Any] = []
    named: dict[str, Any] = {}
    unknown: list[str] = []
    takes_all = False
    for name, parameter in inspect.signature(function).parameters.items():
        match parameter.kind:
            case inspect.Parameter.VAR_KEYWORD:
                takes_all = True
            case inspect.Parameter.POSITIONAL_ONLY if name in offered:
                positional.append(offered[name])
            case inspect.Parameter.POSITIONAL_ONLY if parameter.default is inspect.Parameter.empty:
                unknown.append(name)
                positional.append(offered[subject])
            case inspect.Parameter.VAR_POSITIONAL | inspect.Parameter.POSITIONAL_ONLY:
                continue
            case _ if name in offered:
                named[name] = offered[name]
            case _ if parameter.default is inspect.Parameter.empty:
                unknown.append(name)
                named[name] = offered[subject]
            case _:
                continue
    if len(unknown) > 1 or (unknown and len(positional) + len(named) > 1):
        asked = " and ".join(repr(name) for name in unknown)
        raise _Unusable(f"it asks for {asked}; it can have {', '.join(sorted(offered))}")
    return positional, {**offered, **named} if takes_all else named


def _plain(changed: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(changed, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise _Unusable(f"it set a variable of {sorted(changed)} to something that is no JSON") from error
    return changed
