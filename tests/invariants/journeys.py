"""A journey over workflows that act, and who does what its executions would."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pymongo.errors import DuplicateKeyError

from mozaiks.access.principal import Tenant
from mozaiks.flow.journeys import journey_execution_name
from mozaiks.journeys.states import Journey, JourneyStatus

from .plays import FORM, Play, write_workflow
from .runtime import ANN, Runtime, WentWrong

__all__ = ["STEPS", "Director", "Lost", "write_journey"]

_BY_ITSELF: Final = {"startup_mode": "BackendOnly", "initial_message": "go", "human_in_the_loop": False}
STEPS: Final[tuple[Play, ...]] = tuple(
    replace(FORM, name=name, orchestrator=_BY_ITSELF, lines=()) for name in ("Alone", "Left", "Right", "Final")
)
"""Workflows that need nobody; each acts once, and completes."""

_GROUPS: Final = ["Alone", ["Left", "Right"], "Final"]


def write_journey(root: Path, set_script: Callable[[str, Mapping[str, Any]], None]) -> None:
    """Write the workflows beside the first one, which is there, and the journey over all of them."""
    for play in STEPS[1:]:
        write_workflow(play, root)
        set_script(play.name, {"delay_ms": 0, "agents": play.agents})
    (root / "_pack").mkdir()
    (root / "_pack" / "workflow_graph.json").write_text(json.dumps({"journeys": [{"id": "trip", "steps": _GROUPS}]}))


class _NotedExecutions:
    """Where Step Functions would be: an execution is noted once under its name, with the steps it has done."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def start(self, journey: Journey) -> None:
        note = {
            "_id": journey_execution_name(journey.journey_run_id, journey.execution_no),
            "journey_run_id": journey.journey_run_id,
            "execution_no": journey.execution_no,
            "groups": list(range(journey.execution_from, journey.groups)),
            "done": {},
            "over": False,
        }
        try:
            self._runtime.executions.insert_one(note)
        except DuplicateKeyError:
            return


class Lost(Exception):
    """The execution is no more."""


class Director:
    """``journey.asl.json``, step by step; who comes after a death goes on where the last answer was noted.

    ``last_step``: after so many steps the execution is lost.
    """

    def __init__(self, runtime: Runtime, last_step: int | None = None) -> None:
        self.runtime, parts = runtime, runtime.parts
        self.last_step = last_step
        noted, tokens = _NotedExecutions(runtime), parts.endings.tokens
        for part in (parts.journeys, parts.journeys.members, parts.journey_repairs):
            object.__setattr__(part, "executions", noted)
        object.__setattr__(parts.journey_tasks, "tokens", tokens)
        clocked = (parts.journeys, parts.journeys.members, parts.journeys.news, parts.journeys.journeys)
        for each in (*clocked, parts.journey_tasks, parts.journey_repairs):
            for name in ("clock", "_clock"):
                if hasattr(each, name):
                    object.__setattr__(each, name, runtime.now)

    def start(self) -> str:
        return self.runtime.parts.journeys.start(ANN, "trip").journey.journey_run_id

    def get(self, run_id: str) -> Journey:
        return self.runtime.parts.journeys.journeys.get(Tenant(ANN.app_id), run_id)

    def perform(self, run_id: str) -> None:
        """Do what Step Functions and the minute's schedule do, until the journey stands still."""
        for _ in range(20):
            open_ = {"journey_run_id": run_id, "over": False}
            for note in list(self.runtime.executions.find(open_).sort("execution_no")):
                self._execute(note)
                self.runtime.executions.update_one({"_id": note["_id"]}, {"$set": {"over": True}})
            if self.get(run_id).status is not JourneyStatus.RUNNING:
                return
            self.a_minute_later()
        raise WentWrong(f"the journey is still running: {self.get(run_id)}")

    def lose(self, run_id: str) -> int:
        """Let every execution of the run be gone, with its tasks; how many there were."""
        gone = self.runtime.executions.update_many({"journey_run_id": run_id, "over": False}, {"$set": {"over": True}})
        return int(gone.modified_count)

    def a_minute_later(self) -> None:
        self.runtime.a_minute_later()
        self.runtime.parts.journey_repairs.run()

    def _execute(self, note: dict[str, Any]) -> None:
        for group in note["groups"]:
            for again in range(10):
                opened = self._step(note, f"open{group}-{again}", "open_group", group)
                for chat_id in opened["chats"]:
                    self._member(note, group, chat_id, again)
                outcome = self._step(note, f"close{group}-{again}", "close_group", group)["outcome"]
                if outcome != "again":
                    break
            if outcome != "next":
                return

    def _member(self, note: dict[str, Any], group: int, chat_id: str, again: int) -> None:
        token = f"task-{note['_id']}-{chat_id}-{again}"
        self._step(note, f"{chat_id}-{again}", "open_member", group, chat_id=chat_id, token=token)
        for _ in range(10):
            if self.runtime.answers.find_one({"_id": token}) is not None:
                return
            self.runtime.drive(chat_id)
            if self.runtime.answers.find_one({"_id": token}) is None:
                self.a_minute_later()
        raise WentWrong(f"nobody answered for the member {chat_id}")

    def _step(self, note: dict[str, Any], step: str, action: str, group: int, **more: Any) -> dict[str, Any]:
        """One task, as often as it takes; once its answer is noted, never again."""
        if step not in note["done"]:
            if self.last_step is not None:
                if self.last_step == 0:
                    raise Lost
                self.last_step -= 1
            event = {
                "action": f"journey_{action}",
                "app_id": ANN.app_id,
                "journey_run_id": note["journey_run_id"],
                "execution_no": note["execution_no"],
                "group": group,
                **more,
            }
            note["done"][step] = self.runtime.insist(lambda: self.runtime.parts.journey_tasks.carry_out(event))
            self.runtime.executions.update_one({"_id": note["_id"]}, {"$set": {f"done.{step}": note["done"][step]}})
        return dict(note["done"][step])
