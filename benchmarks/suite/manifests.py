"""Manifests: how long they take to read, to find again, and to become agents."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from ag2 import Agent

from benchmarks.figures import Row, Samples
from benchmarks.manifest_folder import write_workflow, write_workflows
from benchmarks.world import PROJECT, World
from mozaiks.engine.model_client import ModelConfigs
from mozaiks.engine.tools import Toolbox
from mozaiks.manifests import InstalledWorkflow, Workflows
from mozaiks.settings import Settings

__all__ = ["measure"]

_WORKFLOWS: Final = 100
_AGENTS, _TOOLS = 10, 20
_READ_TITLE: Final = f"manifests: {_WORKFLOWS} workflows, every field, half YAML, half JSON"
_BUILD_TITLE: Final = f"manifests: one workflow of {_AGENTS} agents, {_TOOLS} tools"
_COLD_AT_MOST: Final = 1500.0
_BUILD_AT_MOST: Final = 20.0
_PROBE: Final = Path(__file__).parents[1] / "manifest_probe.py"
_GETS: Final = 1000
_WAIT_SECONDS: Final = 60.0


def measure(world: World) -> list[Row]:
    """Cold validation of many workflows, warm reuse of one, and the agents of a slice."""
    with tempfile.TemporaryDirectory(prefix="bench-manifests-") as made:
        many, large = Path(made, "many"), Path(made, "large")
        write_workflows(many, _WORKFLOWS)
        builds = 1 + world.repeats(12, 4)
        for no in range(builds):
            write_workflow(large / f"Large{no:02d}", "json" if no % 2 else "yaml", agents=_AGENTS, tools=_TOOLS)
        return [*_cold(world, many), *_reuse(world, many), *asyncio.run(_build(world, large, builds))]


def _cold(world: World, root: Path) -> list[Row]:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(world.cache / "pycache")}
    found: list[dict[str, Any]] = []
    whole = Samples()
    for turn in range(1 + world.repeats(5, 2)):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, str(_PROBE), str(root)],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_WAIT_SECONDS,
            check=False,
        )
        seconds = time.perf_counter() - began
        if done.returncode != 0:
            raise RuntimeError(f"the made workflows cannot be validated: {done.stderr.strip()[-500:]}")
        probe: dict[str, Any] = json.loads(done.stdout)
        if probe["valid"] != _WORKFLOWS or probe["problems"]:
            raise RuntimeError(f"the made workflows are not as they should be: {probe}")
        if turn:  # the first one compiles
            whole.append(seconds)
            found.append(probe)
    cpu = Samples(probe["cpu_seconds"] for probe in found).p50
    note = f"{cpu * 1000:.0f} ms of processor time"
    return [
        whole.ms(_READ_TITLE, "new process: start to end", at_most=_COLD_AT_MOST, note=note),
        Samples(probe["import_seconds"] for probe in found).ms(_READ_TITLE, "of it: import of the loader"),
        Samples(probe["validate_seconds"] for probe in found).ms(_READ_TITLE, "of it: discover and validate"),
    ]


def _reuse(world: World, root: Path) -> list[Row]:
    rows = []
    for name, watch in (
        ("Workflows.get again, deployed", False),
        ("Workflows.get again, watching files (local)", True),
    ):
        workflows = Workflows(root, watch=watch)
        workflows.get("Made001")
        gets, took = _GETS // (50 if watch else 1), Samples()
        for _ in range(world.repeats(20, 10)):
            began = time.perf_counter()
            for _ in range(gets):
                workflows.get("Made001")
            took.append((time.perf_counter() - began) / gets)
        rows.append(took.row(_READ_TITLE, name, "µs", factor=1e6, note=f"each of {gets} in a row"))
    return rows


async def _build(world: World, root: Path, builds: int) -> list[Row]:
    """Each first build is of a workflow that this process has not seen; the process itself is warm."""
    models = ModelConfigs(Settings(demo_model_url="http://127.0.0.1:9/v1"))
    workflows = Workflows(root)
    read, first, again, cached = _Clock(), _Clock(), _Clock(), _Clock()
    try:
        for no in range(builds):
            with read:
                workflow = workflows.get(f"Large{no:02d}")
            with first:
                toolbox = _agents(workflow, Toolbox(workflow.spec, workflow.folder), models)
            with again:
                _agents(workflow, Toolbox(workflow.spec, workflow.folder), models)
            with cached:
                _agents(workflow, toolbox, models)
    finally:
        await models.close()
    return [
        read.row("read and validate"),
        first.row("agents: first build in a warm process", at_most=_BUILD_AT_MOST, note="tool modules imported"),
        again.row("agents: tools described anew", note="tool modules are there"),
        cached.row("agents: tools kept from a former slice", at_most=_BUILD_AT_MOST),
    ]


class _Clock:
    """Time and work of what is done again and again; the first time does not count."""

    def __init__(self) -> None:
        self._seconds, self._cpu = Samples(), Samples()
        self._began = (0.0, 0.0)

    def __enter__(self) -> None:
        self._began = (time.perf_counter(), time.process_time())

    def __exit__(self, *_: object) -> None:
        self._seconds.append(time.perf_counter() - self._began[0])
        self._cpu.append(time.process_time() - self._began[1])

    def row(self, name: str, *, at_most: float | None = None, note: str = "") -> Row:
        # Other programs lengthen the time, hardly the work.
        work = f"{Samples(self._cpu[1:]).p50 * 1000:.1f} ms of processor time"
        return Samples(self._seconds[1:]).ms(
            _BUILD_TITLE, name, at_most=at_most, note=f"{note}; {work}" if note else work
        )


def _agents(workflow: InstalledWorkflow, toolbox: Toolbox, models: ModelConfigs) -> Toolbox:
    """Every agent of the workflow, as a slice makes the one whose turn it is."""
    spec = workflow.spec
    for agent in spec.agents:
        model = models.of_agent(agent.llm, workflow=spec.name, agent=agent.name, chat_id="bench")
        Agent(agent.name, config=model, tools=toolbox.of_agent(agent.name))
    return toolbox
