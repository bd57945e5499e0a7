"""Children that end at once: what opening and joining them costs their parent."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path
from typing import Any, Final

import yaml

from benchmarks.figures import Row, Samples, Target
from benchmarks.world import Stack, World
from mozaiks.access.principal import Tenant
from mozaiks.bootstrap import Parts

__all__ = ["measure"]

_TITLE: Final = "instant children, local stack"
_AT_MOST: Final = 1500.0
_WIDTHS: Final = (10, 20, 40)
_PATIENCE_SECONDS: Final = 60.0


def measure(world: World) -> list[Row]:
    """From the moment a chat pauses for 10, 20 and 40 children to the one in which it goes on."""
    with world.another_stack(_workflows(world.folder / "families")) as stack:
        for _ in range(2):  # workers start, and load what they need
            _paused(stack, world.parts, f"Parent{_WIDTHS[-1]}")
        paused = {
            width: Samples(_paused(stack, world.parts, f"Parent{width}") for _ in range(world.repeats(7, 3)))
            for width in _WIDTHS
        }
    rows = [
        paused[width].ms(_TITLE, f"{width} children, pause to resumption", at_most=_AT_MOST * width / _WIDTHS[0])
        for width in _WIDTHS
    ]
    growth = paused[_WIDTHS[-1]].p50 / paused[_WIDTHS[0]].p50
    target = Target(_WIDTHS[-1] / _WIDTHS[0] * 1.25)
    return [
        *rows,
        Row(_TITLE, f"{_WIDTHS[-1]} against {_WIDTHS[0]}", growth, "×", target=target, note="4 is linear"),
    ]


def _workflows(root: Path) -> Path:
    """A workflow whose chats complete with one word, and parents that ask for many of them."""
    _write(root / "Instant", {"Host": [{"say": "Done."}]}, {})
    part = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    selection = {
        "type": "object",
        "properties": {"is_multi_workflow": {"type": "boolean"}, "workflows": {"type": "array", "items": part}},
        "required": ["is_multi_workflow", "workflows"],
    }
    schema = {"type": "object", "properties": {"PatternSelection": selection}, "required": ["PatternSelection"]}
    for width in _WIDTHS:
        asked = {"PatternSelection": {"is_multi_workflow": True, "workflows": [{"name": "Instant"}] * width}}
        nested = {"trigger_agent": "Planner", "resume_agent": "Merger", "max_children": width}
        _write(
            root / f"Parent{width}",
            {"Planner": [{"json": asked}], "Merger": [{"say": "Merged."}]},
            {
                "structured_outputs.yaml": {"outputs": [{"name": "Plan", "agent": "Planner", "schema": schema}]},
                "_pack/workflow_graph.yaml": {"nested_chats": [nested]},
            },
        )
    return root


def _write(folder: Path, agents: dict[str, Any], more: dict[str, Any]) -> None:
    files = {
        "orchestrator.yaml": {"startup_mode": "BackendOnly", "initial_message": "Be done."},
        "agents.yaml": {"agents": {name: {"system_message": "Be quick."} for name in agents}},
        "demo/script.yaml": {"delay_ms": 0, "agents": agents},
        **more,
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(yaml.safe_dump(content, sort_keys=False))


def _paused(stack: Stack, parts: Parts, workflow: str) -> float:
    """Seconds for which a new chat of the workflow waited for its children."""
    request = urllib.request.Request(  # noqa: S310 - of the local stack
        f"{stack.http_url}/api/chats/bench/{workflow}/start",
        data=json.dumps({"user_id": "ann", "force_new": True}).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as response:  # noqa: S310 - as above
        chat_id = json.load(response)["chat_id"]
    tenant, deadline = Tenant("bench", "ann"), time.monotonic() + _PATIENCE_SECONDS
    while not (chat := parts.chats.get(tenant, chat_id)).ended:
        if time.monotonic() > deadline:
            raise RuntimeError(f"a chat of {workflow} did not complete: it is {chat.status}")
        time.sleep(0.02)
    at = {event.type: event.at for event in parts.events.after(tenant, chat_id, 0, 500)}
    return (at["chat.workflow_resumed"] - at["chat.workflow_batch_started"]).total_seconds()
