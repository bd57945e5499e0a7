"""Journeys of members that end at once: what their opening, joining and following each other costs."""

from __future__ import annotations

import json
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Row, Samples, Target
from benchmarks.world import Stack, World
from mozaiks.access.principal import Tenant
from mozaiks.bootstrap import Parts

__all__ = ["measure"]

_TITLE: Final = "journeys of instant members, local stack"
_GROUP_AT_MOST: Final = 1500.0
_STEP_AT_MOST: Final = 150.0
_WIDTHS: Final = (10, 20, 40)
_STEPS: Final = 10
_PATIENCE_SECONDS: Final = 60.0


def measure(world: World) -> list[Row]:
    """A group of 10, 20 and 40 members from its start to its end; ten groups of one, beyond their members' own time."""
    with world.another_stack(_workflows(world.folder / "instant")) as stack:
        parts = world.parts
        for _ in range(2):  # workers start, and load what they need
            _run(stack, parts, f"wide{_WIDTHS[-1]}")
        wide = {
            width: Samples(_run(stack, parts, f"wide{width}")[0] for _ in range(world.repeats(7, 3)))
            for width in _WIDTHS
        }
        long = Samples(_beyond(*_run(stack, parts, "long")) / _STEPS for _ in range(world.repeats(7, 3)))
    rows = [
        wide[width].ms(_TITLE, f"group of {width}, start to end", at_most=_GROUP_AT_MOST * width / _WIDTHS[0])
        for width in _WIDTHS
    ]
    growth = wide[_WIDTHS[-1]].p50 / wide[_WIDTHS[0]].p50
    rows.append(
        Row(
            _TITLE,
            f"group of {_WIDTHS[-1]} against one of {_WIDTHS[0]}",
            growth,
            "×",
            target=Target(_WIDTHS[-1] / _WIDTHS[0] * 1.25),
            note="4 is linear",
        )
    )
    rows.append(
        long.ms(
            _TITLE,
            f"each of {_STEPS} groups, beyond its member's own time",
            at_most=_STEP_AT_MOST,
        )
    )
    return rows


def _beyond(whole: float, own: float) -> float:
    return whole - own


def _workflows(root: Path) -> Path:
    """Workflows whose chats complete with one word, and the journeys over them."""
    names = [f"Instant{number}" for number in range(max(_WIDTHS))]
    for name in names:
        folder = root / name
        folder.mkdir(parents=True)
        (folder / "orchestrator.yaml").write_text("startup_mode: BackendOnly\ninitial_message: Be done.\n")
        (folder / "agents.yaml").write_text("agents: {Host: {system_message: Say one word.}}\n")
        (folder / "demo").mkdir()
        (folder / "demo" / "script.yaml").write_text("delay_ms: 0\nagents: {Host: [{say: Done.}]}\n")
    journeys = [{"id": f"wide{width}", "steps": [names[:width]]} for width in _WIDTHS]
    journeys.append({"id": "long", "steps": names[:_STEPS]})
    (root / "_pack").mkdir()
    (root / "_pack" / "workflow_graph.json").write_text(json.dumps({"journeys": journeys}))
    return root


def _run(stack: Stack, parts: Parts, journey_id: str) -> tuple[float, float]:
    """Seconds from the start of a journey to its end, and how long its members' own runs took together."""
    request = urllib.request.Request(  # noqa: S310 - of the local stack
        f"{stack.http_url}/api/journeys/bench/{journey_id}/start",
        data=json.dumps({"user_id": "ann"}).encode(),
        headers={"content-type": "application/json"},
    )
    before = datetime.now(UTC)
    with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as response:  # noqa: S310 - as above
        run_id = json.load(response)["journey_run_id"]
    tenant, deadline = Tenant("bench", "ann"), time.monotonic() + _PATIENCE_SECONDS
    while (journey := parts.journeys.journeys.get(tenant, run_id)).ended_at is None:
        if time.monotonic() > deadline or journey.status == "blocked":
            raise RuntimeError(f"the journey {journey_id} did not complete: it is {journey.status}")
        time.sleep(0.02)
    own = 0.0
    for member in journey.members:
        events: list[Any] = list(parts.events.after(tenant, member.chat_id, 0, 100))
        own += sum(event.data["duration_ms"] for event in events if event.type == "chat.run_complete") / 1000
    return (journey.ended_at - before).total_seconds(), own
