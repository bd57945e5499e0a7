"""The part of ``mozaiks dev`` that runs in the event loop: the model, the stack, and waiting for the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from mozaiks_local.cli.console import Failure, complain, out, printable, warn
from mozaiks_local.cli.dev_checks import TEMPLATE
from mozaiks_local.cli.dev_environment import template_parameters, worker_environment
from mozaiks_local.cli.dev_lock import DevLock
from mozaiks_local.cli.dev_page import DevPage
from mozaiks_local.cli.panel import chat_command, open_url, ready_panel
from mozaiks_local.cli.redaction import redacted
from mozaiks_local.cli.steps import Steps
from mozaiks_local.cli.stopping import stop_requested
from mozaiks_local.cli.worker_log import WorkerLog
from mozaiks_local.cli.workflows import Listed, discover_workflows, tell_pack_problems, tell_problems
from mozaiks_local.client import ApiError, call_api
from mozaiks_local.demo_model import MODEL_NAME, DemoModel
from mozaiks_local.mongod import EmbeddedMongod
from mozaiks_local.stack import LocalStack, Site, StackConfig, StackError

if TYPE_CHECKING:
    from mozaiks.settings import Settings

__all__ = ["DevStack"]

_HEALTHY_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 8.0
_LOOK_SECONDS: Final = 2.0


class DevStack:
    """Model and stack around a database that is ready."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        data: Path,
        workflows: Path,
        mongod: EmbeddedMongod | None,
        lock: DevLock,
        steps: Steps,
        *,
        verbose: bool,
        reload: bool,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._data = data
        self._workflows = workflows
        self._mongod = mongod
        self._lock = lock
        self._steps = steps
        self._log = WorkerLog(out(), verbose=verbose)
        self._reload = reload
        self._model: DemoModel | None = None
        self._stack: LocalStack | None = None
        self._page = DevPage(settings, folder, workflows, data)

    async def run(self) -> int:
        """Start, say so, and wait; returns the exit code."""
        with stop_requested() as requested:
            start = asyncio.ensure_future(self._start())
            stop = asyncio.ensure_future(requested.wait())
            code = 0
            try:
                await asyncio.wait({start, stop}, return_when=asyncio.FIRST_COMPLETED)
                if start.done():
                    start.result()
                    code = await self._until_over(stop)
            except StackError as error:
                raise Failure(str(error)) from error
            finally:
                for task in (start, stop):
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError, Exception):
                        await task
                await self._stop()
            return code

    async def _start(self) -> None:
        settings, steps = self._settings, self._steps
        listed = discover_workflows(self._workflows)
        environment = worker_environment(settings, os.environ, self._workflows)
        self._page.begin()
        with steps.step("model", "starting the model") as step:
            if settings.openai_api_key is None:
                self._model = DemoModel(self._workflows)
                await self._model.start()
                environment["DEMO_MODEL_URL"] = self._model.url
                step.result = f"demo model {MODEL_NAME!r} (set OPENAI_API_KEY for a real one)"
            else:
                step.result = f"{settings.openai_model} of {settings.openai_base_url or 'OpenAI'}"
        if settings.openai_api_key is None and settings.openai_base_url is not None:
            warn("OPENAI_BASE_URL is set and OPENAI_API_KEY is not, so the demo model is used: set both for a real one")
        with steps.step("stack", "starting functions, gateway and Step Functions") as step:
            self._stack = LocalStack(self._config(environment))
            await self._stack.start_async()
            state = self._stack.describe_now()
            where = "" if state["runtime_client"] == "aws" else f", run by {_runner(state['runtime_client'])}"
            step.result = f"{len(state['functions'])} functions of {TEMPLATE} at {self._stack.http_url}{where}"
        if state["ignored"]:
            warn(f"not part of the local stack: {', '.join(state['ignored'])}")
        with steps.step("health", "waiting for the API") as step:
            await self._until_healthy(self._stack)
            step.result = "every part answers"
        site = await self._page.ready(steps)
        self._stack.gateway.site = site
        if self._reload:
            self._page.follow(self._show_page)
        self._lock.say_url(self._stack.http_url)
        self._announce(self._stack.http_url, listed, page=site is not None)

    def _config(self, environment: dict[str, str]) -> StackConfig:
        return StackConfig(
            template=self._folder / TEMPLATE,
            data_dir=self._data,
            port=self._settings.port,
            parameters=template_parameters(self._settings),
            environment=environment,
            watch=self._reload,
            watch_paths=(self._workflows,),
            log_sink=self._log.said,
            lambda_endpoint=self._settings.mozaiks_lambda_endpoint,
            container_host=self._settings.mozaiks_container_host,
        )

    def _show_page(self, site: Site) -> None:
        if self._stack is not None:
            self._stack.gateway.site = site

    async def _until_healthy(self, stack: LocalStack) -> None:
        deadline = time.monotonic() + _HEALTHY_SECONDS
        pause = 0.05
        while True:
            try:
                await call_api(stack.http_url, "GET", "/api/health", timeout_seconds=5.0)
            except ApiError as error:
                broken = _broken(stack)
                if broken or time.monotonic() > deadline:
                    raise Failure(
                        broken
                        or f"{stack.http_url}/api/health did not answer 200 within {_HEALTHY_SECONDS:g} s; it said:"
                        f" {error} ({error.code}). Run with --verbose to see what the functions say"
                    ) from error
                await asyncio.sleep(pause)
                pause = min(pause * 2, 0.5)
            else:
                return

    def _announce(self, url: str, listed: list[Listed], *, page: bool) -> None:
        tell_problems(listed)
        tell_pack_problems(self._workflows, listed)
        valid = [workflow.name for workflow in listed if workflow.valid]
        shown = ("database", "model", "stack", "page")
        parts = {name: said for name, said in self._steps.results.items() if name in shown}
        parts["workflows"] = ", ".join(valid) or "none yet: add a folder to workflows/"
        out().print(ready_panel(parts, open_url(url, page=page), chat_command(valid, url)))

    async def _until_over(self, stop: asyncio.Future[Any]) -> int:
        while not stop.done():
            await asyncio.wait({stop}, timeout=_LOOK_SECONDS)
            if not stop.done() and self._mongod is not None and self._mongod_died(self._mongod):
                complain(f"the embedded mongod ended by itself; its log is {self._mongod.log_file}")
                return 1
        return 0

    @staticmethod
    def _mongod_died(mongod: EmbeddedMongod) -> bool:
        import psutil  # type: ignore[import-untyped]

        if mongod.pid is None:
            return False
        try:
            return bool(psutil.Process(mongod.pid).status() == psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return True

    async def _stop(self) -> None:
        await self._page.stop()
        with out().status(Text("stopping …")):
            if self._stack is not None:
                await self._within_reason("the stack", self._stack.stop_async())
            if self._model is not None:
                await self._within_reason("the demo model", self._model.stop())

    @staticmethod
    async def _within_reason(what: str, stopping: Coroutine[Any, Any, None]) -> None:
        try:
            await asyncio.wait_for(stopping, _STOP_SECONDS)
        except TimeoutError:
            complain(f"{what} did not stop within {_STOP_SECONDS:g} s")


def _runner(client: str) -> str:
    """What runs the functions where it is not AWS's own runtime client, which has wheels for Linux only."""
    return "a loop in Python, since AWS's runtime client is for Linux only" if client == "python" else client


def _broken(stack: LocalStack) -> str | None:
    """What to say of a function that cannot start; waiting would not mend it."""
    for name, state in stack.describe_now()["functions"].items():
        if state["last_error"]:
            try:
                error = json.loads(state["last_error"])
                reason = f"{error.get('errorType')}: {error.get('errorMessage')}"
            except (ValueError, AttributeError):
                reason = str(state["last_error"])
            return f"{name} cannot start: {printable(redacted(reason)).splitlines()[0]}"
    return None
