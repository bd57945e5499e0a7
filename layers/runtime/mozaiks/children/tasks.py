"""What an execution asks for around the children of its chat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mozaiks.children.joining import Parents

if TYPE_CHECKING:
    from mozaiks.children.opening import ChildOpener

__all__ = ["ACTIONS", "ChildTasks"]

ACTIONS: Final = frozenset({"children", "open_child", "child_late", "child_lost", "join"})


@dataclass(frozen=True, slots=True)
class ChildTasks:
    """Carries out the tasks of ``run.asl.json`` that are named in ``ACTIONS``. Each may be repeated."""

    parents: Parents
    opener: Callable[[], ChildOpener]

    def carry_out(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Do what ``event["action"]`` says for the parent ``app_id``, ``chat_id``, ``run_no``, and its ``child_id``.

        Returns
        -------
        dict
            ``children`` and ``seconds`` of ``children``; ``outcome`` and ``wait_seconds`` of ``join``; else nothing.
        """
        app_id, chat_id, run_no = event["app_id"], event["chat_id"], event["run_no"]
        match event["action"]:
            case "children":
                return dict(self.parents.children_of(app_id, chat_id, run_no))
            case "open_child":
                self.opener().open(app_id, chat_id, run_no, event["child_id"], event["token"])
            case "child_late":
                self.parents.child_late(app_id, chat_id, event["child_id"])
            case "child_lost":
                self.parents.child_lost(app_id, chat_id, event["child_id"])
            case "join":
                return {**self.parents.join(app_id, chat_id, run_no), "wait_seconds": 0}
        return {}
