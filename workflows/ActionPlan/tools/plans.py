"""The plan of a chat, kept in its context variables."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any


def action_plan(
    goal: str,
    steps: list[str],
    context_variables: MutableMapping[str, Any],
    ui_response: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Show a plan and let the user work with it.

    Args:
        goal: The goal.
        steps: What is to be done, in order.
        context_variables: Variables of the chat: plan is set, and done, which the component changes.
        ui_response: What the user said to the plan; None while it is made.
    """
    if ui_response is None:
        plan = {
            "goal": goal.strip(),
            "steps": [{"id": f"s{place}", "text": text.strip()} for place, text in enumerate(steps, 1)],
        }
        context_variables["plan"] = plan
        context_variables["done"] = []
        return plan
    return {"kept": ui_response["kept"], "note": ui_response.get("note", ""), **_state(context_variables)}


def plan_state(context_variables: MutableMapping[str, Any]) -> dict[str, Any]:
    """The plan with its steps, those that are done and those that are open.

    Args:
        context_variables: Variables of the chat, with plan and done.
    """
    return _state(context_variables)


def _state(context_variables: MutableMapping[str, Any]) -> dict[str, Any]:
    plan = context_variables["plan"]
    if plan is None:
        return {"goal": None, "done": [], "open": [], "next": None}
    done = [step["text"] for step in plan["steps"] if step["id"] in context_variables["done"]]
    still = [step["text"] for step in plan["steps"] if step["id"] not in context_variables["done"]]
    return {"goal": plan["goal"], "done": done, "open": still, "next": still[0] if still else None}
