"""The local stack: every part of ``template.yaml`` that can run on this machine, started and stopped together."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import sys
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from .aws_process import ENDPOINT_VARIABLES, AwsProcess
from .config import StackConfig
from .definitions import Schedule, StackTemplate
from .environment import Addresses, template_variables, worker_environment
from .errors import StackError
from .external_lambda import ExternalLambda
from .gateway import Gateway
from .invoke_endpoint import InvokeEndpoint
from .lambda_service import LambdaService
from .lambda_worker import InvokeResult, RuntimeClient
from .sam_local import container_environment, write_template
from .schedule import Scheduler, scheduled_event
from .template import read_template
from .watch import watch
from .worker_logs import WorkerLogs

__all__ = ["LocalStack"]


def _runtime_client() -> RuntimeClient:
    """AWS's own where there is one: it has wheels for Linux only."""
    there = all(importlib.util.find_spec(name) is not None for name in ("awslambdaric", "runtime_client"))
    return "aws" if there else "python"


_LOG = logging.getLogger(__name__)
_LOOPBACK = "127.0.0.1"
_REAP_SECONDS = 15.0
T = TypeVar("T")


class LocalStack:
    """A running stack.

    ``with LocalStack(config) as stack:`` runs it in a thread of its own; ``async with LocalStack(config) as stack:``
    runs it in the caller's event loop. Plain methods may be called from any thread but, where they wait
    for the stack, not from its own event loop; there, use the ``…_async`` ones.

    Raises
    ------
    StackError
        On start, with one sentence on what to do: a taken port, a broken template.
    """

    def __init__(self, config: StackConfig) -> None:
        self.config = config
        self.template: StackTemplate
        self.gateway: Gateway
        self.http_url = ""
        self.lambda_endpoint = ""
        self.runtime_client: RuntimeClient = "aws"
        self.sfn_endpoint = ""
        self._lambda: LambdaService
        self._invoke_endpoint: InvokeEndpoint
        self._aws: AwsProcess | None = None
        self._scheduler: Scheduler
        self._logs: WorkerLogs
        self._refused_schedules: list[str] = []
        self._background: list[asyncio.Task[None]] = []
        self._state = "new"
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stop_asked: asyncio.Event | None = None

    # -- life --------------------------------------------------------------------------------------------------------

    async def start_async(self) -> None:
        """Start every part in the running event loop; returns when all of them are ready."""
        if self._state != "new":
            raise StackError(f"this stack is {self._state}; a stack starts once")
        self._state, self._loop = "starting", asyncio.get_running_loop()
        try:
            await self._start()
        except BaseException:
            await self.stop_async()
            raise
        self._state = "ready"

    async def _start(self) -> None:
        config = self.config
        cache = (config.cache_dir or config.data_dir / "cache").resolve()
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)  # logs may hold what users wrote
        cache.mkdir(parents=True, exist_ok=True)
        self.template = read_template(config.template, config.parameters, cache)
        self._logs = WorkerLogs(config.data_dir / "logs", config.log_sink)
        self.runtime_client = config.runtime_client or _runtime_client()
        self._lambda = self._lambda_service()
        self._invoke_endpoint = InvokeEndpoint(self._lambda)
        self.gateway = Gateway(self.template, self._lambda, config.socket_limits)
        self._scheduler = Scheduler(self.template.schedules, self._lambda)

        # Every port first: workers are told all addresses before any part is up, so all parts can start at once.
        port = self.gateway.bind(config.host, config.port)
        host = _LOOPBACK if config.host in ("", "0.0.0.0") else config.host  # noqa: S104 - compared, not bound
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.http_url = f"http://{address}"
        self.lambda_endpoint = self._invoke_endpoint.bind(_LOOPBACK)
        services = {"AWS_ENDPOINT_URL_LAMBDA": self.lambda_endpoint}
        if self.template.state_machines:
            log = config.data_dir / "logs" / "step-functions.log"
            key = config.data_dir / "kms.key"
            self._aws = AwsProcess(self.template.state_machines.values(), log, key, config.time_scale)
            self.sfn_endpoint = self._aws.bind(_LOOPBACK)
            services |= dict.fromkeys(ENDPOINT_VARIABLES, self.sfn_endpoint)
        addresses = Addresses(address, services)
        for function in self.template.functions.values():
            environment = worker_environment(function, addresses, config.environment, cache)
            self._lambda.set_environment(function.id, environment)
        if config.lambda_endpoint is not None:
            self._write_sam_template(addresses)

        await self._invoke_endpoint.serve()
        starting: list[Coroutine[Any, Any, None]] = []
        if self._aws is not None:
            starting.append(self._aws.start(self.lambda_endpoint))
        if config.prewarm:
            starting.append(self._lambda.prewarm())
        await asyncio.gather(*starting)
        await self.gateway.serve()
        if config.schedule:
            self._refused_schedules = self._scheduler.start()
        self._background.append(asyncio.create_task(self._reap()))
        if config.watch:
            self._background.append(asyncio.create_task(watch(self.template, config.watch_paths, self._changed)))

    def _lambda_service(self) -> LambdaService:
        config, functions = self.config, self.template.functions.values()
        if config.lambda_endpoint is not None:
            return ExternalLambda(functions, config.lambda_limits, self._logs.write, config.lambda_endpoint)
        python = str(config.python or sys.executable)
        return LambdaService(functions, config.lambda_limits, self._logs.write, python, self.runtime_client)

    def _write_sam_template(self, addresses: Addresses) -> None:
        """Write what the other Lambda service is started with, beside the built code if there is any."""
        built = self.template.path.parent / ".aws-sam" / "build" / "template.yaml"
        environments = {
            function.id: container_environment(
                template_variables(function, addresses), addresses.services, self.config.environment,
                self.config.container_host,
            )
            for function in self.template.functions.values()
        }  # fmt: skip
        source = built if built.is_file() else self.template.path
        write_template(source, environments, self.config.data_dir.resolve() / "sam-local" / "template.json")

    async def stop_async(self) -> None:
        """Stop every part and wait until no process is left. Stopping twice does nothing."""
        if self._state in ("new", "stopped"):
            return
        self._state = "stopped"
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        for part in ("_scheduler", "gateway", "_invoke_endpoint", "_lambda", "_aws"):
            running = getattr(self, part, None)  # a start that failed has not made all of them
            if running is not None:
                await running.stop()
        if hasattr(self, "_logs"):
            self._logs.close()

    async def __aenter__(self) -> Self:
        await self.start_async()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop_async()

    def start(self) -> None:
        """Start the stack in a thread of its own; returns when it is ready."""
        if self._state != "new":
            raise StackError(f"this stack is {self._state}; a stack starts once")
        ready: Future[None] = Future()
        # A daemon: if the caller ends without stop(), the process may end, and everything started here ends with it.
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), name="local-stack", daemon=True)
        self._thread.start()
        try:
            ready.result()
        except BaseException:
            self.stop()
            raise

    async def _serve(self, ready: Future[None]) -> None:
        self._stop_asked = asyncio.Event()
        try:
            await self.start_async()
        except BaseException as error:  # noqa: BLE001 - handed to the caller of start()
            ready.set_exception(error)
            return
        ready.set_result(None)
        await self._stop_asked.wait()
        await self.stop_async()

    def stop(self) -> None:
        """Stop a stack started with ``start`` and wait for it."""
        if self._thread is None:
            return
        if self._loop is not None and self._stop_asked is not None:
            with suppress(RuntimeError):  # its loop has ended already, as after a failed start
                self._loop.call_soon_threadsafe(self._stop_asked.set)
        self._thread.join()
        self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    # -- use ---------------------------------------------------------------------------------------------------------

    @property
    def socket_url(self) -> str:
        """Where clients connect: ``ws://host:port/<stage>``."""
        stages = self.gateway.sockets.stages
        if not stages:
            raise StackError(f"{self.template.path.name} has no WebSocket API")
        return f"{self.http_url.replace('http', 'ws', 1)}/{stages[0]}"

    def invoke(self, function_id: str, payload: Any) -> InvokeResult:
        """Run a function with a JSON payload and wait for its result."""
        return self._wait_for(self.invoke_async(function_id, payload))

    async def invoke_async(self, function_id: str, payload: Any) -> InvokeResult:
        """Run a function with a JSON payload."""
        return await self._lambda.invoke(function_id, json.dumps(payload).encode())

    def tick(self, function_id: str) -> InvokeResult:
        """Run a function as its schedule would, now."""
        return self._wait_for(self.tick_async(function_id))

    async def tick_async(self, function_id: str) -> InvokeResult:
        """Run a function as its schedule would, now."""
        schedule = next((item for item in self.template.schedules if item.function == function_id), None)
        if schedule is None:
            raise StackError(f"{function_id} has no schedule in {self.template.path.name}")
        return await self._lambda.invoke(function_id, scheduled_event(schedule))

    def executions(self) -> list[dict[str, Any]]:
        """Give every remembered execution, as ``DescribeExecution`` does."""
        return self._wait_for(self.executions_async())

    async def executions_async(self) -> list[dict[str, Any]]:
        """Give every remembered execution, as ``DescribeExecution`` does."""
        return await self._aws.executions() if self._aws is not None else []

    def workers(self, function_id: str) -> list[dict[str, Any]]:
        """Give ``{"pid", "state", "request_id"}`` of each worker of a function."""
        return self._wait_for(self._soon(self._lambda.workers, function_id))

    def kill_workers(self, function_id: str) -> list[int]:
        """SIGKILL every worker of a function, whatever it is doing; gives the process ids."""
        return self._wait_for(self._soon(self._lambda.kill_workers, function_id))

    def reload(self) -> None:
        """Have the next events of every function run in new processes."""
        self._wait_for(self._soon(self._lambda.reload))

    def describe(self) -> dict[str, Any]:
        """Give the state of each part, and what of the template does not run here."""
        return self._wait_for(self._soon(self.describe_now))

    def describe_now(self) -> dict[str, Any]:
        """``describe`` for callers in the stack's event loop."""
        process = None
        if self._aws is not None:
            process = {"endpoint": self.sfn_endpoint, "pid": self._aws.pid, "alive": self._aws.alive}
        return {
            "state": self._state,
            "http_url": self.http_url,
            "runtime_client": self.config.lambda_endpoint or self.runtime_client,
            "functions": self._lambda.describe(),
            "connections": len(self.gateway.sockets.connection_ids),
            "step_functions": process,
            "schedules": [self._told(schedule) for schedule in self.template.schedules],
            "ignored": [*self.template.ignored, *self._refused_schedules],
        }

    def _told(self, schedule: Schedule) -> dict[str, Any]:
        return {"id": schedule.id, "function": schedule.function, "expression": schedule.expression,
                "running": self.config.schedule and schedule.enabled}  # fmt: skip

    # -- inside ------------------------------------------------------------------------------------------------------

    @staticmethod
    async def _soon(call: Any, *arguments: Any) -> Any:
        return call(*arguments)

    def _wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop is None or self._state != "ready":
            work.close()
            raise StackError(f"the stack is {self._state}")
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        if running is self._loop:
            work.close()
            raise StackError("called from the stack's own event loop, which would wait for itself; use the async form")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _reap(self) -> None:
        while True:
            await asyncio.sleep(_REAP_SECONDS)
            self._lambda.reap()

    def _changed(self, functions: set[str], files: list[Path]) -> None:
        named = ", ".join(file.name for file in files[:3]) + (" …" if len(files) > 3 else "")
        if self.template.path in files:
            self._logs.write("stack", f"{self.template.path.name} changed: start the stack anew to use it\n".encode())
        else:
            self._logs.write("stack", f"{named} changed: {', '.join(sorted(functions))} reloaded\n".encode())
            self._lambda.reload(functions)
