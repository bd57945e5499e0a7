"""Changes of context variables, merged into the engine's state and told to clients, at every safe point."""

from __future__ import annotations

import logging

from mozaiks.chats.events import NewEvent
from mozaiks.engine.context import changed, client_updates
from mozaiks.engine.safe_point import SafePoint
from mozaiks.engine.state import EngineState
from mozaiks.manifests.spec import WorkflowSpec

__all__ = ["apply_changes"]

log = logging.getLogger("mozaiks.engine")


def apply_changes(spec: WorkflowSpec, state: EngineState, point: SafePoint) -> None:
    """Let the variables a safe point sets take effect, and add what clients may know of it to the point."""
    if not point.context:
        return
    change = changed(spec, state.context, point.context)
    state.context = dict(change.values)
    for problem in change.problems:
        log.warning("A context variable was not set: %s", problem)
    point.events += [NewEvent("context_update", update) for update in client_updates(spec, change.updates)]
    point.context = {}
