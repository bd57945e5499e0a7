"""What the runtime calls around the chat and its agents: no model ever asks for these."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from tools.lines import order_lines


def open_batch(context_variables: MutableMapping[str, Any]) -> None:
    """Before the first agent speaks: count what is to be done."""
    context_variables["lines_total"] = len(order_lines(context_variables["orders"]))
    context_variables["stage"] = "open"


def count_batch(context_variables: MutableMapping[str, Any]) -> None:
    """After each turn of the Extractor."""
    context_variables["batches"] = context_variables["batches"] + 1


def note_agent(agent_name: str, context_variables: MutableMapping[str, Any]) -> None:
    """Before the Reporter begins."""
    context_variables["stage"] = f"with {agent_name}"


def close_batch(context_variables: MutableMapping[str, Any]) -> None:
    """When the chat is over."""
    context_variables["stage"] = "closed"
