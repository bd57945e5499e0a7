"""Memory of ``mozaiks dev`` with one chat open."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any, Final

import psutil  # type: ignore[import-untyped]

from benchmarks.figures import Row, Target
from benchmarks.talk import open_talk
from benchmarks.world import PROJECT, WORKFLOWS, Stack, World, child

__all__ = ["measure"]

_TITLE: Final = "memory of `mozaiks dev` with one chat"
_ORCHESTRATE_AT_MOST: Final = 140.0
_WHOLE_AT_MOST: Final = 700.0
_READY_SECONDS: Final = 60.0
_MESSAGES: Final = 5
_UNSET: Final = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MONGODB_URI", "MONGO_URI", "DATABASE_URI")


def measure(world: World) -> list[Row]:
    """Memory of each process of the local stack, and of all.

    Everything else of the benchmarks is stopped first: pages that it shares would make the stack look smaller.
    """
    world.close()
    data = world.folder / "dev"
    environment = {
        **os.environ,
        **dict.fromkeys(_UNSET, ""),  # empty, not missing: a .env file of the project does not fill it in
        "MOZAIKS_DATA_DIR": str(data),
        "MOZAIKS_WORKFLOWS_PATH": str(WORKFLOWS),
        "PORT": "0",
        "LOG_LEVEL": "WARNING",
    }
    with child({"part": "dev", "folder": str(PROJECT)}, environment=environment) as process:
        url = _ready(data / "dev.lock", process.pid)
        asyncio.run(_talk(url))
        parent = psutil.Process(process.pid)
        return _rows([parent, *parent.children(recursive=True)], process.pid)


def _ready(lock: Path, pid: int) -> str:
    """Wait until the stack has written its address into its lock file."""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if url := json.loads(lock.read_text(encoding="utf-8")).get("url"):
                return str(url)
        except (FileNotFoundError, ValueError):
            pass
        if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.05)
    raise RuntimeError("mozaiks dev did not come up; run it by hand to see why")


async def _talk(url: str) -> None:
    async with open_talk(Stack(url, "", ""), "Relay") as talk:
        for _ in range(_MESSAGES):
            await talk.say("hello")
            await asyncio.sleep(0.1)


def _rows(processes: list[psutil.Process], stack_pid: int) -> list[Row]:
    held: dict[str, list[tuple[float, float]]] = {}
    for process in processes:
        try:
            name, full = _name(process, stack_pid), process.memory_full_info()
        except psutil.NoSuchProcess:
            continue
        # Shared pages count where they are held alone, and are divided where they are shared.
        held.setdefault(name, []).append((getattr(full, "pss", full.rss) / 2**20, full.rss / 2**20))
    rows = []
    for name, sizes in held.items():
        largest = max(rss for _, rss in sizes)
        target = Target(_ORCHESTRATE_AT_MOST) if name == "orchestrate worker" else None
        note = f"resident; {max(pss for pss, _ in sizes):.0f} MB without what it shares"
        if len(sizes) > 1:
            note += f"; largest of {len(sizes)}"
        rows.append(Row(_TITLE, name, largest, "MB", target=target, samples=len(sizes), note=note))
    everything = [size for sizes in held.values() for size in sizes]
    note = f"each page once; {sum(rss for _, rss in everything):.0f} MB with shared pages counted in each process"
    whole = sum(pss for pss, _ in everything)
    rows.append(Row(_TITLE, "all", whole, "MB", target=Target(_WHOLE_AT_MOST), samples=len(everything), note=note))
    return rows


def _name(process: psutil.Process, stack_pid: int) -> str:
    command: list[Any] = process.cmdline()
    if process.pid == stack_pid:
        return "gateway, Lambda service, demo model, command"
    if any(str(part).endswith("worker_main.py") for part in command):
        return f"{Path(process.cwd()).name} worker"
    if any(str(part).endswith("aws_main.py") for part in command):
        return "Step Functions (moto)"
    return str(process.name())
