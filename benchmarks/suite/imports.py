"""How long each handler takes to import, and how large it is then: what a cold start pays."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Row, Samples, Target
from benchmarks.world import PROJECT, WORKFLOWS, World
from mozaiks_local.stack.environment import Addresses, worker_environment
from mozaiks_local.stack.template import read_template

__all__ = ["measure"]

_TITLE: Final = "import of each handler, compiled files"
_PROBE: Final = Path(__file__).parents[1] / "import_probe.py"
_SECONDS_AT_MOST: Final = {"connect": 0.35, "message": 0.35, "orchestrate": 1.0, "api": 0.9}
_NEITHER: Final = ("connect", "message")
_WAIT_SECONDS: Final = 60.0


def measure(world: World) -> list[Row]:
    """Import time and memory of each function of the template, each time in a new process."""
    template = read_template(PROJECT / "template.yaml", world.parameters, world.cache)
    addresses = Addresses("127.0.0.1:9", {})
    overlay = {
        "MOZAIKS_WORKFLOWS_PATH": str(WORKFLOWS),
        "DEMO_MODEL_URL": "http://127.0.0.1:9/v1",
        "MONGODB_URI": "mongodb://127.0.0.1:9/?directConnection=true",  # connected to on first use, not here
    }
    functions = {
        function.code.name: (function.code, worker_environment(function, addresses, overlay, world.cache))
        for function in template.functions.values()
    }
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in functions}
    for turn in range(1 + world.repeats(7, 2)):
        for name, (code, environment) in functions.items():
            probe = _probe(code, environment)
            if turn:  # the first one compiles
                found[name].append(probe)
    rows = []
    for name, probes in found.items():
        seconds = Samples(probe["seconds"] for probe in probes)
        limit = _SECONDS_AT_MOST.get(name)
        # Other programs lengthen the time, hardly the work.
        cpu = Samples(probe["cpu_seconds"] for probe in probes).p50
        note = f"{cpu * 1000:.0f} ms of processor time, {probes[0]['modules']} modules"
        rows.append(seconds.ms(_TITLE, f"{name}: time", at_most=limit and limit * 1000, note=note))
        peak = Samples(probe["peak_mb"] for probe in probes)
        rows.append(peak.row(_TITLE, f"{name}: peak memory", "MB"))
    for name in _NEITHER:
        heavy = found[name][0]["heavy"]
        note = f"imports {', '.join(heavy)}" if heavy else "imports neither AG2 nor FastAPI"
        rows.append(Row(_TITLE, f"{name}: heavy modules", len(heavy), "modules", target=Target(0), note=note))
    return rows


def _probe(code: Path, environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-P", str(_PROBE)],
        cwd=code,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_WAIT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the handler in {code.name}/ cannot be imported: {done.stderr.strip()[-500:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
