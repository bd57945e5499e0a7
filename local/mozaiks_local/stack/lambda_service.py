"""Lambda on this machine: functions, their workers, queues, retries and limits."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .definitions import FunctionDefinition
from .errors import StackError
from .lambda_worker import Invocation, InvokeResult, RuntimeClient, Worker

__all__ = ["LambdaLimits", "LambdaService", "ThrottledError", "UnknownFunctionError"]

_LOG = logging.getLogger(__name__)
_CORES = os.cpu_count() or 2


class UnknownFunctionError(StackError):
    """No function has this name."""


class ThrottledError(StackError):
    """The function's reserved concurrency is used up."""


@dataclass(frozen=True)
class LambdaLimits:
    """How the service behaves; seconds unless said.

    ``patience`` is how long a queued event waits for a warm worker before another process is started for it;
    ``event_retry_delays`` are the pauses before the retries of a failed asynchronous event (on AWS one and two
    minutes); ``init_seconds`` bounds the import of a handler's module; ``freeze`` stops workers between events, as
    Lambda does.
    """

    max_workers_per_function: int = 10
    patience: float = 0.05
    idle_seconds: float = 300.0
    event_retry_delays: tuple[float, ...] = (1.0, 2.0)
    throttled_retry_seconds: float = 0.5
    init_seconds: float = 60.0
    freeze: bool = False


@dataclass
class _Function:
    definition: FunctionDefinition
    environment: Mapping[str, str] = field(default_factory=dict)
    queue: deque[Invocation] = field(default_factory=deque)
    workers: list[Worker] = field(default_factory=list)
    idle: list[Worker] = field(default_factory=list)
    stale: set[Worker] = field(default_factory=set)
    pending: int = 0
    invocations: int = 0
    patience: asyncio.TimerHandle | None = None
    last_error: str | None = None

    @property
    def living(self) -> list[Worker]:
        """Its workers but those that were killed and whose process has not ended yet."""
        return [worker for worker in self.workers if worker.state != "gone"]

    @property
    def starting(self) -> int:
        return sum(worker.state == "starting" for worker in self.workers)


class LambdaService:
    """Runs functions in AWS's own runtime client, one process per event at a time.

    Parameters
    ----------
    functions
        What can be invoked.
    limits
        Bounds and pauses.
    said
        Called with a function's id and a chunk of what one of its workers wrote.
    python
        The workers' interpreter.
    client
        AWS's own runtime client, or the loop in Python alone.
    """

    def __init__(
        self,
        functions: Iterable[FunctionDefinition],
        limits: LambdaLimits,
        said: Callable[[str, bytes], None],
        python: str = sys.executable,
        client: RuntimeClient = "aws",
    ) -> None:
        self._functions = {definition.id: _Function(definition) for definition in functions}
        self._by_name = {function.definition.name: function for function in self._functions.values()}
        self._by_worker: dict[Worker, _Function] = {}
        self._limits = limits
        self._said = said
        self._python = python
        self._client = client
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = False

    def set_environment(self, name: str, environment: Mapping[str, str]) -> None:
        """Say what a function's next workers get as their whole environment."""
        self._find(name).environment = dict(environment)

    # -- invoking ----------------------------------------------------------------------------------------------------

    async def invoke(self, name: str, payload: bytes, client_context: str = "") -> InvokeResult:
        """Run one event and wait for its result.

        Parameters
        ----------
        name
            Logical id, name or ARN of the function.
        payload
            JSON.
        client_context
            Base64 JSON for the handler's context, as ``X-Amz-Client-Context`` carries it.

        Raises
        ------
        UnknownFunctionError
            If no function has this name.
        ThrottledError
            If its reserved concurrency is used up.
        """
        function = self._find(name)
        reserved = function.definition.reserved_concurrency
        if reserved is not None and function.pending >= reserved:
            raise ThrottledError(f"{function.definition.id}: all {reserved} reserved executions are busy")
        invocation = Invocation(payload, client_context)
        function.pending += 1
        function.invocations += 1
        function.queue.append(invocation)
        self._dispatch(function)
        try:
            return await invocation.done
        finally:
            function.pending -= 1

    def send_event(self, name: str, payload: bytes) -> str:
        """Queue an asynchronous event, tried again as Lambda does when it fails; gives its request id."""
        function = self._find(name)
        task = asyncio.create_task(self._deliver_event(function, payload))
        self._keep(task)
        return f"{id(task):032x}"

    async def _deliver_event(self, function: _Function, payload: bytes) -> None:
        delays = iter((*self._limits.event_retry_delays, None))
        while not self._stopping:
            try:
                result = await self.invoke(function.definition.id, payload)
            except ThrottledError:
                await asyncio.sleep(self._limits.throttled_retry_seconds)  # Lambda keeps these for hours
                continue
            if result.error is None:
                return
            delay = next(delays)
            if delay is None:
                _LOG.warning(
                    "%s: an asynchronous event failed for good: %s", function.definition.id, result.payload[:500]
                )
                return
            await asyncio.sleep(delay)

    def _find(self, name: str) -> _Function:
        if name in self._functions:
            return self._functions[name]
        if ":function:" in name:
            name = name.split(":function:", 1)[1]
        function = self._by_name.get(name.split(":", 1)[0])  # a version or alias leads to the one code there is
        if function is None:
            raise UnknownFunctionError(f"no function {name!r}; the template has {', '.join(sorted(self._functions))}")
        return function

    # -- workers -----------------------------------------------------------------------------------------------------

    def _dispatch(self, function: _Function) -> None:
        while function.queue and function.idle:
            function.idle.pop().deliver(function.queue.popleft())
        if not function.queue or self._stopping:
            return
        if not function.living:
            self._start_worker(function)
        elif function.patience is None:
            waited = time.monotonic() - function.queue[0].queued_at
            left = max(self._limits.patience - waited, 0.005)
            function.patience = asyncio.get_running_loop().call_later(left, self._patience_over, function)

    def _patience_over(self, function: _Function) -> None:
        function.patience = None
        if function.queue and time.monotonic() - function.queue[0].queued_at >= self._limits.patience:
            # Starting many processes at once would slow down the warm ones: no more than cores at a time.
            room = self._limits.max_workers_per_function - len(function.living)
            if room > 0 and function.starting < min(len(function.queue), _CORES):
                self._start_worker(function)
        self._dispatch(function)

    def _start_worker(self, function: _Function) -> None:
        definition = function.definition
        worker = Worker(
            self,
            handler=definition.handler,
            cwd=definition.code,
            environment=function.environment,
            arn=definition.arn,
            timeout=definition.timeout,
            init_timeout=self._limits.init_seconds,
            freeze=self._limits.freeze,
            python=self._python,
            client=self._client,
        )
        function.workers.append(worker)
        self._by_worker[worker] = function
        self._keep(asyncio.create_task(self._started(worker)))

    async def _started(self, worker: Worker) -> None:
        try:
            await worker.start()
        except OSError as error:
            worker.state = "gone"
            worker.settled.set()
            worker.init_error = json.dumps(
                {"errorType": "Runtime.InvalidEntrypoint", "errorMessage": f"the worker could not be started: {error}"}
            ).encode()
            self.worker_gone(worker, str(error))

    def worker_ready(self, worker: Worker) -> None:
        function = self._by_worker[worker]
        if worker in function.stale or self._stopping:
            worker.kill()
            return
        function.last_error = None
        worker.state, worker.idle_since = "idle", time.monotonic()
        function.idle.append(worker)
        self._dispatch(function)

    def worker_gone(self, worker: Worker, reason: str) -> None:
        function = self._by_worker.pop(worker)
        function.workers.remove(worker)
        function.stale.discard(worker)
        if worker in function.idle:
            function.idle.remove(worker)
        if worker.init_error is not None:
            function.last_error = worker.init_error.decode(errors="replace")
            if function.queue:
                function.queue.popleft().fail(worker.init_error)
        elif worker.idle_since == 0.0 and function.queue and not self._stopping:
            # It died before it ever polled, without a word to the runtime API.
            function.queue.popleft().fail_with("Runtime.ExitError", f"Runtime exited with error: {reason}")
        self._dispatch(function)

    def worker_said(self, worker: Worker, text: bytes) -> None:
        self._said(self._by_worker[worker].definition.id, text)

    def reap(self) -> None:
        """End workers that have idled too long; one of each function stays warm."""
        now = time.monotonic()
        for function in self._functions.values():
            for worker in function.idle[:]:
                if len(function.living) > 1 and now - worker.idle_since > self._limits.idle_seconds:
                    function.idle.remove(worker)
                    worker.kill()

    async def prewarm(self, names: Iterable[str] | None = None) -> None:
        """Start a worker of each function (or of those named) that has none, and wait until it can take events."""
        chosen = [self._find(name) for name in names] if names is not None else list(self._functions.values())
        for function in chosen:
            if not function.living:
                self._start_worker(function)
        await asyncio.gather(*(worker.settled.wait() for function in chosen for worker in function.workers))

    def reload(self, names: Iterable[str] | None = None) -> None:
        """Have the next events run in new processes, which see changed code; events under way finish first."""
        chosen = [self._find(name) for name in names] if names is not None else list(self._functions.values())
        for function in chosen:
            function.stale.update(function.workers)
            idle, function.idle = function.idle, []
            for worker in idle:
                worker.kill()
            if idle:
                self._start_worker(function)

    def kill_workers(self, name: str) -> list[int]:
        """SIGKILL every worker of a function, busy or not; gives the process ids."""
        function = self._find(name)
        function.idle.clear()  # a dying worker must not be given an event
        workers = [worker for worker in function.living if worker.pid is not None]
        for worker in workers:
            worker.kill()
        return [worker.pid for worker in workers if worker.pid is not None]

    def workers(self, name: str) -> list[dict[str, Any]]:
        """Give ``{"pid", "state", "request_id"}`` of each worker of a function."""
        return [
            {
                "pid": worker.pid,
                "state": worker.state,
                "request_id": worker.current.request_id if worker.current is not None else None,
            }
            for worker in self._find(name).living
        ]

    def describe(self) -> dict[str, dict[str, Any]]:
        """Give, per function, what runs and what went wrong last."""
        return {
            function.definition.id: {
                "workers": len(function.living),
                "busy": sum(worker.state == "busy" for worker in function.workers),
                "queued": len(function.queue),
                "invocations": function.invocations,
                "last_error": function.last_error,
            }
            for function in self._functions.values()
        }

    async def stop(self) -> None:
        """Kill every worker; events under way fail."""
        self._stopping = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for function in self._functions.values():
            if function.patience is not None:
                function.patience.cancel()
            for invocation in function.queue:
                invocation.fail_with("ServiceException", "the local stack is stopping")
            function.queue.clear()
        workers = list(self._by_worker)
        for worker in workers:
            worker.kill()
        await asyncio.gather(*(worker.gone() for worker in workers))

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
